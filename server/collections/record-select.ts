// What of a record is read: its fields, those behind relations, expanded relations. Names are resolved against the schema
// with the caller's eyes; the result is a select list and the renderer that belongs to it.

import { invalid } from "./query-parse.ts";
import { and, quote } from "./query-sql.ts";
import { type Expansion, type Expansions, queryLimits, type SortKey } from "./query-types.ts";
import { idField, isJoined, joinTableOf, knownField, knownFields, tableOf } from "./record-fields.ts";
import { fieldPiece, manyPiece, onePiece, type Piece, type Render, renderRecord } from "./record-render.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import { allowed, readable } from "./visibility.ts";
import type { Build, Row } from "./visibility-types.ts";

/** What is asked of one collection: undefined fields mean all. */
export interface Wanted {
  readonly fields?: ReadonlySet<string>;
  readonly relations: ReadonlyMap<string, { readonly options: Expansion; readonly wanted: Wanted }>;
}

export interface Selection {
  /** SQL expressions, each giving text. */
  readonly columns: readonly string[];
  readonly render: Render;
  /** The whole record as its version says: nothing expanded, nothing narrowed, no field that depends on the caller. */
  readonly plain: boolean;
}

/** A stored row under an alias. */
export function aliasRow(schema: Schema, alias: string): Row {
  return { schema, column: (name) => `${alias}.${quote(name)}` };
}

/** Merges `fields` and `expand` into one tree; dotted paths are fields of a relation. */
export function wantedOf(fields: readonly string[] | undefined, expand: Expansions | undefined): Wanted {
  const own = fields && new Set<string>();
  const nested = new Map<string, string[]>();
  for (const path of fields ?? []) {
    const dot = path.indexOf(".");
    if (dot < 0) own?.add(path);
    else nested.set(path.slice(0, dot), [...(nested.get(path.slice(0, dot)) ?? []), path.slice(dot + 1)]);
  }
  const relations = new Map<string, { options: Expansion; wanted: Wanted }>();
  const names = new Set([...nested.keys(), ...Object.keys(expand ?? {})]);
  for (const name of names) {
    const options: Expansion = (expand && Object.hasOwn(expand, name) ? expand[name] : undefined) ?? {};
    relations.set(name, { options, wanted: wantedOf(nested.get(name), options.expand) });
    // `fields=title&expand=author` shows both: what is expanded is asked for.
    own?.add(name);
  }
  return own ? { fields: own, relations } : { relations };
}

/** Where in the answer a selection stands: nested rows travel as JSON, and they multiply. */
export interface Place {
  readonly top: boolean;
  /** How many rows of this selection one answer can hold at most. */
  readonly rows: number;
}

export function compileSelection(
  build: Build,
  row: Row,
  wanted: Wanted,
  place: Place = { top: true, rows: 1 },
): Selection {
  const { schema } = row;
  const columns: string[] = [];
  const pieces: Piece[] = [];
  const add = (expression: string) => {
    const known = columns.indexOf(expression);
    return known >= 0 ? known : columns.push(expression) - 1;
  };
  let plain = place.top && wanted.fields === undefined && wanted.relations.size === 0;
  checkNames(build, schema, wanted);
  const guardOf = (field: FieldDefinition) => {
    const condition = readable(build, field, row);
    if (condition === "true") return undefined;
    plain = false;
    return add(`CASE WHEN ${condition} THEN 't' END`);
  };
  for (const field of knownFields(schema, build.audience)) {
    const relation = wanted.relations.get(field.name);
    if (wanted.fields && !wanted.fields.has(field.name)) continue;
    const guard = guardOf(field);
    if (relation && field.type === "relation") {
      const nested = field.many
        ? expandJoined(build, row, field, relation.options, relation.wanted, place)
        : expandOne(build, row, field, relation.wanted, place);
      const piece = field.many ? manyPiece : onePiece;
      pieces.push(piece(field.name, add(nested.sql), nested.render, guard));
    } else if (isJoined(field)) {
      pieces.push(fieldPiece(field, build.kinds(field), add(idList(row, field)), 1, guard));
    } else {
      const kind = build.kinds(field);
      const texts = kind.select(field, "\uE001").map((text) => inRow(text, row));
      // Two columns of a place stand side by side; only single ones may be shared.
      const at = texts.length === 1 ? add(texts[0] as string) : columns.push(...texts) - texts.length;
      pieces.push(fieldPiece(field, kind, at, texts.length, guard));
    }
  }
  for (const [name, { options, wanted: inner }] of wanted.relations) {
    if (knownField(schema, name, build.audience)) continue;
    const nested = expandInverse(build, row, name, options, inner, place);
    pieces.push(manyPiece(name, add(nested.sql), nested.render));
  }
  return { columns, render: renderRecord(pieces), plain };
}

/** FieldKind.select takes an alias; a row that is not a table has expressions instead. */
function inRow(text: string, row: Row): string {
  return text.replace(/\uE001\."((?:[^"]|"")+)"/g, (_all, name: string) => row.column(name));
}

function checkNames(build: Build, schema: Schema, wanted: Wanted): void {
  for (const name of wanted.fields ?? []) {
    if (knownField(schema, name, build.audience) || wanted.relations.has(name)) continue;
    throw invalid("query.fields", `unknown field "${name}"`, "unknown_field");
  }
  for (const name of wanted.relations.keys()) {
    const field = knownField(schema, name, build.audience);
    if (field ? field.type === "relation" : inverseOf(build, schema, name)) continue;
    throw invalid("query.expand", `unknown relation "${name}"`, "unknown_field");
  }
}

/** The back-relation of that name, unless the field that declares it is hidden from the caller. */
export function inverseOf(
  build: Pick<Build, "schemas" | "audience">,
  schema: Schema,
  name: string,
): { readonly target: Schema; readonly field: FieldDefinition } | undefined {
  const declared = schema.inverses.get(name);
  const target = declared && build.schemas.byName.get(declared.collection);
  const field = target && knownField(target, declared.field, build.audience);
  return target && field ? { target, field } : undefined;
}

interface Nested {
  readonly sql: string;
  readonly render: Render;
}

const asCell = (sql: string, place: Place) => (place.top ? `(${sql})::text` : `(${sql})`);

function idList(row: Row, field: FieldDefinition): string {
  const given = row.list?.(field.name);
  if (given) return `array_to_json(${given})::text`;
  return `(SELECT json_agg(j.target ORDER BY j.position) FROM ${joinTableOf(row.schema.name, field.name)} j WHERE j.owner = ${row.column("id")})::text`;
}

function targetOf(build: Build, field: FieldDefinition): Schema {
  const target = build.schemas.byName.get(field.collection ?? "");
  if (!target) throw new Error(`relation ${field.name} points to a collection that is not there`);
  return target;
}

/** One record by its id: the target's `get` rule decides. */
function expandOne(build: Build, row: Row, field: FieldDefinition, wanted: Wanted, place: Place): Nested {
  const alias = build.sql.alias();
  const target = aliasRow(targetOf(build, field), alias);
  const selection = compileSelection(build, target, wanted, { top: false, rows: place.rows });
  const where = and([`${target.column("id")} = ${row.column(field.name)}`, allowed(build, "get", target)]);
  const from = `${tableOf(target.schema)} ${alias}`;
  return { sql: asCell(`SELECT ${jsonRow(selection)} FROM ${from} WHERE ${where}`, place), render: selection.render };
}

/** The records of a list of ids, in its order: the target's `list` rule decides. */
function expandJoined(
  build: Build,
  row: Row,
  field: FieldDefinition,
  options: Expansion,
  wanted: Wanted,
  place: Place,
): Nested {
  const alias = build.sql.alias();
  const target = aliasRow(targetOf(build, field), alias);
  const selection = compileSelection(build, target, wanted, multiplied(place, options));
  const join = build.sql.alias();
  const from = `${joinTableOf(row.schema.name, field.name)} ${join} JOIN ${tableOf(target.schema)} ${alias} ON ${target.column("id")} = ${join}.target`;
  const where = and([`${join}.owner = ${row.column("id")}`, allowed(build, "list", target)]);
  const order = options.sort ? orderBy(build, target, options.sort) : `${join}.position`;
  return { sql: asCell(aggregate(selection, from, where, order, options), place), render: selection.render };
}

/** The records of another collection that refer to this one: that collection's `list` rule and the field's own decide. */
function expandInverse(build: Build, row: Row, name: string, options: Expansion, wanted: Wanted, place: Place): Nested {
  const inverse = inverseOf(build, row.schema, name) as NonNullable<ReturnType<typeof inverseOf>>;
  const alias = build.sql.alias();
  const target = aliasRow(inverse.target, alias);
  const selection = compileSelection(build, target, wanted, multiplied(place, options));
  const { field } = inverse;
  const refers = isJoined(field)
    ? `${target.column("id")} IN (SELECT j.owner FROM ${joinTableOf(inverse.target.name, field.name)} j WHERE j.target = ${row.column("id")})`
    : `${target.column(field.name)} = ${row.column("id")}`;
  const where = and([refers, allowed(build, "list", target), readable(build, field, target)]);
  const order = orderBy(build, target, options.sort ?? []);
  const from = `${tableOf(target.schema)} ${alias}`;
  return { sql: asCell(aggregate(selection, from, where, order, options), place), render: selection.render };
}

/** Refuses what would multiply without end. */
function multiplied(place: Place, options: Expansion): Place {
  const rows = place.rows * (options.limit ?? queryLimits.expandDefault);
  if (rows > queryLimits.expandedRows) {
    const message = `limit and expand multiply to more than ${queryLimits.expandedRows} records; lower a limit`;
    throw invalid("query.expand", message, "too_many");
  }
  return { top: false, rows };
}

/** json_agg takes its rows in the order in which the sorted subquery gives them. */
function aggregate(selection: Selection, from: string, where: string, order: string, options: Expansion): string {
  const limit = options.limit ?? queryLimits.expandDefault;
  return `SELECT json_agg(x.r) FROM (SELECT ${jsonRow(selection)} AS r FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ${limit}) x`;
}

/** A function takes at most 100 arguments, so wide rows are built in parts and joined. */
function jsonRow(selection: Selection): string {
  const { columns } = selection;
  if (columns.length <= 100) return `json_build_array(${columns.join(", ")})`;
  const parts: string[] = [];
  for (let at = 0; at < columns.length; at += 100) {
    parts.push(`to_jsonb(json_build_array(${columns.slice(at, at + 100).join(", ")}))`);
  }
  return `(${parts.join(" || ")})::json`;
}

/** What to order a row by; a value the caller may not see sorts as null. */
export function sortExpression(
  build: Build,
  row: Row,
  key: SortKey,
): { readonly sql: string; readonly nullable: boolean } {
  const field = knownField(row.schema, key.field, build.audience);
  if (!field || field.many || ["json", "geo"].includes(field.type)) {
    throw invalid("query.sort", `cannot sort by "${key.field}"`, "unknown_field");
  }
  const condition = readable(build, field, row);
  const column = row.column(field.name);
  if (condition === "true") return { sql: column, nullable: field.required !== true && field !== idField };
  return { sql: `CASE WHEN ${condition} THEN ${column} END`, nullable: true };
}

/** Nulls come last ascending and first descending, as Postgres has it; `id` is always the last key. */
export function orderBy(build: Build, row: Row, sort: readonly SortKey[]): string {
  const keys = withId(sort);
  return keys.map((key) => sortExpression(build, row, key).sql + (key.descending ? " DESC" : "")).join(", ");
}

/**
 * Nothing sorts behind `id`, which no two records share. It goes the way of the key before it, so that an index on that
 * key and the id is read in order, forwards or backwards.
 */
export function withId(sort: readonly SortKey[]): readonly SortKey[] {
  const at = sort.findIndex((key) => key.field === "id");
  return at >= 0 ? sort.slice(0, at + 1) : [...sort, { field: "id", descending: sort.at(-1)?.descending === true }];
}
