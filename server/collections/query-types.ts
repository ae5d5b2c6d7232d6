// A question about records as it was asked: syntax only, no name looked up yet.
import type { JsonValue } from "./types.ts";

export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
}

/** `expand=author,posts(limit:3)` as a tree by relation name. */
export type Expansions = { readonly [relation: string]: Expansion };

export interface Expansion {
  /** To-many only: how many per parent. */
  readonly limit?: number;
  readonly sort?: readonly SortKey[];
  readonly expand?: Expansions;
}

export interface RecordQuery {
  /** CEL text or a wire tree. */
  readonly filter?: string | object;
  readonly params?: { readonly [name: string]: JsonValue };
  readonly sort?: readonly SortKey[];
  /** Dotted paths: `title`, `author.name`. Absent: every field the caller may see. */
  readonly fields?: readonly string[];
  readonly expand?: Expansions;
  readonly limit?: number;
  readonly cursor?: string;
  readonly count?: boolean;
}

/** Every bound a query meets, named in the error that refuses it. */
export const queryLimits = {
  pageDefault: 30,
  pageMax: 1_000,
  expandDefault: 30,
  expandMax: 100,
  expandDepth: 3,
  expansions: 20,
  /** Page times the limits of nested to-many expansions. */
  expandedRows: 100_000,
  fields: 200,
  sortKeys: 8,
  textMax: 20_000,
  /** An exact count may scan everything; it gets this long and no more. */
  countTimeoutMs: 10_000,
} as const;
