// What a name or a dot means: fields, the stored row, the actor, the request, a hop along a relation, a key of json.
import type { Scope } from "./check-scope.ts";
import { fail, nameType } from "./check-types.ts";
import { CelError, type Place } from "./error.ts";
import { type Node, type Range, THE_ROW, THE_STORED_ROW } from "./node.ts";
import type { Expr } from "./tree.ts";
import { type RowField, type RowType, type Type, types } from "./types.ts";

const authTypes: { readonly [path: string]: Type } = {
  id: types.string,
  signedIn: types.bool,
  roles: types.strings,
  teams: types.strings,
  claims: types.json,
  device: types.string,
};
const requestTypes: { readonly [path: string]: Type } = { time: types.timestamp, door: types.string };

export function nameOf(expr: Expr, scope: Scope): Node {
  const name = String(expr.args[0]);
  const bound = scope.bound.get(name);
  if (bound?.k === "element") return { k: "element", type: bound.type, slot: bound.slot };
  if (bound?.k === "row") throw fail(expr, `${name} is a record, not a value.`, `Name a field of it: ${name}.id.`);
  if (name === "now") return { k: "request", type: types.timestamp, path: "time" };
  if (name === "auth" || name === "request" || name === "before") {
    throw fail(
      expr,
      `${name} is not a value.`,
      name === "before" ? "Write before.status." : name === "auth" ? "Write auth.id." : "Write request.time.",
    );
  }
  return ownField(THE_ROW, scope.env.row, name, expr, scope);
}

export function memberOf(expr: Expr, scope: Scope): Node {
  const [object, key] = expr.args as [Expr, string];
  const root = object.op === "name" && !scope.bound.has(String(object.args[0])) ? object.args[0] : undefined;
  if (root === "auth") {
    const type = Object.hasOwn(authTypes, key) ? authTypes[key] : undefined;
    if (type) return { k: "auth", type, path: key as "id" };
    throw unknown(expr, `auth.${key}`, "auth has id, signedIn, roles, teams, claims and device.");
  }
  if (root === "request") {
    const type = Object.hasOwn(requestTypes, key) ? requestTypes[key] : undefined;
    if (type) return { k: "request", type, path: key as "time" };
    throw unknown(expr, `request.${key}`, "request has time and door.");
  }
  const row = rowOf(object, scope);
  if (row) return ownField(row.row, row.rowType, key, expr, scope);
  const value = scope.value(object, scope);
  if (value.type.kind === "json") return { k: "member", type: types.json, a: value, key };
  return followed(value, key, expr, scope);
}

function rowOf(expr: Expr, scope: Scope): { row: number; rowType: RowType } | undefined {
  if (expr.op !== "name") return undefined;
  const bound = scope.bound.get(String(expr.args[0]));
  if (bound?.k === "row") return bound;
  if (bound || expr.args[0] !== "before") return undefined;
  if (scope.env.before && scope.env.mode !== "filter") return { row: THE_STORED_ROW, rowType: scope.env.row };
  throw unknown(expr, "before", "Only update rules know the stored row.");
}

function ownField(row: number, rowType: RowType, name: string, place: Place, scope: Scope): Node {
  const field = readable(rowType, name, place, scope);
  const { collection } = rowType;
  if (field.type.kind === "list" && field.type.of?.kind === "relation") {
    const owner: Node = { k: "field", type: types.string, row, collection, field: "id", nullable: false, date: false };
    return { k: "links", type: field.type, owner, row, collection, field: name };
  }
  const { type, nullable, date = false } = field;
  return { k: "field", type, row, collection, field: name, nullable, date };
}

function followed(value: Node, key: string, place: Place, scope: Scope): Node {
  const target = value.type.kind === "relation" ? scope.env.collections(value.type.collection ?? "") : undefined;
  if (!target)
    throw fail(
      place,
      `${nameType(value.type)} has no field ${key}.`,
      "A dot follows a to-one relation or names a key of json.",
    );
  const field = readable(target, key, place, scope);
  const follow = (name: string, type: Type, nullable: boolean, date: boolean): Node => ({
    k: "follow",
    type,
    id: value,
    collection: target.collection,
    field: name,
    nullable,
    date,
  });
  if (field.type.kind !== "list" || field.type.of?.kind !== "relation") {
    return follow(key, field.type, field.nullable, field.date ?? false);
  }
  const owner = follow("id", types.string, false, false);
  return { k: "links", type: field.type, owner, row: undefined, collection: target.collection, field: key };
}

/** One error for a name that does not exist and for one that may not be read: the difference would be an oracle. */
function readable(rowType: RowType, name: string, place: Place, scope: Scope): RowField {
  const { canRead } = scope.env;
  const field = rowType.fields.get(name);
  if (field && (canRead === undefined || canRead(rowType.collection, name))) return supported(field, name, place);
  if (inverseOf(rowType, name, scope)) {
    throw fail(place, `${name} is a list of records.`, `Ask ${name}.exists(x, …) or ${name}.all(x, …).`);
  }
  throw unknown(place, name, `${rowType.collection} has no such field that this expression may read.`);
}

/** Lists of places are kept in two columns; nothing of the language works on them yet. */
function supported(field: RowField, name: string, place: Place): RowField {
  if (field.type.of?.kind !== "geo") return field;
  throw new CelError("expression_unsupported", `${name} is a list of places, which expressions do not read.`, {
    place,
    advice: "Keep places one to a record and ask through a relation.",
  });
}

/** The back-relation of this name, unless the field behind it may not be read: then it does not exist either. */
function inverseOf(rowType: RowType, name: string, scope: Scope): Inverse | undefined {
  const inverse = rowType.inverses.get(name);
  if (!inverse || !scope.env.collections(inverse.collection)?.fields.has(inverse.field)) return undefined;
  const { canRead } = scope.env;
  return canRead === undefined || canRead(inverse.collection, inverse.field) ? inverse : undefined;
}

/** What exists and all go through: records of a collection, records that point here, a list, a json list. */
export function rangeOf(expr: Expr, scope: Scope): { range: Range; element: RowType | Type } {
  if (expr.op === "call" && expr.args[0] === "collection") return collectionRange(expr, scope);
  const inverse = inverseRange(expr, scope);
  if (inverse) return inverse;
  const list = scope.value(expr, scope);
  if (list.type.kind === "json") return { range: { k: "list", list }, element: types.json };
  if (list.type.kind === "list" && list.type.of) return { range: { k: "list", list }, element: list.type.of };
  throw fail(
    expr,
    `${nameType(list.type)} is not a list.`,
    'exists and all go through lists, inverse relations and collection("name").',
  );
}

function collectionRange(expr: Expr, scope: Scope): { range: Range; element: RowType } {
  const name = (expr.args[1] as Expr | undefined)?.args[0];
  const rowType = expr.args.length === 2 && typeof name === "string" ? scope.env.collections(name) : undefined;
  if (!rowType)
    throw unknown(expr, `collection(${JSON.stringify(name ?? "")})`, "Name an existing collection in quotes.");
  return { range: { k: "rows", collection: rowType.collection }, element: rowType };
}

function inverseRange(expr: Expr, scope: Scope): { range: Range; element: RowType } | undefined {
  const found =
    expr.op === "name" ? inverseOfRow(expr, scope) : expr.op === "." ? inverseOfDot(expr, scope) : undefined;
  if (!found) return undefined;
  const source = scope.env.collections(found.inverse.collection);
  const field = source?.fields.get(found.inverse.field);
  if (!source || !field) return undefined;
  const many = field.type.kind === "list";
  return {
    range: { k: "inverse", owner: found.owner, collection: source.collection, field: found.inverse.field, many },
    element: source,
  };
}

type Inverse = { readonly collection: string; readonly field: string };

function inverseOfRow(expr: Expr, scope: Scope): { inverse: Inverse; owner: Node } | undefined {
  const name = String(expr.args[0]);
  if (scope.bound.has(name)) return undefined;
  const inverse = inverseOf(scope.env.row, name, scope);
  return inverse && { inverse, owner: ownField(THE_ROW, scope.env.row, "id", expr, scope) };
}

function inverseOfDot(expr: Expr, scope: Scope): { inverse: Inverse; owner: Node } | undefined {
  const [object, key] = expr.args as [Expr, string];
  const row = rowOf(object, scope);
  if (row) {
    const inverse = inverseOf(row.rowType, key, scope);
    return inverse && { inverse, owner: ownField(row.row, row.rowType, "id", expr, scope) };
  }
  if (object.op === "name" && ["auth", "request"].includes(String(object.args[0]))) return undefined;
  const value = scope.value(object, scope);
  if (value.type.kind !== "relation") return undefined;
  const target = scope.env.collections(value.type.collection ?? "");
  const inverse = target && inverseOf(target, key, scope);
  return inverse && { inverse, owner: followed(value, "id", expr, scope) };
}

function unknown(place: Place, name: string, advice: string): CelError {
  return new CelError("expression_unknown_name", `Unknown name: ${name}.`, { place, advice });
}
