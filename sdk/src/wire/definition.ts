// A collection's definition as the API takes and shows it.
import type { JsonValue } from "./json.ts";

/**
 * Every type a field can have.
 *
 * @example
 * ```ts
 * console.log(fieldTypes.includes("geo")); // true
 * ```
 */
export const fieldTypes = [
  "text",
  "email",
  "url",
  "select",
  "richtext",
  "number",
  "integer",
  "decimal",
  "bool",
  "datetime",
  "autodate",
  "date",
  "json",
  "relation",
  "geo",
  "id",
] as const;
/**
 * One of {@link fieldTypes}.
 *
 * @example
 * ```ts
 * const isNumeric = (type: FieldType) => ["number", "integer", "decimal"].includes(type);
 * ```
 */
export type FieldType = (typeof fieldTypes)[number];

/**
 * One field of a collection.
 *
 * @example
 * ```ts
 * const author: FieldDefinition = { name: "author", type: "relation", collection: "users", required: true, inverse: "posts" };
 * ```
 */
export interface FieldDefinition {
  readonly name: string;
  readonly type: FieldType;
  readonly required?: boolean;
  readonly many?: boolean;
  readonly hidden?: boolean;
  readonly default?: JsonValue;
  /** Code points for texts, value for numbers (string for decimal), RFC 3339 for datetime, count of elements never. */
  readonly min?: number | string;
  readonly max?: number | string;
  readonly pattern?: string;
  readonly values?: readonly string[];
  readonly collection?: string;
  readonly onDelete?: "cascade" | "setNull" | "restrict";
  readonly inverse?: string;
  /** autodate: set on create only, or on every update. */
  readonly on?: "create" | "update";
  readonly rules?: { readonly read?: string; readonly write?: string };
}

/**
 * An index over fields of a collection, in this order.
 *
 * @example
 * ```ts
 * const byTitle: IndexDefinition = { fields: ["title"], unique: true };
 * ```
 */
export interface IndexDefinition {
  readonly fields: readonly string[];
  readonly unique?: boolean;
}

/**
 * What can be done to records, each with a rule of its own.
 *
 * @example
 * ```ts
 * const closed = Object.fromEntries(recordActions.map((action) => [action, "false"]));
 * ```
 */
export const recordActions = ["list", "get", "create", "update", "delete"] as const;
/**
 * One of {@link recordActions}.
 *
 * @example
 * ```ts
 * const reading: readonly RecordAction[] = ["list", "get"];
 * ```
 */
export type RecordAction = (typeof recordActions)[number];
/**
 * A rule for each action, as CEL text. An action without one is for admins only; `get` is then as `list`.
 *
 * @example
 * ```ts
 * const own: RuleSet = { list: "author == auth.id", create: "author == auth.id", delete: "author == auth.id" };
 * ```
 */
export type RuleSet = { readonly [action in RecordAction]?: string | null };

/**
 * What a collection is for: `base` holds any records; those of an `auth` collection are the users who sign in.
 *
 * @example
 * ```ts
 * console.log(collectionKinds.includes("auth")); // true
 * ```
 */
export const collectionKinds = ["base", "auth"] as const;
/**
 * One of {@link collectionKinds}.
 *
 * @example
 * ```ts
 * const kind: CollectionKind = "auth";
 * ```
 */
export type CollectionKind = (typeof collectionKinds)[number];

/**
 * A collection whole: its fields, indexes and rules.
 *
 * @example
 * ```ts
 * const notes: CollectionDefinition = {
 *   name: "notes",
 *   kind: "base",
 *   fields: [{ name: "text", type: "text", required: true }],
 *   indexes: [],
 *   rules: { list: "auth.signedIn", create: "auth.signedIn" },
 *   preconditionRequired: false,
 * };
 * ```
 */
export interface CollectionDefinition {
  readonly name: string;
  readonly kind: CollectionKind;
  readonly fields: readonly FieldDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly rules: RuleSet;
  /** Updates and deletes must carry `If-Match` (428 otherwise). */
  readonly preconditionRequired: boolean;
}
