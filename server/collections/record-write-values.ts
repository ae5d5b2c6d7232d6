// The new value of each changed field as an SQL expression: a parameter, or an operation on the stored value that never
// raises and says by a guard when its result cannot be kept.

import type { FieldKinds } from "./field-kinds.ts";
import { listMax } from "./field-many.ts";
import { decimalDigitsMax } from "./field-number.ts";
import type { CompiledStatement } from "./query-sql.ts";
import { isJoined, joinTableOf } from "./record-fields.ts";
import type { Selection } from "./record-select.ts";
import type { Change } from "./record-values.ts";
import { arrayLiteral } from "./sql-text.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import type { Build, Row } from "./visibility-types.ts";

export interface CompiledWrite {
  readonly statement: CompiledStatement;
  readonly selection: Selection;
  readonly versionAt: number;
  /** An upsert: the first column tells `u` from `i`. */
  readonly marked: boolean;
  readonly inserts: boolean;
  /** Lists of relations are written behind the row. */
  readonly joins: boolean;
}

export interface NewValue {
  /** Column name and expression; none for a list of relations. */
  readonly columns: readonly (readonly [string, string])[];
  /** A list of relations as text[]. */
  readonly list?: string;
  /** False when the result lies outside what the field may hold. */
  readonly guard?: string;
}

/** Postgres' texts of the values, in the order in which `newValue` binds them. */
export function textsOf(kinds: FieldKinds, changes: readonly Change[]): (readonly (string | null)[])[] {
  return changes.map((change) => {
    if (isJoined(change.field)) return [arrayLiteral(change.value as readonly string[])];
    return kinds(change.field).params(change.field, change.value);
  });
}

/** `key` names the change in the environment: `i3` is the fourth of the insert, `u0` the first of the update. */
export function newValue(build: Build, change: Change, key: string, stored: Row | undefined, schema: Schema): NewValue {
  const { field, kind } = change;
  const bind = (at: number) => build.sql.bind(`${key} ${at}`, (env) => env.values?.[key]?.[at]);
  if (isJoined(field)) return { columns: [], ...joinedList(change, `${bind(0)}::text[]`, stored, schema) };
  const columns = build.kinds(field).columns(field);
  const places = columns.map((column, at) => `${bind(at)}::${column.type}`);
  if (kind === "set" || !stored) return { columns: columns.map(({ name }, at) => [name, places[at] as string]) };
  const old = columns.map(({ name }) => stored.column(name));
  const names = columns.map(({ name }) => name);
  if (kind === "increment") return increment(field, names[0] as string, old[0] as string, places[0] as string);
  if (kind === "merge") {
    return { columns: [[names[0] as string, `landfall.merge_patch(${old[0]}, ${places[0]})`]] };
  }
  const lists = kind === "append" ? old.map((column, at) => `(${column} || ${places[at]})`) : removed(old, places);
  const size = `cardinality(${lists[0]})`;
  const guard = kind === "append" ? `${size} <= ${listMax}` : field.required ? `${size} > 0` : undefined;
  return { columns: names.map((name, at) => [name, lists[at] as string]), ...(guard ? { guard } : {}) };
}

const floatMax = "'1.7976931348623157e308'::float8";

/** Null counts as nothing. The sum is only taken where it cannot overflow. */
function increment(field: FieldDefinition, name: string, column: string, by: string): NewValue {
  const zero = field.type === "number" ? "0::float8" : field.type === "integer" ? "0::int8" : "0::numeric";
  const old = `coalesce(${column}, ${zero})`;
  // Stored integers and operands are below 2^53, and decimals are far from Postgres' own bound.
  const safe =
    field.type === "number"
      ? `(${by} >= 0 AND ${old} <= ${floatMax} - ${by}) OR (${by} < 0 AND ${old} >= -${floatMax} - ${by})`
      : "true";
  const sum = safe === "true" ? `${old} + ${by}` : `CASE WHEN ${safe} THEN ${old} + ${by} END`;
  const low = field.min ?? (field.type === "integer" ? -Number.MAX_SAFE_INTEGER : undefined);
  const high = field.max ?? (field.type === "integer" ? Number.MAX_SAFE_INTEGER : undefined);
  const type = zero.split("::")[1];
  const bounds = safe === "true" ? [] : [`(${sum}) IS NOT NULL`];
  if (low !== undefined) bounds.push(`(${sum}) >= '${Number(low) === low ? low : numeric(low)}'::${type}`);
  if (high !== undefined) bounds.push(`(${sum}) <= '${Number(high) === high ? high : numeric(high)}'::${type}`);
  if (field.type === "decimal") bounds.push(`length(translate((${sum})::text, '-.', '')) <= ${decimalDigitsMax}`);
  if (bounds.length === 0) return { columns: [[name, sum]] };
  return { columns: [[name, sum]], guard: `coalesce(${bounds.map((bound) => `(${bound})`).join(" AND ")}, false)` };
}

/** A decimal's bound comes from the definition, which checked its form; a second look keeps it a number. */
function numeric(bound: number | string): string {
  return /^-?\d+(\.\d+)?$/.test(String(bound)) ? String(bound) : "0";
}

/** Every element that equals one of the given ones goes; a place is one element in two columns. */
function removed(old: readonly string[], places: readonly string[]): string[] {
  const names = old.map((_column, at) => `c${at}`);
  const equal = names.map((name) => `d.${name} = u.${name}`).join(" AND ");
  const kept = `FROM unnest(${old.join(", ")}) WITH ORDINALITY u(${names.join(", ")}, n) WHERE NOT EXISTS (SELECT FROM unnest(${places.join(", ")}) d(${names.join(", ")}) WHERE ${equal})`;
  return names.map((name) => `ARRAY(SELECT u.${name} ${kept} ORDER BY u.n)`);
}

function joinedList(
  change: Change,
  given: string,
  stored: Row | undefined,
  schema: Schema,
): Pick<NewValue, "list" | "guard"> {
  const { field, kind } = change;
  if (kind === "set" || !stored) return { list: given };
  const table = `${joinTableOf(schema.name, field.name)} j WHERE j.owner = ${stored.column("id")}`;
  const rest = `ARRAY(SELECT j.target FROM ${table} AND j.target <> ALL(${given}) ORDER BY j.position)`;
  if (kind === "remove") {
    return { list: rest, ...(field.required ? { guard: `cardinality(${rest}) > 0` } : {}) };
  }
  // What is in the list already keeps its place.
  const all = `ARRAY(SELECT j.target FROM ${table} ORDER BY j.position)`;
  const fresh = `ARRAY(SELECT x.id FROM unnest(${given}) WITH ORDINALITY x(id, n) WHERE x.id <> ALL(${all}) ORDER BY x.n)`;
  const list = `(${all} || ${fresh})`;
  return { list, guard: `cardinality(${list}) <= ${listMax}` };
}
