// What stands written down: list and map literals, and parameters, whose type is that of their value.
import type { Scope } from "./check-scope.ts";
import { asJson, fail, nameType } from "./check-types.ts";
import { CelError, limits, type Place } from "./error.ts";
import type { Node } from "./node.ts";
import { childrenOf } from "./node-walk.ts";
import { checkText, type Expr, listTooLong } from "./tree.ts";
import { type CheckEnv, listOf, type Type, types } from "./types.ts";

/** A side of `==` or `in`, where alone a literal may hold fields: elsewhere it could grow without bound. */
export function operand(expr: Expr, scope: Scope): Node {
  const node = written(expr, scope);
  const parts = computedParts(node);
  if (parts <= limits.computedPartsMax) return node;
  throw new CelError(
    "expression_too_costly",
    `A list or map may hold ${limits.computedPartsMax} values that are no literals, not ${parts}.`,
    { place: expr, advice: "Compare some of the fields on their own." },
  );
}

/** A list or map of literals, for everywhere else. */
export function literalOf(expr: Expr, scope: Scope): Node {
  const node = written(expr, scope);
  if (node.k !== "make") return node;
  throw fail(
    expr,
    "A list or map holds literals.",
    "Only beside ==, != and in may it hold fields: x in [a, b], data == {'a': title}.",
  );
}

function written(expr: Expr, scope: Scope): Node {
  if (expr.op === "list") return listLiteral(expr, scope);
  return expr.op === "map" ? mapLiteral(expr, scope) : scope.value(expr, scope);
}

function computedParts(node: Node): number {
  if (node.k !== "make") return node.k === "const" ? 0 : 1;
  return childrenOf(node).reduce((sum, part) => sum + computedParts(part), 0);
}

/** Literals of one type are a list of it; anything else is JSON. */
function listLiteral(expr: Expr, scope: Scope): Node {
  const args = expr.args as readonly Expr[];
  if (args.length > limits.listMax) throw listTooLong(expr);
  const nodes = args.map((arg) => written(arg, scope));
  const of = typeOfAll(nodes);
  if (of) return { k: "const", type: listOf(of), value: nodes.map((node) => (node as { value: unknown }).value) };
  return madeOf(nodes.map((node, i) => partOf(node, args[i] as Expr)));
}

function typeOfAll(nodes: readonly Node[]): Type | undefined {
  const kinds = new Set(nodes.map((node) => (node.k === "const" ? node.type.kind : "json")));
  const [only] = kinds;
  if (only === undefined) return types.null;
  if (kinds.size === 2 && kinds.has("int") && kinds.has("double")) return types.double;
  return kinds.size === 1 && !["null", "list", "json"].includes(only) ? { kind: only } : undefined;
}

function mapLiteral(expr: Expr, scope: Scope): Node {
  const keys = expr.args.filter((_, i) => i % 2 === 0) as string[];
  const values = expr.args.filter((_, i) => i % 2 === 1) as Expr[];
  if (keys.length > limits.listMax) throw listTooLong(expr);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) {
    throw new CelError("expression_literal", `The key "${twice.slice(0, 80)}" stands twice in this map.`, {
      place: expr,
      advice: "Keep one of them.",
    });
  }
  const parts = values.map((value) => partOf(written(value, scope), value));
  return madeOf(parts, keys);
}

function partOf(node: Node, place: Place): Node {
  const part = asJson(node);
  if (part) return part;
  throw fail(
    place,
    `A list of several types, or a map, is JSON, which has no ${nameType(node.type)}.`,
    "It holds strings, numbers, booleans, null, and lists and maps of them.",
  );
}

/** Known now when all its parts are. */
function madeOf(parts: readonly Node[], keys?: readonly string[]): Node {
  if (!parts.every((part) => part.k === "const")) {
    return { k: "make", type: types.json, parts, ...(keys === undefined ? {} : { keys }) };
  }
  const values = parts.map((part) => (part as { value: unknown }).value);
  const value = keys === undefined ? values : Object.fromEntries(keys.map((key, i) => [key, values[i]]));
  return { k: "const", type: types.json, value };
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
  if (!isJson(value, place, { nodes: 0 }, 1)) {
    throw new CelError("expression_param", `The parameter $${name} is no JSON value, or too large or deep.`, {
      place,
      advice: `JSON in a parameter nests ${limits.depthMax} deep and holds ${limits.nodesMax} values.`,
    });
  }
  return (Array.isArray(value) && listParamType(value)) || types.json;
}

/** Lists of strings and of numbers are lists; every other one is JSON. */
function listParamType(list: readonly unknown[]): Type | undefined {
  const kinds = new Set(list.map((item) => (Number.isSafeInteger(item) ? "integer" : typeof item)));
  if (kinds.size === 0) return listOf(types.null);
  if (kinds.size === 1 && kinds.has("string")) return types.strings;
  if (kinds.size === 1 && kinds.has("integer")) return listOf(types.int);
  return [...kinds].every((kind) => kind === "integer" || kind === "number") ? listOf(types.double) : undefined;
}

/** Bounded like a literal would be. */
function isJson(value: unknown, place: Place, count: { nodes: number }, depth: number): boolean {
  count.nodes += 1;
  if (count.nodes > limits.nodesMax || depth > limits.depthMax) return false;
  if (typeof value === "string") return checkText(value, place) === value;
  if (value === null || typeof value === "boolean") return true;
  if (typeof value !== "object") return typeof value === "number" && Number.isFinite(value);
  const parts = Object.entries(value);
  if (parts.length > limits.listMax) throw listTooLong(place);
  return parts.every(([key, part]) => checkText(key, place) === key && isJson(part, place, count, depth + 1));
}
