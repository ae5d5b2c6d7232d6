// Proofs of a key that come with an access token (DPoP, RFC 9449 §4.3 and §7). They are judged on every call, hence in memory; those
// at doors that give tokens out are dpop.ts' matter, which keeps them in the database. A proof counts for one method and address
// of ours, for one access token, for a minute, and once. Addresses are compared with the public URL, never with what a request
// says of its host.
import { createHash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import type { Clock } from "../kernel/clock.ts";

export interface GivenProof {
  /** The `DPoP` header. */
  readonly proof: string | string[] | undefined;
  readonly method: string;
  /** As the request line has it, without query. */
  readonly path: string;
  /** Sent beside it; absent at doors that give tokens out. */
  readonly accessToken?: string | undefined;
}

export interface Proofs {
  /** RFC 7638 thumbprint of the key; undefined: no proof, or none for this request. */
  thumbprintOf(given: GivenProof): Promise<string | undefined>;
}

export interface ProofOptions {
  readonly publicUrl: string;
  readonly clock: Clock;
}

export const proofAlgorithms = ["ES256", "Ed25519"];
/** Clocks of phones are off, and requests travel. */
const ageMaxMs = 60_000;
const aheadMaxMs = 10_000;
const lengthMax = 4_096;

export function createProofs({ publicUrl, clock }: ProofOptions): Proofs {
  const base = publicUrl.replace(/\/$/, "");
  const isFirst = createMemory(clock);

  return {
    async thumbprintOf({ proof, method, path, accessToken }) {
      if (typeof proof !== "string" || proof.length > lengthMax) return undefined;
      const claims = await claimsOf(proof, clock.now());
      if (claims === undefined || claims.htm !== method || addressOf(claims.htu) !== addressOf(base + path))
        return undefined;
      if (accessToken !== undefined && claims.ath !== hashOf(accessToken)) return undefined;
      const ageMs = clock.now() - claims.iat * 1000;
      if (ageMs > ageMaxMs || ageMs < -aheadMaxMs) return undefined;
      return isFirst(`${claims.thumbprint} ${claims.jti}`) ? claims.thumbprint : undefined;
    },
  };
}

interface ProofClaims {
  readonly htm: unknown;
  readonly htu: unknown;
  readonly ath: unknown;
  readonly iat: number;
  readonly jti: string;
  readonly thumbprint: string;
}

/** Signed by the key that it names, which is a public one; nothing else about it is judged here. */
async function claimsOf(proof: string, nowMs: number): Promise<ProofClaims | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify<Record<string, unknown>>(proof, EmbeddedJWK, {
      ...{
        algorithms: proofAlgorithms,
        typ: "dpop+jwt",
        currentDate: new Date(nowMs),
        clockTolerance: aheadMaxMs / 1000,
      },
    });
    const { htm, htu, ath, iat, jti } = payload;
    if (typeof iat !== "number" || typeof jti !== "string" || jti === "" || protectedHeader.jwk === undefined)
      return undefined;
    return { htm, htu, ath, iat, jti, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk) };
  } catch {
    return undefined;
  }
}

/** Normalised as RFC 3986 §6.2.2 has it, query and fragment gone. */
function addressOf(address: unknown): string | undefined {
  if (typeof address !== "string" || !URL.canParse(address)) return undefined;
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");

/**
 * Whether a proof was not seen before in its time: two generations, so that nothing needs a timer. Each process has its own;
 * a proof that is stolen in transit could be shown once to another process within its minute, for the same call.
 */
function createMemory(clock: Clock): (proof: string) => boolean {
  const lifeMs = ageMaxMs + aheadMaxMs;
  let young = new Set<string>();
  let old = new Set<string>();
  let turnedMs = clock.monotonicMs();
  return (proof) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - turnedMs >= lifeMs) {
      old = nowMs - turnedMs >= 2 * lifeMs ? new Set() : young;
      young = new Set();
      turnedMs = nowMs;
    }
    if (young.has(proof) || old.has(proof)) return false;
    young.add(proof);
    return true;
  };
}
