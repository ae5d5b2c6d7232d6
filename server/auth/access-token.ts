// Access tokens: JWTs (RFC 9068) that live for minutes and that any service can verify by the published keys. Here a signature
// alone is not enough: the session behind it must be alive, which the authenticator asks once and is then told.
import { jwtVerify, SignJWT } from "jose";
import type { Clock } from "../kernel/clock.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { TokenKeys } from "./token-key.ts";

export interface AccessClaims {
  /** The user's id: `auth.id`. */
  readonly subject: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly collection: string;
  /** Whom the token was issued to: a client of the provider, or the app itself. */
  readonly clientId: string;
  /** RFC 7638 thumbprint of the key that a request must prove it has (RFC 9449 §6.1). */
  readonly keyThumbprint?: string | undefined;
  /** Further claims, as the before-token hook and the provider's scopes name them. Registered names are not theirs to set. */
  readonly extra?: { readonly [name: string]: unknown } | undefined;
}

export interface AccessTokens {
  readonly issuer: string;
  readonly audience: string;
  issue(claims: AccessClaims, lifeMs: number): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
  /** Undefined for whatever is not a live access token of ours for this API. */
  verify(token: string): Promise<VerifiedToken | undefined>;
}

export interface VerifiedToken {
  readonly subject: string;
  readonly sessionId: string;
  readonly expiresAtMs: number;
  readonly keyThumbprint?: string | undefined;
  /** Whom it was issued to. */
  readonly clientId: string | undefined;
  /** What a token of a client of the provider is narrowed to, as OAuth writes it; absent: not narrowed. */
  readonly scope?: string | undefined;
}

export interface AccessTokenOptions {
  readonly keys: TokenKeys;
  readonly clock: Clock;
  /** The public URL of the server, which is issuer and audience; never taken from a request. */
  readonly publicUrl: string;
}

const type = "at+jwt";
/** Three parts of base64url: nothing else is looked at. */
const form = /^eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{86}$/;

export const looksLikeAccessToken = (token: string): boolean => form.test(token);

export function createAccessTokens({ keys, clock, publicUrl }: AccessTokenOptions): AccessTokens {
  const issuer = publicUrl.replace(/\/$/, "");
  const audience = `${issuer}/v1`;
  return {
    issuer,
    audience,
    async issue(claims, lifeMs) {
      const { kid, key } = await keys.signing();
      const issuedAt = Math.floor(clock.now() / 1000);
      const expiresAt = issuedAt + Math.floor(lifeMs / 1000);
      const token = await new SignJWT({
        ...claims.extra,
        sid: claims.sessionId,
        roles: [...claims.roles],
        collection: claims.collection,
        client_id: claims.clientId,
        ...(claims.keyThumbprint && { cnf: { jkt: claims.keyThumbprint } }),
      })
        .setProtectedHeader({ alg: "ES256", typ: type, kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(claims.subject)
        .setJti(uuidv7(clock.now()))
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(key);
      return { token, expiresAtMs: expiresAt * 1000 };
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keyOf(keys), {
          algorithms: ["ES256"],
          issuer,
          audience,
          typ: type,
          requiredClaims: ["sub", "sid", "exp", "iat"],
          currentDate: new Date(clock.now()),
          clockTolerance: 5,
        });
        return verified(payload as unknown as Claims);
      } catch {
        return undefined;
      }
    },
  };
}

interface Claims {
  readonly sub: string;
  readonly sid: unknown;
  readonly exp: number;
  readonly client_id?: string;
  readonly scope?: string;
  readonly cnf?: { readonly jkt?: string };
}

function verified({ sub, sid, exp, client_id, scope, cnf }: Claims): VerifiedToken | undefined {
  if (typeof sid !== "string") return undefined;
  const life = { subject: sub, sessionId: sid, expiresAtMs: exp * 1000 };
  return { ...life, clientId: client_id, scope, keyThumbprint: cnf?.jkt };
}

/** By key id among ours, and nothing else: `jwk`, `jku` and `x5u` in a header are not read. */
const keyOf = (keys: TokenKeys) => async (header: { kid?: string }) => {
  const key = header.kid === undefined ? undefined : await keys.verifying(header.kid);
  if (key === undefined) throw new Error("unknown key");
  return key;
};
