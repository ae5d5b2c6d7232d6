// How one field type is kept and shown. Everything that touches values asks this catalogue; nobody else knows a type.
import type { Issue } from "../kernel/errors/index.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

export interface Column {
  readonly name: string;
  /** As written in DDL: `text COLLATE "C"`, `timestamptz(3)`, `float8[]`. */
  readonly type: string;
  readonly notNull: boolean;
}

export type Parsed =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly issues: readonly Issue[] };

export interface FieldKind {
  /** One column; two for geo (`place_lat`, `place_lng`: field names hold no underscore); none for `many` relations. */
  columns(field: FieldDefinition): readonly Column[];
  /** Validates and normalises a JSON value as a client sent it; `path` is the JSON Pointer for issues. Null means SQL NULL. */
  parse(field: FieldDefinition, value: unknown, path: string): Parsed;
  /** One bound parameter per column, in Postgres' text form or null. */
  params(field: FieldDefinition, value: JsonValue): readonly (string | null)[];
  /** SQL of the select list, one expression per column, each yielding text from which `json` renders. `row` is a quoted alias. */
  select(field: FieldDefinition, row: string): readonly string[];
  /** Contract JSON text of the value from the selected texts. Null in, `null` out. */
  json(field: FieldDefinition, texts: readonly (string | null)[]): string;
  /** Contract value from the forms Postgres' `to_jsonb` gives a log entry: `entry.after` in, one value out. */
  fromEntry(field: FieldDefinition, columns: { readonly [column: string]: unknown }): JsonValue;
  /**
   * SQL that every stored value satisfies; null when the column type says it all. Literals are quoted. `row` stands before
   * each column: nothing, or `NEW.` in a trigger.
   */
  check(field: FieldDefinition, row?: string): string | null;
}
