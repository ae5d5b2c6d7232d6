// One sign-in through a provider, from the app and back to it:
//
//   app ── start (redirect, code challenge, state) ──> here ── state, nonce, PKCE ──> provider
//   app <── redirect with a code, for two minutes ──── here <── callback: who it is ── provider
//   app ── exchange (code, code verifier) ───────────> here: the account is found or made, the session opened
//
// What must be known again stands in challenges, sealed; each is spent by the first that shows it. Nothing is kept in memory or
// in a cookie: the app's own verifier ties the end to the beginning, so a code that leaks, or that somebody else's sign-in
// brought into this app, opens nothing.
import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import type { ChallengePurpose, SpentChallenge } from "./challenge.ts";
import { errors } from "./errors.ts";
import { type Driver, type Kept, UpstreamError } from "./oauth-driver.ts";
import { providerByName } from "./oauth-provider-store.ts";
import type { Providers } from "./oauth-providers.ts";
import type { UpstreamIdentity } from "./oauth-types.ts";
import { checkRedirect, withParameters } from "./redirect.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import type { UserCollection } from "./user-create.ts";

export interface OAuthDeps extends SignInDeps {
  readonly providers: Providers;
  readonly upstreamOf: Driver;
  readonly publicUrl: string;
}

const stateMs = 10 * 60_000;
const codeMs = 2 * 60_000;

const base64url = (length: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${length}}$`), "is no SHA-256 in base64url"); // biome-ignore format: one line

/** RFC 7636 with S256 only. */
export const codeChallengeSchema = base64url(43).meta({ description: "SHA-256 of the app's code verifier, base64url (RFC 7636, S256).", example: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" }); // biome-ignore format: one line
export const codeVerifierSchema = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{43,128}$/, "is no code verifier")
  .meta({ example: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" });
export const appStateSchema = z.string().max(500).regex(/^[!-~]*$/, "holds more than printable ASCII").meta({ description: "Comes back with the redirect, for the app to compare.", example: "af0ifjsldkj" }); // biome-ignore format: one line
export const redirectSchema = z.string().min(1).max(500).meta({ description: "Where to return to: one of the collection's `redirects`.", example: "myapp://auth" }); // biome-ignore format: one line

/** Sealed with the state. */
interface Begun {
  readonly collection: string;
  readonly provider: string;
  readonly redirect: string;
  readonly codeChallenge: string;
  readonly appState?: string | undefined;
  readonly kept: Kept;
  /** Present when a signed-in user adds an identity. */
  readonly linkTo?: string | undefined;
}

/** Sealed with the code. */
export interface Returned {
  readonly collection: string;
  readonly provider: string;
  readonly codeChallenge: string;
  readonly identity: UpstreamIdentity;
}

export interface Beginning {
  readonly collection: UserCollection;
  readonly redirects: readonly string[];
  readonly provider: string;
  readonly redirect: string;
  readonly codeChallenge: string;
  readonly appState?: string | undefined;
  readonly linkTo?: string | undefined;
}

/** The provider's address. Throws `redirect_not_allowed` and `provider_not_found`; rejects with an UpstreamError. */
export async function beginOAuth(ctx: Context, deps: OAuthDeps, asked: Beginning): Promise<URL> {
  const { collection, redirects, ...begun } = asked;
  checkRedirect(asked.redirect, redirects, deps.publicUrl);
  const provider = await deps.providers.find(ctx.db, collection.id, asked.provider);
  return deps.upstreamOf(provider).authorize(async (kept) => {
    const data: Begun = { ...begun, collection: collection.name, kept };
    const ours = {
      purpose: "oauthState",
      lifeMs: stateMs,
      collectionId: collection.id,
      accountId: asked.linkTo,
      data,
    } as const;
    return (await deps.challenges.make(ctx.db, ours, ctx.nowMs)).secret;
  });
}

/** What a provider's answer is worth: the app's address with a code, or with an error. Never an address that is not listed. */
export async function returnToApp(
  ctx: Context,
  deps: OAuthDeps,
  asked: { readonly provider: string; readonly parameters: URLSearchParams },
): Promise<string> {
  const { parameters } = asked;
  const state = parameters.get("state") ?? "";
  const spent = await deps.challenges.spend(ctx.db, "oauthState", state, ctx.nowMs);
  const begun = spent?.data as Begun | undefined;
  // An answer at another provider's address than the one that was asked: a mix-up (RFC 9700 §4.4).
  if (spent === undefined || begun?.provider !== asked.provider) throw errors.oauth_state_invalid();
  const { collection, settings } = await deps.target(ctx, begun.collection);
  if (collection.id !== spent.collectionId) throw errors.oauth_state_invalid();
  checkRedirect(begun.redirect, settings.redirects, deps.publicUrl);
  const outcome = await outcomeOf(ctx, deps, begun, { collection, parameters, state });
  return withParameters(begun.redirect, { ...outcome, state: begun.appState });
}

interface Answered {
  readonly collection: UserCollection;
  readonly parameters: URLSearchParams;
  readonly state: string;
}

async function outcomeOf(
  ctx: Context,
  deps: OAuthDeps,
  begun: Begun,
  { collection, parameters, state }: Answered,
): Promise<{ readonly code: string } | { readonly error: string }> {
  const failed = (why: string) => {
    // The app learns that it failed; the log, and the provider's test, say why.
    ctx.log.warn({ event: "provider_failed", provider: begun.provider, collection: begun.collection, why }, "a sign-in through a provider failed"); // biome-ignore format: one line
    return { error: "provider_failed" };
  };
  const refusal = parameters.get("error");
  if (refusal === "access_denied") return { error: refusal };
  if (refusal !== null) return failed(`it says ${refusal.slice(0, 100)}`);
  const row = await providerByName(ctx.db, collection.id, begun.provider);
  if (row === undefined || !row.config.enabled) return failed("it was switched off meanwhile");
  const upstream = deps.upstreamOf(deps.providers.ready(row));
  const identity = await upstream.identify({ parameters, state, kept: begun.kept }).catch(upstreamOnly);
  if (identity instanceof UpstreamError) return failed(identity.message);
  const { codeChallenge, linkTo } = begun;
  const data: Returned = { collection: begun.collection, provider: begun.provider, codeChallenge, identity };
  const purpose = linkTo === undefined ? "oauthCode" : "oauthLink";
  const ours = { purpose, lifeMs: codeMs, collectionId: collection.id, accountId: linkTo, data } as const;
  return { code: (await deps.challenges.make(ctx.db, ours, ctx.nowMs)).secret };
}

export function upstreamOnly(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  throw error;
}

/** Spends a code for the app that began. A code is good for one try, right or wrong. Throws `oauth_code_invalid` (400). */
export async function redeemCode(
  ctx: Context,
  deps: OAuthDeps,
  purpose: Extract<ChallengePurpose, "oauthCode" | "oauthLink">,
  given: { readonly code: string; readonly codeVerifier: string },
): Promise<SpentChallenge & { readonly data: Returned }> {
  const spent = await deps.challenges.spend(ctx.db, purpose, given.code, ctx.nowMs);
  const data = spent?.data as Returned | undefined;
  if (spent === undefined || data === undefined || !isVerifier(given.codeVerifier, data.codeChallenge))
    throw errors.oauth_code_invalid();
  return { ...spent, data };
}

function isVerifier(verifier: string, challenge: string): boolean {
  const [shown, kept] = [createHash("sha256").update(verifier).digest(), Buffer.from(challenge, "base64url")];
  return shown.length === kept.length && timingSafeEqual(shown, kept);
}
