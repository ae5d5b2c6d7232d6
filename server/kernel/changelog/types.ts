// The change log as the rooms see it. How it works: docs/protocol/change-log.md and docs/decisions/001-change-log.md.

/** One committed change of one record, or a statement about a whole collection (`truncate`, `schema`, `rules`, `drop`). */
export interface Entry {
  /** Drawn in the AFTER trigger; orders a record's entries across delete and re-create. */
  readonly seq: number;
  readonly xid: string;
  /** Numeric collection id; stays the same over a rename. */
  readonly collection: number;
  /** Record id; null for a statement about the whole collection. */
  readonly id: string | null;
  /** The record's version after the change (a delete draws one too). */
  readonly version: number | null;
  readonly op: "insert" | "update" | "delete" | "truncate" | "schema" | "rules" | "drop";
  readonly schemaVersion: number;
  /** Public columns after the change, in the log's JSON forms (docs/protocol/change-log.md). Null after a delete. */
  readonly after: { readonly [column: string]: unknown } | null;
  /** Before the change: changed public columns on update (`{...after, ...before}` is the old row), all on delete.
   * Empty on an update that changed sealed columns only: nothing to deliver to those who may not see them. */
  readonly before: { readonly [column: string]: unknown } | null;
  /** Hidden and field-rule-protected columns, `{after?, before?}`: for the rule engine and admins' restore, never delivered. */
  readonly sealed: { readonly after?: Record<string, unknown>; readonly before?: Record<string, unknown> } | null;
  readonly actor: string | null;
  readonly request: string | null;
  readonly mutation: string | null;
  /** RFC 3339. */
  readonly at: string;
}

/** A position between two transactions sets: opaque to clients, verified on use. */
export interface Cursor {
  readonly epoch: string;
  readonly tick: number;
  readonly nonce: string;
  /** Inside a batch too large for one page: the tick it leads to and the last `seq` delivered. */
  readonly page?: { readonly tick: number; readonly nonce: string; readonly seq: number };
}

/** How much one page may hold. A single entry larger than `bytes` still travels, alone. */
export interface PageLimits {
  readonly entries: number;
  readonly bytes: number;
}

export type ResyncReason = "expired" | "forked" | "epoch";

export type Batch =
  | { readonly kind: "entries"; readonly entries: readonly Entry[]; readonly cursor: Cursor; readonly more: boolean }
  | { readonly kind: "resync"; readonly reason: ResyncReason };

/** A column as the capture trigger needs to know it. */
export interface CapturedColumn {
  readonly name: string;
  /** Postgres type as written in DDL, e.g. `text`, `timestamptz(3)`, `text[]`. */
  readonly type: string;
  /** Goes to `sealed` instead of `after`/`before`. */
  readonly sealed: boolean;
}

/** A to-many relation's join table, whose changes stand in the owner's entry. */
export interface CapturedJoin {
  readonly field: string;
  /** `<collection>__<field>` with columns owner, target, position. */
  readonly table: string;
  readonly sealed: boolean;
}

/** What every stored row must be like, whoever writes it. */
export interface CapturedCheck {
  /** Reported as the name of the constraint. */
  readonly name: string;
  /** A plain expression over `NEW.<column>`; a row for which it is false is refused. */
  readonly sql: string;
}

export interface CapturedCollection {
  readonly id: number;
  readonly table: string;
  readonly schemaVersion: number;
  readonly columns: readonly CapturedColumn[];
  readonly joins: readonly CapturedJoin[];
  readonly checks?: readonly CapturedCheck[];
}
