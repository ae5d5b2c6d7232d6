// A key while it is edited, and back to what the API takes.
import type { ApiKey, JsonValue, KeyExtra, KeyInput, RuleName } from "../api/types.ts";

export interface KeyScope {
  readonly collection: string;
  readonly actions: readonly RuleName[];
}

export interface KeyUserDraft {
  readonly id: string;
  readonly roles: readonly string[];
  readonly teams: readonly string[];
  /** JSON, as typed. */
  readonly claims: string;
}

/** `kept`: as it is; only a key that exists can say that. */
export type Expiry = "kept" | "none" | "7" | "30" | "90" | "365";

export interface KeyDraft {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly readOnly: boolean;
  readonly extra: readonly KeyExtra[];
  readonly expiry: Expiry;
  /** Null: the key is nobody, and passes rules inside its scope. */
  readonly user: KeyUserDraft | null;
}

export const nobodyYet: KeyUserDraft = { id: "", roles: [], teams: [], claims: "" };

export const newKey: KeyDraft = {
  name: "",
  scopes: [{ collection: "*", actions: ["list", "get"] }],
  readOnly: false,
  extra: [],
  expiry: "90",
  user: null,
};

export function draftOf(key: ApiKey): KeyDraft {
  const claims = key.actAs && Object.keys(key.actAs.claims).length > 0 ? JSON.stringify(key.actAs.claims, null, 2) : "";
  return {
    name: key.name,
    scopes: Object.entries(key.collections).map(([collection, actions]) => ({ collection, actions })),
    readOnly: key.readOnly,
    extra: key.extra,
    expiry: "kept",
    user: key.actAs ? { ...key.actAs, claims } : null,
  };
}

/** Undefined: not a JSON object. */
export function parseClaims(text: string): { readonly [name: string]: JsonValue } | undefined {
  if (text.trim() === "") return {};
  try {
    const value = JSON.parse(text) as JsonValue;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as { readonly [name: string]: JsonValue })
      : undefined;
  } catch {
    return undefined;
  }
}

export const isComplete = ({ name, user }: KeyDraft): boolean =>
  name.trim() !== "" && (user === null || (user.id !== "" && parseClaims(user.claims) !== undefined));

const dayMs = 86_400_000;

/** Everything but an expiry that is kept. */
export function inputOf(draft: KeyDraft, nowMs: number): Omit<KeyInput, "expiresAt"> & Partial<KeyInput> {
  const { user, expiry } = draft;
  return {
    name: draft.name.trim(),
    collections: Object.fromEntries(
      draft.scopes.filter(({ actions }) => actions.length > 0).map(({ collection, actions }) => [collection, actions]),
    ),
    readOnly: draft.readOnly,
    extra: draft.extra,
    actAs: user && { id: user.id, roles: user.roles, teams: user.teams, claims: parseClaims(user.claims) ?? {} },
    ...(expiry === "kept"
      ? {}
      : { expiresAt: expiry === "none" ? null : new Date(nowMs + Number(expiry) * dayMs).toISOString() }),
  };
}
