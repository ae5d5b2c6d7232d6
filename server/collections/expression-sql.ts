// Typed tree to SQL. See expression-truth.ts for the idea; this is the door.
import type { Checked } from "@landfall/client/cel";
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

/** SQL that is TRUE exactly where the expression is true; FALSE or NULL elsewhere. Fit for WHERE as it stands. */
export function compileTruth(_checked: Checked, _options: CompileOptions): string {
  throw new Error("in the making");
}

/** SQL that is TRUE exactly where the expression is false. */
export function compileFalsehood(_checked: Checked, _options: CompileOptions): string {
  throw new Error("in the making");
}

/** SQL of the value, NULL for null and for an error, with the SQL type of `pgTypeOf(checked.node.type)`. */
export function compileValue(_checked: Checked, _options: CompileOptions): string {
  throw new Error("in the making");
}
