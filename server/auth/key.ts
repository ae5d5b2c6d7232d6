// What an API key is allowed: grants by collection id, which is also how its actor carries them; names are only shown.
import type { Actor } from "../kernel/actor.ts";
import type { Issue } from "../kernel/errors/index.ts";
import { newSecret } from "../kernel/ids.ts";
import { product } from "../kernel/product.ts";
import { errors } from "./errors.ts";
import type { Grant, KeyRow } from "./key-store.ts";
import type { ApiKey } from "./types.ts";

/** What this room needs to know about collections: which id a name has now. The collections' `Schemas` is one. */
export interface CollectionNames {
  readonly version: number;
  readonly byName: ReadonlyMap<string, { readonly id: number }>;
  readonly byId: ReadonlyMap<number, { readonly name: string }>;
}

/** Where the names come from; the collections' registry is one. */
export interface Collections {
  /** The names as this process knows them now. */
  current(): CollectionNames;
  /** The names after every change committed before this call. */
  refresh(): Promise<CollectionNames>;
}

/**
 * Bound to a user (`actAs`), a key is that user under the rules, still narrowed by its scope. Unbound, it passes record
 * rules inside its scope. Neither sees hidden fields nor is an admin.
 */
export function keyActor(key: KeyRow): Actor {
  const { actAs } = key;
  const collections = Object.fromEntries(key.grants.map(({ collection, actions }) => [collection, actions]));
  const scope = { collections, readOnly: key.readOnly, extra: key.extra };
  const nobody = { signedIn: false, roles: [], teams: [], claims: {} };
  return {
    kind: "key",
    label: `key:${key.id}`,
    passesRules: actAs === null,
    seesHidden: false,
    auth: actAs === null ? nobody : { ...actAs, signedIn: true },
    scope,
  };
}

/** Refuses names of no collection: a typing error must not wait as a grant for a collection made later. */
export function grantsOf(collections: ApiKey["collections"], names: CollectionNames): Grant[] {
  const issues: Issue[] = [];
  const grants: Grant[] = [];
  for (const [name, actions] of Object.entries(collections)) {
    const collection = name === "*" ? "*" : names.byName.get(name)?.id;
    if (collection !== undefined) grants.push({ collection, actions: [...new Set(actions)] });
    else
      issues.push({
        path: `/collections/${name}`,
        code: "unknown_collection",
        message: "There is no such collection.",
      });
  }
  if (issues.length > 0) throw errors.api_key_invalid({ issues });
  return grants;
}

/** A moment that has passed would make a key that never works. */
export function futureTime(expiresAt: string | null, nowMs: number): Date | null {
  if (expiresAt === null) return null;
  const time = new Date(expiresAt);
  if (time.getTime() > nowMs && time.getUTCFullYear() <= 9999) return time;
  const issue = { path: "/expiresAt", code: "not_in_the_future", message: "The moment has passed or is no date." };
  throw errors.api_key_invalid({ issues: [issue] });
}

/** A secret, and the two ends of it that may be kept in clear. */
export function newKeySecret(): { readonly secret: string; readonly prefix: string; readonly last4: string } {
  const secret = newSecret(product.secretPrefixes.apiKey);
  return { secret, prefix: secret.slice(0, product.secretPrefixes.apiKey.length + 4), last4: secret.slice(-4) };
}

export function keyView(key: KeyRow, names: CollectionNames): ApiKey {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    last4: key.last4,
    collections: shownGrants(key.grants, names),
    readOnly: key.readOnly,
    extra: [...key.extra],
    actAs: key.actAs,
    createdBy: key.createdBy,
    createdAt: key.createdAt.toISOString(),
    updatedAt: key.updatedAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}

/** By the names of now; grants for what is gone are not shown. */
function shownGrants(grants: readonly Grant[], names: CollectionNames): ApiKey["collections"] {
  const shown: ApiKey["collections"] = {};
  for (const { collection, actions } of grants) {
    const name = collection === "*" ? "*" : names.byId.get(collection)?.name;
    if (name !== undefined) shown[name] = [...actions];
  }
  return shown;
}
