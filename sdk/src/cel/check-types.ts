// Where two types meet: which may be compared, which literal widens to what, what json becomes beside a typed value.
import type { Scope } from "./check-scope.ts";
import { CelError, limits, type Place } from "./error.ts";
import type { Node, StrictFn } from "./node.ts";
import type { Expr } from "./tree.ts";
import { checkText, listTooLong } from "./tree.ts";
import { type CheckEnv, listOf, type Type, types } from "./types.ts";
import { isDecimal } from "./values.ts";

export function fail(place: Place, message: string, advice: string): CelError {
  return new CelError("expression_type", message, { place, advice });
}

/** How an error names a type. */
export function nameType(type: Type): string {
  if (type.kind === "list") return `list of ${type.of ? nameType(type.of) : "anything"}`;
  if (type.kind === "relation") return `relation to ${type.collection}`;
  return type.kind;
}

export const call = (fn: StrictFn, type: Type, ...args: Node[]): Node => ({ k: "call", fn, type, args });
export const isText = (type: Type): boolean => type.kind === "string" || type.kind === "relation";
const fixed = (node: Node): boolean => node.k === "const" || node.k === "param";

export function boolOf(node: Node, place: Place): Node {
  if (node.type.kind === "bool") return node;
  if (node.type.kind === "json") return call("jsonBool", types.bool, node);
  throw fail(
    place,
    `Expected true or false, found ${nameType(node.type)}.`,
    "Compare it: `likes > 0`, `author != null`.",
  );
}

export function textOf(node: Node, place: Place): Node {
  if (isText(node.type)) return node;
  if (node.type.kind === "json") return call("jsonString", types.string, node);
  throw fail(
    place,
    `Expected a string, found ${nameType(node.type)}.`,
    "Text functions work on strings and relation ids.",
  );
}

export function doubleOf(node: Node, place: Place): Node {
  if (node.type.kind === "double") return node;
  if (node.type.kind === "int")
    return fixed(node) ? { ...node, type: types.double } : call("toDouble", types.double, node);
  if (node.type.kind === "json") return call("jsonDouble", types.double, node);
  throw fail(
    place,
    `Expected a number, found ${nameType(node.type)}.`,
    "Use an integer or number field, or a literal.",
  );
}

function decimalOf(node: Node, place: Place): Node {
  if (node.type.kind === "decimal") return node;
  const { kind } = node.type;
  if (node.k === "const" && (kind === "int" || kind === "double")) {
    return { k: "const", type: types.decimal, value: String(node.value) };
  }
  if (node.k === "const" && kind === "string" && isDecimal(String(node.value))) return { ...node, type: types.decimal };
  if (node.k === "param" && (kind === "int" || kind === "double")) return { ...node, type: types.decimal };
  throw fail(
    place,
    `A decimal cannot be compared with ${nameType(node.type)}.`,
    "Decimals compare with decimals and number literals.",
  );
}

/** Both sides in one comparable type; the null literal meets anything. */
export function align(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [a.type.kind, b.type.kind];
  if (x === "null" || y === "null") return [a, b];
  if (isText(a.type) && isText(b.type)) return [a, b];
  if (x === "json" && y === "json") return [a, b];
  if (x === "json") return [a, jsonOf(b, place)];
  if (y === "json") return [jsonOf(a, place), b];
  if (x === "list" && y === "list") return alignLists(a, b, place);
  if (x === y) return [a, b];
  return alignNumbers(a, b, place);
}

function alignNumbers(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const kinds = [a.type.kind, b.type.kind];
  if (kinds.includes("decimal")) return [decimalOf(a, place), decimalOf(b, place)];
  if (kinds.every((kind) => kind === "int" || kind === "double")) return [doubleOf(a, place), doubleOf(b, place)];
  const advice = kinds.includes("timestamp")
    ? 'Write timestamp("2026-01-31T12:00:00Z") for a time.'
    : "Compare values of the same type.";
  throw fail(place, `${nameType(a.type)} and ${nameType(b.type)} cannot be compared.`, advice);
}

/** For < and its kin: json beside a typed value must be of that type; null has no order. */
export function alignOrder(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [typedBeside(a, b, place), typedBeside(b, a, place)];
  const [left, right] = align(x, y, place);
  const { kind } = left.type;
  if (
    ["int", "double", "decimal", "string", "relation", "timestamp", "duration"].includes(kind) &&
    right.type.kind !== "null"
  ) {
    return [left, right];
  }
  const found = kind === "null" || right.type.kind === "null" ? "null" : nameType(left.type);
  throw fail(place, `${found} has no order.`, kind === "json" ? "Compare json with a typed value." : "Use == or !=.");
}

function typedBeside(node: Node, other: Node, place: Place): Node {
  if (node.type.kind !== "json") return node;
  if (isText(other.type)) return call("jsonString", types.string, node);
  if (other.type.kind === "int" || other.type.kind === "double") return call("jsonDouble", types.double, node);
  if (other.type.kind === "json") return node;
  throw fail(place, `json and ${nameType(other.type)} have no common order.`, "Compare json with strings and numbers.");
}

function jsonOf(node: Node, place: Place): Node {
  const { kind } = node.type;
  if (kind === "int") return call("toJson", types.json, doubleOf(node, place));
  if (isText(node.type) || kind === "double" || kind === "bool") return call("toJson", types.json, node);
  throw fail(
    place,
    `json and ${nameType(node.type)} cannot be compared.`,
    "Compare json with strings, numbers, booleans or null.",
  );
}

function alignLists(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [a.type.of?.kind, b.type.of?.kind];
  if (!a.type.of || !b.type.of)
    throw fail(place, "Lists of unknown elements cannot be compared.", "Name the elements.");
  if (x === y || (isText(a.type.of) && isText(b.type.of))) return [a, b];
  const wanted = (list: Node, other: Type) =>
    list.k === "const" || list.k === "param" ? widenList(list, other, place) : list;
  const [left, right] = [wanted(a, b.type.of), wanted(b, a.type.of)];
  if (left.type.of?.kind === right.type.of?.kind) return [left, right];
  throw fail(
    place,
    `${nameType(a.type)} and ${nameType(b.type)} cannot be compared.`,
    "Compare lists of the same type.",
  );
}

/** A literal list takes the type of what stands beside it: empty, or whole numbers among doubles or decimals. */
function widenList(list: Node & { k: "const" | "param" }, to: Type, place: Place): Node {
  const from = list.type.of?.kind;
  if (list.k === "param") return takesParam(from, to) ? { ...list, type: listOf(to) } : list;
  const items = list.value as readonly unknown[];
  if (from === "null") return { ...list, type: listOf(to) };
  if (to.kind === "double" && from === "int") return { ...list, type: listOf(types.double) };
  if (to.kind === "decimal" && (from === "int" || from === "double" || from === "string")) {
    const value = items.map(
      (value) => (decimalOf({ k: "const", type: { kind: from }, value }, place) as { value: unknown }).value,
    );
    return { k: "const", type: listOf(types.decimal), value };
  }
  return list;
}

const takesParam = (from: Type["kind"] | undefined, to: Type): boolean =>
  (to.kind === "double" && from === "int") || (to.kind === "decimal" && (from === "int" || from === "double"));

/** `a in list` for a list of one type, or a json list. */
export function elementOf(a: Node, list: Node, place: Place): Node {
  if (a.type.kind === "null") throw fail(place, "Lists hold no null.", "Compare with == null.");
  if (list.type.kind === "json") {
    return call("inJson", types.bool, a.type.kind === "json" ? a : jsonOf(a, place), list);
  }
  if (list.type.kind !== "list" || !list.type.of) {
    throw fail(place, `Expected a list after in, found ${nameType(list.type)}.`, "Write x in ['a', 'b'] or x in tags.");
  }
  const typed = typedBeside(a, { ...a, type: list.type.of } as Node, place);
  const wide = list.k === "const" || list.k === "param" ? widenList(list, typed.type, place) : list;
  const element = wide.type.of as Type;
  const [x, y] = align(typed, { k: "element", slot: -1, type: element }, place);
  if (y.type.kind !== element.kind || y.k !== "element") {
    throw fail(
      place,
      `${nameType(a.type)} is not looked for in a ${nameType(wide.type)}.`,
      "Use values of the list's type.",
    );
  }
  return { k: "in", type: types.bool, a: x, list: wide };
}

/** A list of literals; lists with other elements stand only after `in`. */
export function literalList(expr: Expr, scope: Scope): Node {
  if (expr.args.length > limits.listMax) throw listTooLong(expr);
  const nodes = (expr.args as Expr[]).map((arg) => {
    const node = scope.value(arg, scope);
    if (node.k === "const" && node.type.kind !== "null" && node.type.kind !== "list") return node;
    throw fail(arg, "A list holds literals.", "Only after `in` may a list hold fields: x in [a, b].");
  });
  const kinds = new Set(nodes.map((node) => node.type.kind));
  const [only] = kinds;
  if (only === undefined) return { k: "const", type: listOf(types.null), value: [] };
  const mixed = kinds.size === 2 && kinds.has("int") && kinds.has("double");
  if (kinds.size > 1 && !mixed) throw fail(expr, "A list holds values of one type.", "Split it in two.");
  return { k: "const", type: listOf(mixed ? types.double : { kind: only }), value: nodes.map((node) => node.value) };
}

/** The type of a parameter comes from its value; the compiled text serves every value of the same type. */
export function paramNode(name: string, place: Place, env: CheckEnv): Node {
  const params = env.params ?? {};
  if (!Object.hasOwn(params, name)) {
    const problem =
      env.mode !== "filter" && env.params === undefined
        ? "Parameters belong to filters."
        : `The parameter $${name} is missing.`;
    throw new CelError("expression_param", problem, { place, advice: `Send params with a value for "${name}".` });
  }
  const value = params[name];
  const type = paramType(value, name, place);
  if (type.kind === "null") return { k: "const", type, value: null };
  return type.of?.kind === "null" ? { k: "const", type, value: [] } : { k: "param", type, name };
}

function paramType(value: unknown, name: string, place: Place): Type {
  if (value === null) return types.null;
  if (typeof value === "boolean") return types.bool;
  if (typeof value === "string") return checkText(value, place) === value ? types.string : types.null;
  if (typeof value === "number" && Number.isFinite(value))
    return Number.isSafeInteger(value) ? types.int : types.double;
  if (Array.isArray(value) && value.length > limits.listMax) throw listTooLong(place);
  if (Array.isArray(value) && value.length > 0) {
    const kinds = new Set(value.map((item) => (Array.isArray(item) ? "list" : paramType(item, name, place).kind)));
    const [only] = kinds;
    if (kinds.size === 1 && (only === "string" || only === "int" || only === "double")) return listOf({ kind: only });
    if (kinds.size === 2 && kinds.has("int") && kinds.has("double")) return listOf(types.double);
  }
  if (Array.isArray(value) && value.length === 0) return listOf(types.null);
  throw new CelError("expression_param", `The parameter $${name} is neither a scalar nor a list of one type.`, {
    place,
    advice: "Send a string, a number, a boolean, null, or a list of strings or numbers.",
  });
}
