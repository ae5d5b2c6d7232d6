// What OAuth's `scope` of an access token comes to: the same narrowing that API keys have, beneath the rules of its user.
import type { ActorScope, RecordAction } from "../kernel/actor.ts";

/** Scopes that open records; every other one says only what a token tells about its user. */
const recordScopes: { readonly [scope: string]: readonly RecordAction[] } = {
  "records:read": ["list", "get"],
  "records:write": ["create", "update", "delete"],
};

/** A token without a scope opens nothing. */
export function scopeOfToken(scope: string | undefined): ActorScope {
  const names = scope?.split(" ") ?? [];
  const actions = Object.entries(recordScopes).flatMap(([name, allowed]) => (names.includes(name) ? allowed : []));
  const readOnly = !names.includes("records:write");
  return { collections: actions.length === 0 ? {} : { "*": actions }, readOnly, extra: [] };
}
