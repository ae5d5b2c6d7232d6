// The functions, each with what it takes and gives.
import type { Scope } from "./check-scope.ts";
import { align, call, doubleOf, fail, nameType, textOf } from "./check-types.ts";
import { CelError } from "./error.ts";
import type { Node, StrictFn } from "./node.ts";
import { compilePattern } from "./pattern.ts";
import type { Expr } from "./tree.ts";
import { types } from "./types.ts";
import { isPlace, parseDuration, parseTime } from "./values.ts";

type Build = (args: readonly Node[], expr: Expr, scope: Scope) => Node;

const textToBool = (fn: StrictFn): readonly [number, Build] => [
  2,
  ([a, b], expr) => call(fn, types.bool, textOf(a as Node, expr), textOf(b as Node, expr)),
];
const textToText = (fn: StrictFn): readonly [number, Build] => [
  1,
  ([a], expr) => call(fn, types.string, textOf(a as Node, expr)),
];

const functions: ReadonlyMap<string, readonly [arity: number, build: Build]> = new Map([
  ["startsWith", textToBool("startsWith")],
  ["endsWith", textToBool("endsWith")],
  ["contains", textToBool("contains")],
  ["lowerAscii", textToText("lowerAscii")],
  ["upperAscii", textToText("upperAscii")],
  ["size", [1, ([a], expr) => size(a as Node, expr)]],
  ["matches", [2, ([a, b], expr) => matches(a as Node, b as Node, expr)]],
  ["timestamp", [1, ([a], expr, scope) => timestamp(a as Node, expr, scope)]],
  ["duration", [1, ([a], expr, scope) => duration(a as Node, expr, scope)]],
  ["geo", [2, ([a, b], expr) => geo(a as Node, b as Node, expr)]],
  ["distance", [2, ([a, b], expr) => distance(a as Node, b as Node, expr)]],
  ["orNull", [2, ([a, b], expr) => orNull(a as Node, b as Node, expr)]],
]);

export function callOf(expr: Expr, scope: Scope): Node {
  const name = String(expr.args[0]);
  const given = expr.args.slice(1) as Expr[];
  if (name === "has") return has(given, expr, scope);
  if (name === "type") throw fail(expr, "type() stands only in a comparison.", "Write type(data.size) == double.");
  if (name === "collection")
    throw fail(expr, "collection() stands before exists or all.", 'Write collection("members").exists(m, …).');
  const found = functions.get(name);
  if (!found) {
    const advice = `The functions are has, type, collection, exists, all, ${[...functions.keys()].join(", ")}.`;
    throw new CelError("expression_unknown_name", `Unknown function: ${name}.`, { place: expr, advice });
  }
  const [arity, build] = found;
  if (given.length !== arity)
    throw fail(expr, `${name} takes ${arity} argument${arity > 1 ? "s" : ""}.`, "The value before the dot is one.");
  return build(
    given.map((arg) => scope.value(arg, scope)),
    expr,
    scope,
  );
}

function has(given: readonly Expr[], expr: Expr, scope: Scope): Node {
  const [arg] = given;
  if (given.length !== 1 || !arg || ![".", "name", "[]"].includes(arg.op)) {
    throw fail(expr, "has takes one field or path.", "Write has(place) or has(data.size).");
  }
  return { k: "has", type: types.bool, a: scope.value(arg, scope) };
}

function size(a: Node, expr: Expr): Node {
  if (a.type.kind === "list") return call("sizeList", types.int, a);
  if (a.type.kind === "json") throw fail(expr, "size of json is not known.", "Use exists or all on a json list.");
  return call("sizeText", types.int, textOf(a, expr));
}

function matches(a: Node, pattern: Node, expr: Expr): Node {
  if (pattern.k !== "const" || typeof pattern.value !== "string") {
    throw fail(expr, "matches takes its pattern as a literal.", "Write name.matches('^[a-z]+$').");
  }
  try {
    compilePattern(pattern.value);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new CelError(error.code, error.message, { advice: error.advice, place: expr });
  }
  return call("matches", types.bool, textOf(a, expr), pattern);
}

/** The text of a literal or parameter, known now. */
function fixedText(node: Node, scope: Scope): string | undefined {
  const value = node.k === "const" ? node.value : node.k === "param" ? scope.env.params?.[node.name] : undefined;
  return typeof value === "string" && node.type.kind === "string" ? value : undefined;
}

function timestamp(a: Node, expr: Expr, scope: Scope): Node {
  if (a.type.kind === "timestamp") return a;
  const text = fixedText(a, scope);
  if (text === undefined) return call("timestamp", types.timestamp, textOf(a, expr));
  const value = parseTime(text);
  if (value === undefined)
    throw fail(expr, "This is no time of the years 1 to 9999.", "Write RFC 3339: 2026-01-31T12:00:00Z.");
  return a.k === "param" ? call("timestamp", types.timestamp, a) : { k: "const", type: types.timestamp, value };
}

function duration(a: Node, expr: Expr, scope: Scope): Node {
  const text = fixedText(a, scope);
  const value = text === undefined ? undefined : parseDuration(text);
  if (value !== undefined) return { k: "const", type: types.duration, value };
  throw fail(
    expr,
    "duration takes a literal in whole milliseconds.",
    "Write duration('1h30m'); units are h, m, s and ms.",
  );
}

function geo(lat: Node, lng: Node, expr: Expr): Node {
  const [a, b] = [doubleOf(lat, expr), doubleOf(lng, expr)];
  if (a.k !== "const" || b.k !== "const") return call("geo", types.geo, a, b);
  const value = { lat: Number(a.value), lng: Number(b.value) };
  if (isPlace(value.lat, value.lng)) return { k: "const", type: types.geo, value };
  throw fail(expr, "There is no such place.", "Latitude goes from -90 to 90, longitude from -180 to 180.");
}

function distance(a: Node, b: Node, expr: Expr): Node {
  if (a.type.kind === "geo" && b.type.kind === "geo") return call("distance", types.double, a, b);
  throw fail(expr, "distance takes two places.", "Write distance(place, geo(52.5, 13.4)) < 1000.0.");
}

function orNull(a: Node, b: Node, expr: Expr): Node {
  const [x, y] = align(a, b, expr);
  if (x.type.kind === "null" || y.type.kind === "null")
    throw fail(expr, "orNull needs a value and a default.", "Write orNull(likes, 0).");
  return { k: "orNull", type: x.type, a: x, b: y };
}

const jsonTypes: { readonly [name: string]: string } = {
  string: "string",
  double: "number",
  bool: "boolean",
  list: "array",
  map: "object",
  null_type: "null",
};

/** `type(data.size) == double`: the test that makes a comparison of json safe. Undefined when this is another comparison. */
export function typeTest(expr: Expr, scope: Scope): Node | undefined {
  const [left, right] = expr.args as [Expr, Expr];
  const isType = (side: Expr) => side.op === "call" && side.args[0] === "type";
  const [asked, wanted] = isType(left) ? [left, right] : isType(right) ? [right, left] : [undefined, undefined];
  if (!asked || !wanted) return undefined;
  const value = asked.args.length === 2 ? scope.value(asked.args[1] as Expr, scope) : undefined;
  if (value?.type.kind !== "json") {
    throw fail(
      asked,
      value ? `The type of this is always ${nameType(value.type)}.` : "type takes one value.",
      "type() asks about json.",
    );
  }
  const name = wanted.op === "name" ? String(wanted.args[0]) : "";
  if (!Object.hasOwn(jsonTypes, name)) {
    throw fail(
      wanted,
      "Expected the name of a type.",
      "Write string, double (every JSON number), bool, list, map or null_type.",
    );
  }
  const constant: Node = { k: "const", type: types.string, value: jsonTypes[name] };
  return { k: "eq", type: types.bool, a: call("jsonType", types.string, value), b: constant };
}
