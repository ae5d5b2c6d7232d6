// Sessions bound to a key of their device (RFC 9449): a sign-in that comes with a proof binds the session to the proof's key, and
// from then on every refresh must prove that key. Whoever carries off a refresh token alone carries off nothing.
//
// A proof is good for one request (htm, htu), for a minute around its `iat`, once. `htu` is compared with the public URL, never
// with a header of the request. Access tokens stay bearer tokens of ten minutes; that is for the app's own client enough.
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from "jose";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { hashSecret } from "../kernel/ids.ts";
import { errors } from "./errors.ts";

/** Clocks of phones differ, and requests wait in queues. */
const windowMs = 60_000;
/** Asymmetric, and in the keystores of phones and browsers. */
const algorithms = ["ES256", "ES384", "EdDSA", "Ed25519", "RS256", "PS256"];
const jtiLengthMax = 200;

export interface DpopRequest {
  readonly headers: { readonly [name: string]: string | undefined };
  readonly method: string;
  /** From the root, as routes declare it. */
  readonly path: string;
}

/** RFC 7638 thumbprint of the key that a request proves to have; undefined without a proof. Rejects with `dpop_invalid` (401). */
export type ProvenKey = (ctx: Pick<Context, "db" | "nowMs">, request: DpopRequest) => Promise<string | undefined>;

export function createProvenKey(publicUrl: string): ProvenKey {
  const base = publicUrl.replace(/\/+$/, "");
  return async (ctx, { headers, method, path }) => {
    const { dpop } = headers;
    if (dpop === undefined) return undefined;
    const { protectedHeader, payload } = await verified(dpop, ctx.nowMs);
    const { htm, htu, iat, jti } = payload;
    if (htm !== method || typeof htu !== "string" || !isSameTarget(htu, base + path)) throw errors.dpop_invalid();
    if (typeof iat !== "number" || Math.abs(ctx.nowMs - iat * 1000) > windowMs) throw errors.dpop_invalid();
    if (typeof jti !== "string" || jti.length === 0 || jti.length > jtiLengthMax) throw errors.dpop_invalid();
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as JWK);
    const isNew = await takeProof(ctx.db, hashSecret(`${thumbprint} ${jti}`), ctx.nowMs + 2 * windowMs);
    if (!isNew) throw errors.dpop_invalid();
    return thumbprint;
  };
}

/** Signed by the key that it carries, which is a public one. */
async function verified(proof: string, nowMs: number) {
  try {
    const found = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt", algorithms, currentDate: new Date(nowMs) });
    if ("d" in (found.protectedHeader.jwk ?? {})) throw new Error("holds a private key");
    return found;
  } catch (cause) {
    throw errors.dpop_invalid({ cause });
  }
}

/** §4.3: without query and fragment, after normalisation (RFC 3986 §6.2.2). */
function isSameTarget(htu: string, expected: string): boolean {
  if (!URL.canParse(htu)) return false;
  const said = new URL(htu);
  return said.username === "" && said.password === "" && said.origin + said.pathname === new URL(expected).href;
}

/** False when the proof was taken before, by whichever process. */
async function takeProof(db: Db, hash: string, expiresAtMs: number): Promise<boolean> {
  const rows = await db.query({
    name: "auth_dpop_take",
    text: `INSERT INTO landfall."dpopProof" (hash, "expiresAt") VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING RETURNING 1`,
    values: [hash, new Date(expiresAtMs).toISOString()],
  });
  return rows.length > 0;
}

export async function sweepProofs(db: Db, nowMs: number): Promise<void> {
  const text = `DELETE FROM landfall."dpopProof" WHERE "expiresAt" <= $1`;
  await db.query({ text, values: [new Date(nowMs).toISOString()] });
}
