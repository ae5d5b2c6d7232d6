// What the checker must know of the world: the types of values, the fields of a row, and the environment of a check.

/**
 * The kinds of types.
 *
 * @example
 * ```ts
 * const kind: Kind = checkValue(parse("likes + 1"), env).node.type.kind;
 * console.log(kind); // "int"
 * ```
 */
export type Kind =
  | "null"
  | "bool"
  | "int"
  | "double"
  | "decimal"
  | "string"
  | "timestamp"
  | "duration"
  | "json"
  | "geo"
  | "list"
  | "relation";

/**
 * The type of a value.
 *
 * @example
 * ```ts
 * const tags: Type = { kind: "list", of: { kind: "string" } };
 * console.log(checkValue(parse("tags"), env).node.type, tags); // { kind: "list", of: { kind: "string" } }, { kind: "list", of: { kind: "string" } }
 * ```
 */
export interface Type {
  readonly kind: Kind;
  /** Element type of a list. */
  readonly of?: Type;
  /** Collection a relation points to. */
  readonly collection?: string;
}

/**
 * The plain types.
 *
 * @example
 * ```ts
 * console.log(types.geo.kind); // "geo"
 * ```
 */
export const types = {
  null: { kind: "null" },
  bool: { kind: "bool" },
  int: { kind: "int" },
  double: { kind: "double" },
  decimal: { kind: "decimal" },
  string: { kind: "string" },
  timestamp: { kind: "timestamp" },
  duration: { kind: "duration" },
  json: { kind: "json" },
  geo: { kind: "geo" },
  strings: { kind: "list", of: { kind: "string" } },
} as const satisfies Record<string, Type>;

/**
 * The type of a list of these.
 *
 * @example
 * ```ts
 * console.log(listOf(types.string)); // { kind: "list", of: { kind: "string" } }
 * ```
 */
export const listOf = (of: Type): Type => ({ kind: "list", of });
/**
 * The type of a relation: the id of a record there.
 *
 * @example
 * ```ts
 * console.log(relationTo("users")); // { kind: "relation", collection: "users" }
 * ```
 */
export const relationTo = (collection: string): Type => ({ kind: "relation", collection });

/**
 * A field as expressions see it.
 *
 * @example
 * ```ts
 * const title: RowField = { type: types.string, nullable: false };
 * console.log(env.row.fields.get("title"), title); // { type: { kind: "string" }, nullable: false }, { type: { kind: "string" }, nullable: false }
 * ```
 */
export interface RowField {
  /** `many` fields are lists; a `many` relation is a list of relations. */
  readonly type: Type;
  readonly nullable: boolean;
  /** A `date` field: a string `YYYY-MM-DD` that the database keeps as a date. */
  readonly date?: boolean;
}

/**
 * One collection as expressions see it. `fields` includes the system fields id, createdAt, updatedAt, version.
 *
 * @example
 * ```ts
 * const posts: RowType = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer" }] });
 * console.log([...posts.fields.keys()]); // ["id", "createdAt", "updatedAt", "version", "likes"]
 * ```
 */
export interface RowType {
  readonly collection: string;
  readonly fields: ReadonlyMap<string, RowField>;
  /** Back-relations by name; `field` is the relation field of `collection` that points here. */
  readonly inverses: ReadonlyMap<string, { readonly collection: string; readonly field: string }>;
}

/**
 * What the checker is told of the place where an expression stands.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * console.log(check(parse("likes > 5"), env).class); // "rowLocal"
 * ```
 */
export interface CheckEnv {
  /** `rule` and `field` read with system rights; `filter` is a client's expression and knows no `before`. */
  readonly mode: "rule" | "filter" | "field";
  readonly row: RowType;
  /** `before` may be named (update and delete rules). */
  readonly before?: boolean;
  readonly collections: (name: string) => RowType | undefined;
  /** Bound parameters of a filter by name, as JSON values: their types are taken from here. */
  readonly params?: { readonly [name: string]: unknown };
  /** A field for which this is false does not exist for this expression: the same error as for a misspelt name. */
  readonly canRead?: (collection: string, field: string) => boolean;
}
