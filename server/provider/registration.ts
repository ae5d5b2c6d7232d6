// A program that registers itself (RFC 7591). It gets a row like every other client, held to the same rules, and is shown as
// one that nobody here vouches for.
import type { ClientMetadata } from "oidc-provider";
import type { SharedSignIn } from "../auth/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { hashSecret } from "../kernel/ids.ts";
import { redirectFault } from "./client.ts";
import { type ClientType, insertClient } from "./client-store.ts";
import { scopeNames, scopesIn } from "./scopes.ts";

/** Whose users it may sign in: a program that comes by itself knows of no other collection. */
const collection = "users";

export interface Registering {
  readonly nowMs: number;
  /** The protocol's `invalid_client_metadata`. */
  readonly refuse: (message: string) => never;
}

/** `metadata` is what the library found to be in order. */
export async function registerClient(
  db: Db,
  shared: SharedSignIn,
  metadata: ClientMetadata,
  { nowMs, refuse }: Registering,
): Promise<void> {
  const type = typeOf(metadata);
  const redirectUris = [...(metadata.redirect_uris ?? [])];
  const signOutRedirectUris = [...(metadata.post_logout_redirect_uris ?? [])];
  if (metadata.grant_types?.includes("client_credentials")) refuse("a program that acts for itself is registered by an admin"); // biome-ignore format: one line
  if (redirectUris.length === 0) refuse("redirect_uris must contain members");
  if (redirectUris.length + signOutRedirectUris.length > 20) refuse("there are more than 20 addresses");
  for (const uri of [...redirectUris, ...signOutRedirectUris]) {
    const fault = redirectFault(type, uri);
    if (fault !== undefined) refuse(`an address ${fault}`);
  }
  const row = await insertClient(
    db,
    {
      ...{ id: metadata.client_id, type, redirectUris, signOutRedirectUris, registered: true, grants: [] },
      name: shownName(metadata.client_name),
      collectionId: shared.collectionOf(collection).id,
      scopes: metadata.scope === undefined ? scopeNames : scopesIn(metadata.scope),
      secretHash: metadata.client_secret === undefined ? null : hashSecret(metadata.client_secret),
      ...{ homeUrl: null, logoUrl: null, createdBy: "registration" },
    },
    nowMs,
  );
  if (row === undefined) refuse("no more programs can register here");
}

function typeOf({ application_type, token_endpoint_auth_method }: ClientMetadata): ClientType {
  if (token_endpoint_auth_method !== "none") return "web";
  return application_type === "native" ? "native" : "spa";
}

/** Its own words, bounded and without what could dress them up. */
const shownName = (name: string | undefined): string =>
  (name ?? "").replace(/[\p{C}]/gu, "").trim().slice(0, 100) || "A program without a name"; // biome-ignore format: a chain
