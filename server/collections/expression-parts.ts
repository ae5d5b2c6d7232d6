// What the parts of the compiler share: what it is given, what a value is, and the SQL they all write.
import type { Node, RowNumber, Type } from "@landfall/client/cel";
import type { Binder } from "./expression-slots.ts";

/** Where the fields of a row come from. */
export interface RowSource {
  /** SQL of one column by its SQL name (`title`, `place_lat`): `r."title"`, or a bound value of a row being written. */
  column(name: string): string;
  /** SQL of the ids of a `many` relation field, `text[]` in order. Absent: read from the join table by `column("id")`. */
  links?(field: string): string;
}

export interface CompileOptions {
  readonly binder: Binder;
  readonly row: RowSource;
  readonly before?: RowSource;
  /** SQL name of a collection's table, quoted: `public."posts"`. Must know every collection the expression reads. */
  table(collection: string): string;
  /** SQL name of the join table of a `many` relation, quoted: `public."posts__tags"`. */
  joinTable(collection: string, field: string): string;
  /** For client expressions: a condition on each other record that is read, its list rule. Absent: system rights. */
  hop?(collection: string, row: RowSource): string | undefined;
  /** For client expressions: a condition for reading this field of this row. False makes the read an error. */
  guard?(collection: string, field: string, row: RowSource): string | undefined;
  /** Prefix of the aliases of sub-selects, so that nested compilations do not meet. */
  readonly aliasPrefix?: string;
}

/** One compilation under way. Handed down, so that the questions do not import each other in a circle. */
export interface Compilation {
  readonly options: CompileOptions;
  truth(node: Node): string;
  falsehood(node: Node): string;
  value(node: Node): Value;
  row(number: RowNumber): RowSource;
  bindRow(number: RowNumber, row: RowSource): void;
  /** The member that exists or all has bound. */
  element(slot: number): Value;
  bindElement(slot: number, value: Value): void;
  /** An alias no other part of the text has. */
  alias(): string;
}

export interface Value {
  readonly sql: string;
  readonly nullable: boolean;
  readonly fallible: boolean;
  /** TRUE where the value is an error, else FALSE; set when NULL alone does not tell. */
  readonly error?: string;
}

export const sure = (sql: string): Value => ({ sql, nullable: false, fallible: false });
export const fallible = (sql: string): Value => ({ sql, nullable: false, fallible: true });
export const jsonNull = "'null'::jsonb";

/** The SQL type in which values of a type are computed. */
export function pgTypeOf(type: Type): string {
  if (type.kind === "list") return `${pgTypeOf(type.of ?? { kind: "string" })}[]`;
  return pgTypes[type.kind];
}

const pgTypes = {
  null: "text",
  bool: "bool",
  int: "int8",
  double: "float8",
  decimal: "numeric",
  string: "text",
  relation: "text",
  timestamp: "timestamptz",
  duration: "int8",
  json: "jsonb",
  geo: "float8[]",
} as const;

export function rowAlias(alias: string): RowSource {
  return { column: (name) => `${alias}."${name}"` };
}

/** Column names come from our own catalogue; field names hold letters and digits only. */
export function fieldSql(row: RowSource, field: string, type: Type, date: boolean): string {
  if (type.kind === "geo") {
    const [lat, lng] = [row.column(`${field}_lat`), row.column(`${field}_lng`)];
    return `CASE WHEN ${lat} IS NOT NULL AND ${lng} IS NOT NULL THEN ARRAY[${lat}, ${lng}] END`;
  }
  const column = row.column(field);
  if (type.kind === "json") return `nullif(${column}, ${jsonNull})`;
  if (!date) return column;
  return type.kind === "list" ? `landfall.expr_dates(${column})` : `landfall.expr_date(${column})`;
}

/** A part of json: JSON's null is null, no value at all is an error. */
export function jsonRead(sql: string): Value {
  return { sql: `nullif(${sql}, ${jsonNull})`, nullable: true, fallible: true, error: `(${sql} IS NULL)` };
}

/** A member of a list: never null, but for JSON's own null in a list of json. */
export function elementOf(sql: string, list: Type): Value {
  return list.of?.kind === "json" ? { sql: `nullif(${sql}, ${jsonNull})`, nullable: true, fallible: false } : sure(sql);
}

export function errorOf(value: Value): string {
  if (!value.fallible) return "FALSE";
  return value.error ?? `((${value.sql}) IS NULL)`;
}

/** Conditions under which the value is no error. */
export function certain(value: Value): readonly string[] {
  if (!value.fallible) return [];
  return [value.error === undefined ? `(${value.sql}) IS NOT NULL` : `NOT ${value.error}`];
}

export function joined(conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 1 && given[0] !== undefined
    ? given[0]
    : `(${given.map((each) => `(${each})`).join(" AND ")})`;
}

export const typedNull = (sql: string, type: Type): string => (sql === "NULL" ? `NULL::${pgTypeOf(type)}` : sql);
