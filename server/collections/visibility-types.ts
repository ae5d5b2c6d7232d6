// What the parts of one statement share while it is compiled, and how they reach the values of a row.
import type { FieldKinds } from "./field-kinds.ts";
import type { SqlText } from "./query-sql.ts";
import type { Audience } from "./record-fields.ts";
import type { Schema, Schemas } from "./types.ts";

/** How an expression reaches the values of one row: a stored row by its alias, a row about to be written by its expressions. */
export interface Row {
  readonly schema: Schema;
  /** SQL of one column. */
  column(name: string): string;
  /** SQL text[] of a to-many relation when its new list is not in the join table yet. */
  list?(field: string): string | undefined;
}

/** What every part of one statement shares while it is compiled. */
export interface Build {
  readonly sql: SqlText;
  readonly schemas: Schemas;
  readonly kinds: FieldKinds;
  readonly audience: Audience;
}
