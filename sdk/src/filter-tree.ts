// Typed filter objects to the expression tree that travels. The schema value tells a timestamp from a text; no CEL text is
// ever built, so no value can become code.
import { LandfallError } from "./error.ts";
import type { FieldShape, SchemaShape } from "./schema.ts";

interface Node {
  readonly op: string;
  readonly args: readonly unknown[];
}

type Members = { readonly [member: string]: unknown };

const node = (op: string, ...args: unknown[]): Node => ({ op, args });
const literal = (value: unknown): Node => node("value", value);
const systemFields: { readonly [name: string]: FieldShape } = {
  id: { type: "text" },
  createdAt: { type: "datetime" },
  updatedAt: { type: "datetime" },
  version: { type: "integer" },
};

/** Where the names of a filter stand: bare, or behind a relation or a variable. */
interface Scope {
  readonly schema: SchemaShape;
  readonly collection: string;
  readonly base: Node | undefined;
  /** Depth of variables, so that nested ones have names of their own. */
  readonly depth: number;
}

/** Undefined for a filter that asks nothing. */
export function filterTree(schema: SchemaShape, collection: string, filter: object): Node | undefined {
  return members({ schema, collection, base: undefined, depth: 0 }, filter as Members);
}

function members(scope: Scope, filter: Members): Node | undefined {
  const parts = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([member, value]) => memberTree(scope, member, value));
  return joined("&&", parts);
}

function joined(op: "&&" | "||", parts: readonly (Node | undefined)[]): Node | undefined {
  const asked = parts.filter((part) => part !== undefined);
  return asked.length <= 1 ? asked[0] : node(op, ...asked);
}

function memberTree(scope: Scope, member: string, value: unknown): Node | undefined {
  if (member === "and" || member === "or") return group(scope, member, value as readonly Members[]);
  if (member === "not") return node("!", members(scope, value as Members) ?? literal(true));
  const shape = scope.schema.collections[scope.collection];
  const field = systemFields[member] ?? own(shape?.fields, member);
  if (field !== undefined) return fieldTree(scope, field, member, value);
  const inverse = own(shape?.inverses, member);
  if (inverse !== undefined) return someTree(scope, inverse.collection, member, value as { some: Members });
  throw new LandfallError({
    code: "invalid_argument",
    message: `"${scope.collection}" has no field "${member}" to filter by.`,
  });
}

function group(scope: Scope, kind: "and" | "or", list: readonly Members[]): Node | undefined {
  if (list.length === 0) return literal(kind === "and");
  return joined(
    kind === "and" ? "&&" : "||",
    list.map((filter) => members(scope, filter) ?? literal(true)),
  );
}

function fieldTree(scope: Scope, field: FieldShape, member: string, value: unknown): Node | undefined {
  const place = named(scope, member);
  if (value === null || typeof value !== "object") return node("==", place, operand(field, value));
  if (field.type === "relation" && field.many !== true && !hasOperator(value)) {
    return members({ ...scope, collection: field.collection, base: place }, value as Members);
  }
  const parts = Object.entries(value)
    .filter(([, given]) => given !== undefined)
    .map(([operator, given]) => comparison(field, place, operator, given));
  return joined("&&", parts);
}

/** At least one record behind the back-relation. */
function someTree(scope: Scope, collection: string, member: string, value: { readonly some: Members }): Node {
  const variable = `r${scope.depth}`;
  const inner = { ...scope, collection, base: node("name", variable), depth: scope.depth + 1 };
  return node("exists", named(scope, member), variable, members(inner, value.some) ?? literal(true));
}

const orders: { readonly [operator: string]: string } = { gt: ">", gte: ">=", lt: "<", lte: "<=" };
const equalities: { readonly [operator: string]: string } = { eq: "==", ne: "!=" };
const texts = new Set(["startsWith", "endsWith", "contains"]);
const others = new Set(["in", "has", "isEmpty", "near"]);

function hasOperator(value: object): boolean {
  return Object.keys(value).every((key) => key in orders || key in equalities || texts.has(key) || others.has(key));
}

function comparison(field: FieldShape, place: Node, operator: string, given: unknown): Node {
  const symbol = own(orders, operator) ?? own(equalities, operator);
  if (symbol !== undefined) return node(symbol, place, operand(field, given));
  if (texts.has(operator)) return node("call", operator, place, literal(given));
  if (operator === "in") {
    const list = given as readonly unknown[];
    return list.length === 0
      ? literal(false)
      : node("in", place, node("list", ...list.map((item) => operand(field, item))));
  }
  if (operator === "has") return node("in", operand(field, given), place);
  if (operator === "isEmpty") return node(given === false ? ">" : "==", node("call", "size", place), literal(0));
  if (operator === "near") {
    const { lat, lng, withinMetres } = given as { lat: number; lng: number; withinMetres: number };
    const centre = node("call", "geo", node("double", lat), node("double", lng));
    return node("<=", node("call", "distance", place, centre), node("double", withinMetres));
  }
  throw new LandfallError({ code: "invalid_argument", message: `A filter has no operator "${operator}".` });
}

function operand(field: FieldShape, value: unknown): Node {
  if (value === null) return literal(null);
  if (field.type === "datetime" || field.type === "autodate") return node("call", "timestamp", literal(value));
  if (field.type === "number" && typeof value === "number") return node("double", value);
  if (Array.isArray(value)) return node("list", ...value.map((item) => operand(field, item)));
  return literal(value);
}

function named(scope: Scope, member: string): Node {
  return scope.base === undefined ? node("name", member) : node(".", scope.base, member);
}

function own<Value>(table: { readonly [key: string]: Value } | undefined, key: string): Value | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
