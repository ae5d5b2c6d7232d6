// One-time codes by time (RFC 6238) as authenticator apps know them: SHA-1, six digits, 30 seconds; other values are ignored by
// widespread apps. And recovery codes, for when the phone is gone.
import { randomInt } from "node:crypto";
import { generateSecret, generateURI, verifySync } from "otplib";
import { renderSVG } from "uqr";
import { hashSecret } from "../kernel/ids.ts";

/** One step before and after: clocks of phones differ, and people type slowly. */
const toleranceSeconds = 30;
const secretBytes = 20;

export interface TotpOffer {
  /** Base32, for typing. */
  readonly secret: string;
  readonly uri: string;
  /** The same as an image, an SVG document. */
  readonly qr: string;
}

export const newTotpSecret = (): string => generateSecret({ length: secretBytes });

/** What an authenticator app needs. The label is what its user tells accounts apart by. */
export function totpOffer(secret: string, issuer: string, label: string): TotpOffer {
  const uri = generateURI({ issuer, label, secret });
  return { secret, uri, qr: renderSVG(uri) };
}

/** The time step whose code this is, within one step of now; undefined when it is none. That no step counts twice is the store's to see to. */
export function totpStep(secret: string, code: string, nowMs: number): number | undefined {
  const result = verifySync({ secret, token: code, epoch: Math.floor(nowMs / 1000), epochTolerance: toleranceSeconds });
  return result.valid && "timeStep" in result ? result.timeStep : undefined;
}

/** Crockford's: no I, L, O or U. 32 letters, so 16 of them are 80 bits. */
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const recoveryCodes = 10;

/** Ten codes such as `7Q2M-X0VD-K9TR-3HBN`. */
export function newRecoveryCodes(): string[] {
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join("");
  return Array.from({ length: recoveryCodes }, () => [group(), group(), group(), group()].join("-"));
}

/** However it was typed: case, spaces and hyphens say nothing, and O, I and L are what they look like. */
export function recoveryCodeHash(typed: string): string {
  const plain = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return hashSecret(plain);
}
