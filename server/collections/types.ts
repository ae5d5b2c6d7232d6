// Collection definitions as the API shows them (CONTRACT §3) and as the server keeps them.

export type FieldType =
  | "text"
  | "email"
  | "url"
  | "select"
  | "richtext"
  | "id"
  | "number"
  | "integer"
  | "decimal"
  | "bool"
  | "datetime"
  | "autodate"
  | "date"
  | "json"
  | "relation"
  | "geo";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

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

export interface IndexDefinition {
  readonly fields: readonly string[];
  readonly unique?: boolean;
}

export interface RuleSet {
  readonly list?: string | null;
  readonly get?: string | null;
  readonly create?: string | null;
  readonly update?: string | null;
  readonly delete?: string | null;
}

export interface CollectionDefinition {
  readonly name: string;
  readonly kind: "base";
  readonly fields: readonly FieldDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly rules: RuleSet;
  /** Updates and deletes must carry `If-Match` (428 otherwise). */
  readonly preconditionRequired: boolean;
}

/** A definition with what the database added. One immutable value per schema version; compiled queries hang on it. */
export interface Schema extends CollectionDefinition {
  readonly id: number;
  /** Grows with each change of the definition; part of every compiled statement's key. */
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly fieldByName: ReadonlyMap<string, FieldDefinition>;
  /** Back-relations that other collections declare onto this one: name → {collection, field}. */
  readonly inverses: ReadonlyMap<string, { readonly collection: string; readonly field: string }>;
}

/** All schemas as one consistent picture; replaced whole when any definition changes. */
export interface Schemas {
  /** Changes whenever any collection changes. */
  readonly version: number;
  readonly byName: ReadonlyMap<string, Schema>;
  readonly byId: ReadonlyMap<number, Schema>;
}
