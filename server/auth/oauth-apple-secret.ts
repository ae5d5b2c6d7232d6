// Apple's client secret is a JWT that the client signs itself (ES256). Made for each use and good for five minutes, so that none
// is kept, runs out after half a year, or is worth stealing.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";

export interface AppleClient {
  readonly teamId: string;
  readonly keyId: string;
  /** The Services ID. */
  readonly clientId: string;
  /** The .p8 file. */
  readonly privateKey: string;
}

const lifeSeconds = 300;

/** Throws when the key is no EC key on P-256. */
export function appleClientSecret(client: AppleClient, audience: string, nowMs: number): string {
  const key = keyOf(client.privateKey);
  const issuedAt = Math.floor(nowMs / 1000);
  const claims = {
    ...{ iss: client.teamId, sub: client.clientId, aud: audience },
    ...{ iat: issuedAt, exp: issuedAt + lifeSeconds },
  };
  const signed = `${encoded({ alg: "ES256", kid: client.keyId })}.${encoded(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** Apple's keys are EC on P-256, in PKCS #8. */
export function isAppleKey(pem: string): boolean {
  try {
    return keyOf(pem) !== undefined;
  } catch {
    return false;
  }
}

function keyOf(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("the key is no EC key on P-256");
  return key;
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
