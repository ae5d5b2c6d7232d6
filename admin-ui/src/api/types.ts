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
  readonly revokedAt?: string | null;
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
  readonly clause: string;
  readonly requestId: string;
}

export interface ServerStatus {
  readonly version: string;
  readonly [member: string]: JsonValue | undefined;
}

/** One line of an import's answer. */
export interface ImportProgress {
  readonly id: string;
  readonly state?: string;
  readonly rows?: number;
  readonly created?: number;
  readonly failed?: number;
  readonly errors?: readonly { readonly row: number; readonly message: string; readonly path?: string }[];
}
