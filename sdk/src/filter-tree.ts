// Typed filter objects to the expression tree that travels. The schema value tells a timestamp from a text; no CEL text is
// ever built, so no value can become code.
import { given, jsonTree, listAt, literal, type Members, type Node, node, objectAt, refused } from "./filter-values.ts";
import type { FieldShape, SchemaShape } from "./schema.ts";

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
  /** Where in the filter object this stands, for errors: `author.`, `or[1].`. */
  readonly path: string;
}

/** Undefined for a filter that asks nothing. */
export function filterTree(schema: SchemaShape, collection: string, filter: object): Node | undefined {
  return members({ schema, collection, base: undefined, depth: 0, path: "" }, objectAt(filter, ""));
}

function members(scope: Scope, filter: Members): Node | undefined {
  const parts = Object.entries(filter).map(([member, value]) =>
    memberTree(scope, member, given(value, `${scope.path}${member}`)),
  );
  return joined("&&", parts);
}

/** The filter object that stands at this place within another. */
function inner(scope: Scope, place: string, filter: unknown): Node {
  return members({ ...scope, path: `${place}.` }, objectAt(filter, place)) ?? literal(true);
}

function joined(op: "&&" | "||", parts: readonly (Node | undefined)[]): Node | undefined {
  const asked = parts.filter((part) => part !== undefined);
  return asked.length <= 1 ? asked[0] : node(op, ...asked);
}

function memberTree(scope: Scope, member: string, value: unknown): Node | undefined {
  const place = `${scope.path}${member}`;
  if (member === "and" || member === "or") return group(scope, member, listAt(value, place));
  if (member === "not") return node("!", inner(scope, place, value));
  const shape = scope.schema.collections[scope.collection];
  const field = systemFields[member] ?? own(shape?.fields, member);
  if (field !== undefined) return fieldTree(scope, field, member, value);
  const inverse = own(shape?.inverses, member);
  if (inverse !== undefined) return someTree(scope, inverse.collection, member, objectAt(value, place));
  throw refused(`"${scope.collection}" has no field "${member}" to filter by.`);
}

function group(scope: Scope, kind: "and" | "or", list: readonly unknown[]): Node | undefined {
  if (list.length === 0) return literal(kind === "and");
  return joined(
    kind === "and" ? "&&" : "||",
    list.map((filter, i) => inner(scope, `${scope.path}${kind}[${i}]`, filter)),
  );
}

function fieldTree(scope: Scope, field: FieldShape, member: string, value: unknown): Node | undefined {
  const name = named(scope, member);
  const place = `${scope.path}${member}`;
  if (value === null || typeof value !== "object") return node("==", name, operand(field, value, place));
  if (field.type === "json" && Array.isArray(value)) return node("==", name, jsonTree(value, place));
  if (field.type === "relation" && field.many !== true && !hasOperator(value)) {
    return inner({ ...scope, collection: field.collection, base: name }, place, value);
  }
  const parts = Object.entries(value).map(([operator, operands]) =>
    comparison(field, name, operator, given(operands, `${place}.${operator}`), `${place}.${operator}`),
  );
  if (parts.length > 0) return joined("&&", parts);
  throw refused(`The filter's "${place}" names no operator.`);
}

/** At least one record behind the back-relation. */
function someTree(scope: Scope, collection: string, member: string, value: Members): Node {
  const variable = `r${scope.depth}`;
  const behind = { ...scope, collection, base: node("name", variable), depth: scope.depth + 1 };
  return node("exists", named(scope, member), variable, inner(behind, `${scope.path}${member}.some`, value.some));
}

const orders: { readonly [operator: string]: string } = { gt: ">", gte: ">=", lt: "<", lte: "<=" };
const equalities: { readonly [operator: string]: string } = { eq: "==", ne: "!=" };
const texts = new Set(["startsWith", "endsWith", "contains"]);
const others = new Set(["in", "has", "isEmpty", "near"]);

function hasOperator(value: object): boolean {
  return Object.keys(value).every(
    (key) => Object.hasOwn(orders, key) || Object.hasOwn(equalities, key) || texts.has(key) || others.has(key),
  );
}

function comparison(field: FieldShape, name: Node, operator: string, value: unknown, place: string): Node {
  const symbol = own(orders, operator) ?? own(equalities, operator);
  if (symbol !== undefined) return node(symbol, name, operand(field, value, place));
  if (texts.has(operator)) return node("call", operator, name, literal(value));
  if (operator === "in") {
    const list = listAt(value, place).map((item, i) => operand(field, item, `${place}[${i}]`));
    return list.length === 0 ? literal(false) : node("in", name, node("list", ...list));
  }
  if (operator === "has") return node("in", operand(field, value, place), name);
  if (operator === "isEmpty") return node(value === false ? ">" : "==", node("call", "size", name), literal(0));
  if (operator === "near") return near(name, objectAt(value, place), place);
  const advice = field.type === "json" ? " An object as a whole is compared with { eq: … }." : "";
  throw refused(`A filter has no operator "${operator}".${advice}`);
}

function near(name: Node, value: Members, place: string): Node {
  const number = (key: string): Node => node("double", given(value[key], `${place}.${key}`));
  const centre = node("call", "geo", number("lat"), number("lng"));
  return node("<=", node("call", "distance", name, centre), number("withinMetres"));
}

function operand(field: FieldShape, value: unknown, place: string): Node {
  if (field.type === "json") return jsonTree(value, place);
  if (given(value, place) === null) return literal(null);
  if (field.type === "datetime" || field.type === "autodate") return node("call", "timestamp", literal(value));
  if (field.type === "number" && typeof value === "number") return node("double", value);
  if (Array.isArray(value)) return node("list", ...value.map((item, i) => operand(field, item, `${place}[${i}]`)));
  return literal(value);
}

function named(scope: Scope, member: string): Node {
  return scope.base === undefined ? node("name", member) : node(".", scope.base, member);
}

function own<Value>(table: { readonly [key: string]: Value } | undefined, key: string): Value | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
