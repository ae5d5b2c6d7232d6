// Id tokens that an app got by itself, from the sign-in built into its platform. Believed is what an issuer signed for one of the
// client ids set up here, with the nonce of this sign-in, once. The keys are the issuer's by discovery; nothing in the token
// says where to find one (T05).
import { createHash } from "node:crypto";
import {
  createRemoteJWKSet,
  customFetch,
  type JWTPayload,
  type JWTVerifyGetKey,
  errors as jose,
  jwtVerify,
} from "jose";
import { hashSecret } from "../kernel/ids.ts";
import type { Outbound } from "../kernel/outbound.ts";
import { createRemembered } from "./oauth-cache.ts";
import { identityOf } from "./oauth-claims.ts";
import { UpstreamError } from "./oauth-driver.ts";
import type { Provider, UpstreamIdentity } from "./oauth-types.ts";

export interface GivenIdToken {
  readonly idToken: string;
  /** As the app made it. The token holds it, or its SHA-256 in hex, which is what Apple's and Google's libraries are given. */
  readonly nonce: string;
}

export interface VerifiedIdToken {
  readonly identity: UpstreamIdentity;
  /** To be spent: a token signs in once. */
  readonly hash: string;
  readonly expiresAtMs: number;
}

export interface IdTokens {
  /** Undefined: not to be believed. Rejects with an UpstreamError when the issuer's keys cannot be had. */
  verify(provider: Provider, given: GivenIdToken, nowMs: number): Promise<VerifiedIdToken | undefined>;
}

/** Signatures that only the issuer can make. None of them is symmetric: a client id and a public key are no secrets. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const toleranceSeconds = 30;

interface Issuer {
  /** As the metadata says it: with `{tenantid}` where each tenant is an issuer of its own (Microsoft). */
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
}

export function createIdTokens(outbound: Outbound): IdTokens {
  const issuers = createRemembered<Issuer>();
  return {
    async verify(provider, given, nowMs) {
      const issuer = await issuers(provider.issuer, () => discover(outbound, provider));
      const claims = await claimsOf(provider, issuer, given.idToken, nowMs);
      if (claims === undefined || !isNonce(claims.nonce, given.nonce)) return undefined;
      // Of several spellings of an issuer one makes the identity.
      const isAlias = provider.preset.issuerAliases?.includes(claims.iss ?? "") === true;
      const said = { provider: provider.name, issuer: isAlias ? provider.issuer : String(claims.iss) };
      const identity = identityOf({ ...said, document: claims, claims: provider.preset.claims });
      if (identity === undefined) return undefined;
      const expiresAtMs = ((claims.exp as number) + toleranceSeconds) * 1000;
      return { identity, hash: hashSecret(given.idToken.split(".").slice(0, 2).join(".")), expiresAtMs };
    },
  };
}

async function claimsOf(
  provider: Provider,
  issuer: Issuer,
  token: string,
  nowMs: number,
): Promise<JWTPayload | undefined> {
  const audience = [provider.config.clientId, ...provider.config.audiences];
  try {
    const { payload, protectedHeader } = await jwtVerify(token, issuer.keys, {
      ...{ algorithms, audience, requiredClaims: ["iss", "sub", "aud", "exp", "iat", "nonce"] },
      ...{ currentDate: new Date(nowMs), clockTolerance: toleranceSeconds },
    });
    const { iss, aud, azp, iat, tid } = payload as JWTPayload & { azp?: unknown; tid?: unknown };
    const issuers = [expected(issuer.issuer, tid), ...(provider.preset.issuerAliases ?? [])];
    const isOurs = typeof aud === "string" || (Array.isArray(aud) && aud.every((one) => audience.includes(one)));
    const isForUs = typeof aud === "string" || audience.includes(String(azp));
    // An access token or a logout token of the same issuer says so in its type, and is no sign-in.
    const isIdToken = protectedHeader.typ === undefined || protectedHeader.typ.toLowerCase() === "jwt";
    const isMade = (iat as number) * 1000 <= nowMs + toleranceSeconds * 1000;
    return isIdToken && isMade && isOurs && isForUs && issuers.includes(iss as string) ? payload : undefined;
  } catch (error) {
    if (error instanceof jose.JOSEError && !keyFaults.has(error.code)) return undefined;
    throw new UpstreamError(`${provider.name}: the issuer's keys cannot be had`, { cause: error });
  }
}

/** Not the token's fault: the issuer answered with something else than keys, or not at all. */
const keyFaults = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_INVALID", "ERR_JWKS_TIMEOUT"]);

const expected = (issuer: string, tid: unknown): string =>
  typeof tid === "string" && /^[0-9a-f-]{36}$/.test(tid) ? issuer.replace("{tenantid}", tid) : issuer;

function isNonce(claim: unknown, nonce: string): boolean {
  return claim === nonce || claim === createHash("sha256").update(nonce).digest("hex");
}

/** The issuer's metadata and, through the guarded way out, its keys. Issuers with endpoints of their own may be discovered too. */
async function discover(outbound: Outbound, provider: Provider): Promise<Issuer> {
  const answer = await outbound
    .fetch(`${provider.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
    .then(async (got) => (got.status === 200 ? ((await got.json()) as { issuer?: unknown; jwks_uri?: unknown }) : {}))
    .catch((error: unknown) => {
      throw new UpstreamError(`${provider.name}: the issuer cannot be discovered`, { cause: error });
    });
  const { issuer, jwks_uri: jwksUri } = answer;
  if (
    typeof issuer !== "string" ||
    typeof jwksUri !== "string" ||
    !URL.canParse(jwksUri) ||
    !isSame(issuer, provider.issuer)
  )
    throw new UpstreamError(`${provider.name}: what is found at the issuer's address is not its metadata`);
  const fetch = (url: string, options: { method: "GET"; headers: Headers; signal: AbortSignal }) =>
    outbound.fetch(url, { method: options.method, headers: [...options.headers], signal: options.signal });
  return { issuer, keys: createRemoteJWKSet(new URL(jwksUri), { [customFetch]: fetch }) };
}

/** Microsoft's issuers for many tenants name a template; every other one names itself. */
function isSame(found: string, asked: string): boolean {
  if (new URL(asked).origin === "https://login.microsoftonline.com" && found.startsWith("https://login.microsoftonline.com/")) return true; // biome-ignore format: one line
  return found.replace(/\/$/, "") === asked.replace(/\/$/, "");
}
