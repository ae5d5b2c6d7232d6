// The API's shapes as the console reads them. Collections and fields follow the public contract word for word.

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

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

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required?: boolean;
  readonly many?: boolean;
  readonly hidden?: boolean;
  readonly default?: JsonValue;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly pattern?: string;
  readonly values?: readonly string[];
  readonly collection?: string;
  readonly onDelete?: "cascade" | "setNull" | "restrict";
  readonly inverse?: string;
  readonly on?: "create" | "update";
  readonly rules?: { readonly read?: string; readonly write?: string };
}

export interface IndexDefinition {
  readonly fields: readonly string[];
  readonly unique?: boolean;
}

export const ruleNames = ["list", "get", "create", "update", "delete"] as const;
export type RuleName = (typeof ruleNames)[number];
export type Rules = { readonly [name in RuleName]?: string | null };

export interface Collection {
  readonly name: string;
  readonly kind: "base";
  readonly fields: readonly Field[];
  readonly indexes: readonly IndexDefinition[];
  readonly rules: Rules;
  readonly preconditionRequired?: boolean;
  /** The planner's idea of the number of records: cheap, and said to be an estimate. */
  readonly estimatedCount?: number;
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

export interface Row {
  readonly id: string;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  readonly version?: number;
  readonly [field: string]: JsonValue | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly count?: number;
}

export interface Admin {
  readonly id: string;
  readonly email: string;
  readonly role: string;
}

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
  readonly admin: Admin;
  /** Signed in with a one-time password; a new one must be set. */
  readonly mustChangePassword?: boolean;
}

export type KeyExtra = "schema:read" | "schema:write" | "metrics";

export interface KeyActor {
  readonly id: string;
  readonly roles: readonly string[];
  readonly teams: readonly string[];
  readonly claims: { readonly [name: string]: JsonValue };
}

export interface KeyInput {
  readonly name: string;
  readonly collections: { readonly [collection: string]: readonly RuleName[] };
  readonly readOnly: boolean;
  readonly extra: readonly KeyExtra[];
  readonly expiresAt: string | null;
  readonly actAs: KeyActor | null;
}

export interface ApiKey extends KeyInput {
  readonly id: string;
  readonly createdAt: string;
  readonly lastUsedAt?: string | null;
  /** First characters and last four of the secret, to recognise it by. */
  readonly prefix: string;
  readonly last4: string;
}

/** Only in the answer that made it. */
export interface NewApiKey extends ApiKey {
  readonly secret: string;
}

export interface Denial {
  readonly id: string;
  readonly at: string;
  readonly collection: string;
  readonly operation: RuleName;
  readonly actor: string;
  /** The part of the rule that did not hold. */
  readonly clause: string;
  readonly rule?: string | null;
  readonly record?: string | null;
  readonly field?: string | null;
  readonly requestId?: string;
  readonly door?: string;
}

export interface ServerStatus {
  readonly version: string;
  readonly publicUrl: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly database: { readonly version: string; readonly sizeBytes: number };
  readonly counts: { readonly [what: string]: number };
  /** What the rooms tell of themselves, such as the change log's lag. */
  readonly figures: { readonly [room: string]: JsonValue };
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

/** A set of rules a new collection may start from; `needs` is a field they speak of. */
export interface RuleSetOffer {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rules: Rules;
  readonly needs?: Field;
}

/** What became of the lines of one import request. */
export interface ImportAnswer {
  readonly imported: number;
  readonly failed?: number;
  /** `line` counts from 1 in what was sent. */
  readonly errors?: readonly { readonly line: number; readonly message: string; readonly path?: string }[];
}
