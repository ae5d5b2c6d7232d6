// The API's shapes as the console reads them, under the names its screens use.

import {
  type FieldDefinition as Field,
  type FieldType,
  fieldTypes,
  type IndexDefinition,
  type JsonValue,
  type RecordAction as RuleName,
  type RuleSet as Rules,
  recordActions as ruleNames,
} from "@landfall/client/wire";

export {
  type Field,
  type FieldType,
  fieldTypes,
  type IndexDefinition,
  type JsonValue,
  type RuleName,
  type Rules,
  ruleNames,
};

export interface Collection {
  readonly name: string;
  readonly kind: "base" | "auth";
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

export interface BackupFinding {
  readonly at: string;
  readonly ok: boolean;
  /** What is wrong with the file, or what a restore of it would lack. */
  readonly message: string | null;
  readonly tables: number | null;
  readonly rows: number | null;
  readonly tookMs: number;
}

export interface Backup {
  readonly name: string;
  readonly kind: "scheduled" | "by-hand" | "before-migration";
  readonly at: string;
  readonly bytes: number;
  /** Null when the beginning of the file cannot be read. */
  readonly encrypted: boolean | null;
  /** Null when the file is encrypted. */
  readonly version: string | null;
  readonly verified: BackupFinding | null;
}

export interface BackupWork {
  readonly kind: "take" | "verify";
  readonly name: string;
  readonly startedAt: string;
  readonly done: number;
  readonly total: number | null;
  readonly outcome: "running" | "done" | "failed" | "cancelled";
  readonly message: string | null;
}

export interface BackupPlan {
  readonly schedule: string | null;
  readonly nextAt: string | null;
  /** Of a scheduled backup that runs now. */
  readonly runningSince: string | null;
  readonly keep: number;
  readonly beforeMigration: boolean;
  readonly folder: string;
  readonly encrypted: boolean;
  readonly freeBytes: number | null;
  readonly lastSuccess: { readonly at: string } | null;
  readonly warning: string | null;
}

export interface Backups extends Page<Backup> {
  /** What runs, or ran last. */
  readonly work: BackupWork | null;
  readonly plan: BackupPlan;
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

/** A kind of provider of sign-in, and what to do at it. */
export interface ProviderPreset {
  readonly name: string;
  readonly label: string;
  readonly issuer: "required" | "optional" | "fixed";
  /** The secret is Apple's key file. */
  readonly keyFile: boolean;
  readonly scopes: readonly string[];
  /** Native apps may sign in with its id tokens. */
  readonly idTokens: boolean;
  readonly setup: { readonly url: string; readonly steps: readonly string[] };
}

export const profileClaims = ["name", "givenName", "familyName", "picture", "username", "locale"] as const;
export type ProfileClaim = (typeof profileClaims)[number];

export interface ProviderInput {
  readonly preset: string;
  readonly enabled: boolean;
  readonly label?: string | undefined;
  readonly clientId: string;
  /** Absent: the stored one stays. */
  readonly clientSecret?: string | undefined;
  readonly issuer?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly audiences: readonly string[];
  readonly fields: { readonly [field: string]: ProfileClaim };
  readonly apple?: { readonly teamId: string; readonly keyId: string } | undefined;
}

export interface Provider extends Omit<ProviderInput, "clientSecret"> {
  readonly name: string;
  readonly hasSecret: boolean;
  readonly redirectUrl: string;
  readonly updatedAt: string;
}

export interface ProviderTest {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly name: "returns" | "discovery" | "client" | "redirect" | "secret";
    readonly verdict: "right" | "wrong" | "unknown";
    readonly says: string;
  }[];
}
