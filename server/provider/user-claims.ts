// What a client learns about a user: the standard claims (OpenID Connect Core §5.1) that the granted scopes open, read from the
// account and from the record as its own user may see it. A field that the rules hide from them is told to nobody.
import type { AccountRow } from "../auth/index.ts";

/** Claims by the scope that opens them. */
export const claimsOfScope = {
  openid: ["sub"],
  profile: ["name", "preferred_username", "picture", "locale", "updated_at"],
  email: ["email", "email_verified"],
};

export interface UserClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export function userClaims(
  account: AccountRow,
  record: { readonly [field: string]: unknown },
  scopes: readonly string[],
): UserClaims {
  const all: { readonly [claim: string]: unknown } = {
    name: text(record.name),
    preferred_username: account.username ?? undefined,
    picture: text(record.picture),
    locale: account.locale ?? undefined,
    updated_at: seconds(record.updatedAt),
    email: account.email ?? undefined,
    email_verified: account.email === null ? undefined : account.emailVerifiedAt !== null,
  };
  const named = [claimsOfScope.profile, claimsOfScope.email].filter((_, at) => scopes.includes(at === 0 ? "profile" : "email")); // biome-ignore format: one line
  const told = named.flat().flatMap((claim) => (all[claim] === undefined ? [] : [[claim, all[claim]] as const]));
  return { sub: account.recordId, ...Object.fromEntries(told) };
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

function seconds(time: unknown): number | undefined {
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
