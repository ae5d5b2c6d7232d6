// The change log as the rooms see it. How it works: README beside this file and docs/decisions/001-change-log.md.

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
  /** Public columns after the change, in Postgres' JSON forms. Null after a delete. */
  readonly after: { readonly [column: string]: unknown } | null;
  /** Before the change: changed public columns on update, all on delete. */
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

export interface CapturedCollection {
  readonly id: number;
  readonly table: string;
  readonly schemaVersion: number;
  readonly columns: readonly CapturedColumn[];
  readonly joins: readonly CapturedJoin[];
}
