// From what a provider says of a user to what we take of it, by the paths that its preset lists. Everything is a stranger's
// text: bounded, of the expected type, or left out.
import type { Claims, ProfileClaim } from "./oauth-presets.ts";
import type { UpstreamIdentity } from "./oauth-types.ts";
import { emailSchema } from "./types.ts";

export interface Said {
  readonly provider: string;
  readonly issuer: string;
  readonly document: unknown;
  readonly claims: Claims;
}

/** Undefined without a subject, which is half of an identity. */
export function identityOf({ provider, issuer, document, claims }: Said): UpstreamIdentity | undefined {
  const subject = at(document, claims.subject);
  const id = typeof subject === "number" && Number.isSafeInteger(subject) ? String(subject) : subject;
  if (typeof id !== "string" || id === "" || id.length > 255) return undefined;
  const email = claims.email === undefined ? null : addressOf(at(document, claims.email));
  const profile: { [claim in ProfileClaim]?: string } = {};
  for (const [claim, path] of Object.entries(claims.profile)) {
    const text = at(document, path);
    if (typeof text === "string" && text !== "" && text.length <= 500) profile[claim as ProfileClaim] = text;
  }
  return {
    provider,
    issuer,
    subject: id,
    email,
    emailVerified: email !== null && isVouched(document, claims),
    profile,
  };
}

/** Ours is the one equality rule of docs/decisions/030-identity.md; an address beyond it is no address to us. */
export const addressOf = (value: unknown): string | null => (emailSchema.safeParse(value).success ? (value as string) : null); // biome-ignore format: one line

/** Apple says "true", Microsoft 1. Whatever else it says is no. */
export const isTrue = (value: unknown): boolean => value === true || value === "true" || value === 1 || value === "1";

function isVouched(document: unknown, { emailVerified }: Claims): boolean {
  if (emailVerified === "never") return false;
  return emailVerified === "always" || isTrue(at(document, emailVerified));
}

function at(document: unknown, path: string): unknown {
  let value = document;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
