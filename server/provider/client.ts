// What a client may look like, and how the protocol sees one. A redirect is compared whole, character by character; the only
// leeway is the port of a native app's loopback address (RFC 8252 §7.3), which such an app learns at run time.
import type { ClientMetadata } from "oidc-provider";
import { hashSecret, newSecret } from "../kernel/ids.ts";
import { product } from "../kernel/product.ts";
import type { ClientRow, ClientType } from "./client-store.ts";

export const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

/** Programs that run where nobody else looks can keep a secret; those on a person's device cannot. */
export const keepsSecret = (type: ClientType): boolean => type === "web" || type === "machine";

export function newClientSecret(): { readonly secret: string; readonly secretHash: string } {
  const secret = newSecret(product.secretPrefixes.client);
  return { secret, secretHash: hashSecret(secret) };
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Schemes that run or read something instead of leading to a program. */
const harmful = /^(?:javascript|vbscript|data|blob|file|about|filesystem|view-source|ws|wss|ftp):$/;

/** What is wrong with a redirect of this type of client; undefined: nothing. */
export function redirectFault(type: ClientType, uri: string): string | undefined {
  if (!/^[\x21-\x7e]{1,500}$/.test(uri) || !URL.canParse(uri)) return "is no absolute address of visible ASCII";
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes("#")) return "has a fragment";
  if (uri.includes("*") || uri.includes("\\")) return "has a wildcard or a backslash: addresses are compared whole";
  if (username !== "" || password !== "") return "has a user name in it";
  if (harmful.test(protocol)) return "has a scheme that leads to no program";
  if (protocol === "http:" && !loopback.has(hostname)) return "is neither https nor on this machine";
  if (type === "native")
    return protocol === "https:" && loopback.has(hostname) ? "is https on this machine" : undefined;
  return protocol === "https:" || protocol === "http:" ? undefined : "has a scheme that only native apps may have";
}

const grantTypes: { readonly [type in ClientType]: readonly string[] } = {
  web: ["authorization_code", "refresh_token"],
  spa: ["authorization_code", "refresh_token"],
  native: ["authorization_code", "refresh_token", deviceGrant],
  machine: ["client_credentials"],
};

/** As OpenID Connect Dynamic Client Registration 1.0 §2 names it. The secret is known by its hash only. */
export function metadataOf(client: ClientRow): ClientMetadata {
  const { type } = client;
  const signsIn = client.redirectUris.length > 0;
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: type === "native" ? "native" : "web",
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.signOutRedirectUris],
    response_types: signsIn ? ["code"] : [],
    grant_types: grantTypes[type].filter((grant) => signsIn || grant !== "authorization_code"),
    token_endpoint_auth_method: keepsSecret(type) ? "client_secret_basic" : "none",
    ...(client.secretHash !== null && { client_secret: client.secretHash }),
    ...(client.scopes.length > 0 && { scope: client.scopes.join(" ") }),
    ...(client.homeUrl !== null && { client_uri: client.homeUrl }),
    ...(client.logoUrl !== null && { logo_uri: client.logoUrl }),
  };
}

/** Origins whose pages may talk to the token endpoint: those of a public client's own pages, and no other. */
export function isOwnOrigin(redirectUris: readonly string[], origin: string): boolean {
  return redirectUris.some((uri) => /^https?:/.test(uri) && URL.canParse(uri) && new URL(uri).origin === origin);
}
