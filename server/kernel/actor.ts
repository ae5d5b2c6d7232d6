// Who is asking, as every room sees it: what credentials become, and what rules, scopes and limits are decided from.
import type { ActorAuth } from "@landfall/client/cel";
import type { RecordAction } from "@landfall/client/wire";

export type { ActorAuth, RecordAction };

/**
 * Who is asking. Every door turns its credential into one of these before anything else happens, and every decision
 * (rules, scopes, log entries, rate limits) is made from it alone.
 */
export interface Actor {
  readonly kind: "anonymous" | "user" | "admin" | "key" | "service";
  /** Stable text for the change log and for logs: `anonymous`, `admin:<id>`, `key:<id>`, `user:<id>`, `service`. */
  readonly label: string;
  /** Rules are not asked (admin, service key, a scoped key not bound to a user). */
  readonly passesRules: boolean;
  /** Hidden fields and field rules do not apply (admin, service key). */
  readonly seesHidden: boolean;
  /** What rules see as `auth`. `id` is absent, never null or empty, when nobody is signed in (CONTRACT §6). */
  readonly auth: ActorAuth;
  /** What a credential is narrowed to; absent: not narrowed. */
  readonly scope?: ActorScope;
}

export interface ActorScope {
  /** Per id of a collection, or `*` for every one, the actions allowed. A dropped and re-created name has another id. */
  readonly collections: { readonly [id: string]: readonly RecordAction[] };
  /** Refused on every unsafe route, whatever else is allowed. */
  readonly readOnly: boolean;
  /** Beyond records: `schema:read`, `schema:write`, `metrics`. */
  readonly extra: readonly ("schema:read" | "schema:write" | "metrics")[];
}

const nobody: ActorAuth = { signedIn: false, roles: [], teams: [], claims: {} };

export const anonymous: Actor = {
  kind: "anonymous",
  label: "anonymous",
  passesRules: false,
  seesHidden: false,
  auth: nobody,
};

/** The server itself: cascades, imports resumed at start, repairs. */
export const service: Actor = {
  kind: "service",
  label: "service",
  passesRules: true,
  seesHidden: true,
  auth: nobody,
};
