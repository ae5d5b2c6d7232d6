// A collection's definition as the API takes and shows it.
import type { JsonValue } from "./json.ts";

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
export type FieldType = (typeof fieldTypes)[number];

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

/** What can be done to records, each with a rule of its own. */
export const recordActions = ["list", "get", "create", "update", "delete"] as const;
export type RecordAction = (typeof recordActions)[number];
export type RuleSet = { readonly [action in RecordAction]?: string | null };

export interface CollectionDefinition {
  readonly name: string;
  readonly kind: "base";
  readonly fields: readonly FieldDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly rules: RuleSet;
  /** Updates and deletes must carry `If-Match` (428 otherwise). */
  readonly preconditionRequired: boolean;
}
