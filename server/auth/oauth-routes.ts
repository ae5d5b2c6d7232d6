// Signing in through a provider: the two addresses that a browser visits, the exchange that an app makes, and the door for id
// tokens that an app got from its platform.
import type { Readable } from "node:stream";
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { kernelErrors } from "../kernel/errors/kernel.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { errors } from "./errors.ts";
import { signInWithIdentity } from "./identity-sign-in.ts";
import { spendToken } from "./identity-store.ts";
import { UpstreamError } from "./oauth-driver.ts";
import {
  appStateSchema,
  beginOAuth,
  codeChallengeSchema,
  codeVerifierSchema,
  type OAuthDeps,
  redeemCode,
  redirectSchema,
  returnToApp,
  upstreamOnly,
} from "./oauth-flow.ts";
import type { IdTokens, VerifiedIdToken } from "./oauth-id-token.ts";
import { givesIdTokens } from "./oauth-presets.ts";
import { providerName } from "./oauth-types.ts";
import { withParameters } from "./redirect.ts";
import { signInErrors } from "./sign-in-answer.ts";
import { signedInResponses } from "./sign-in-finish.ts";
import { spendLimit } from "./sign-in-limits.ts";
import type { Limit } from "./throttle.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { collectionName, deviceInputSchema } from "./user-types.ts";

export interface OAuthRouteDeps extends OAuthDeps {
  readonly idTokens: IdTokens;
}

/** Each begun sign-in is a row for ten minutes: an address may begin 60 at once and one more every 5 seconds. */
const startLimit: Limit = { name: "oauth.start", burst: 60, refillMs: 5_000 };
/** A wrong id token costs a signature check. */
const idTokenLimit: Limit = { name: "idToken.address", burst: 60, refillMs: 5_000 };
/** What providers post to a callback is a few parameters. */
const formBytesMax = 65_536;

export function oauthRoutes(deps: OAuthRouteDeps): Route[] {
  return [startRoute(deps), callbackRoute(deps), formCallbackRoute(deps), exchangeRoute(deps), idTokenRoute(deps)];
}

const params = z.object({ provider: providerName });
const toProvider = { description: "To the provider, or back to the app with `error`.", headers: ["Location"] as const };
const toApp = { description: "Back to the app with `code`, or with `error`.", headers: ["Location"] as const };
const sentTo = (status: 302 | 303, location: string): Reply => ({ status, headers: { Location: location } });

function startRoute(deps: OAuthRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/oauth/{provider}/start",
    name: "startOAuth",
    access: "anyone",
    summary: "Begin to sign in with a provider",
    description:
      "To be opened in the system's browser. Returns to `redirect` with `code` for the exchange, or with `error` (`access_denied`, `provider_failed`), and with `state` as given.",
    errors: ["auth_collection_not_found", "provider_not_found", "redirect_not_allowed", "sign_in_throttled"],
    params,
    query: z.strictObject({
      collection: collectionName,
      redirect: redirectSchema,
      codeChallenge: codeChallengeSchema,
      state: appStateSchema.optional(),
    }),
    responses: { 302: toProvider },
    handler: async (ctx, input) => {
      const { redirect, codeChallenge, state: appState } = input.query;
      const { collection, settings } = await deps.target(ctx, input.query.collection);
      await spendLimit(ctx, startLimit, originOf(input).address);
      const { provider } = input.params;
      const { redirects } = settings;
      const begun = { collection, redirects, provider, redirect, codeChallenge, appState };
      const address = await beginOAuth(ctx, deps, begun).catch(upstreamOnly);
      if (!(address instanceof UpstreamError)) return sentTo(302, address.href);
      ctx.log.warn({ event: "provider_failed", provider, why: address.message }, "a sign-in could not begin");
      return sentTo(302, withParameters(redirect, { error: "provider_failed", state: appState }));
    },
  });
}

const callbackErrors = [
  "oauth_state_invalid",
  "auth_collection_not_found",
  "provider_not_found",
  "redirect_not_allowed",
];

function callbackRoute(deps: OAuthRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/oauth/{provider}/callback",
    name: "finishOAuth",
    access: "anyone",
    summary: "Take a provider's answer",
    description: "The address to register at the provider. Whatever else it adds to its answer is let through.",
    errors: callbackErrors,
    params,
    query: z
      .object({
        state: z.string().max(200).meta({ description: "As the start gave it to the provider.", example: "lf_one_…" }),
      })
      .catchall(z.string().max(8_000)),
    responses: { 303: toApp },
    handler: async (ctx, { params: { provider }, query }) => {
      const parameters = new URLSearchParams(query as Record<string, string>);
      return sentTo(303, await returnToApp(ctx, deps, { provider, parameters }));
    },
  });
}

function formCallbackRoute(deps: OAuthRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/oauth/{provider}/callback",
    name: "finishOAuthByForm",
    access: "anyone",
    summary: "Take a provider's answer as a form",
    description:
      "The same for providers that post their answer, as Apple does. A form of anybody else has no `state` of ours.",
    errors: callbackErrors,
    params,
    bodyKind: "stream",
    mediaTypes: ["application/x-www-form-urlencoded"],
    bodyLimitBytes: formBytesMax,
    bodyExample: "state=lf_one_…&code=c1a2b3",
    responses: { 303: toApp },
    handler: async (ctx, { params: { provider }, stream }) => {
      const parameters = new URLSearchParams(await textOf(stream));
      const names = [...parameters.keys()];
      if (new Set(names).size < names.length) throw kernelErrors.request_malformed();
      return sentTo(303, await returnToApp(ctx, deps, { provider, parameters }));
    },
  });
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function exchangeRoute(deps: OAuthRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/oauth/exchange",
    name: "exchangeOAuthCode",
    access: "anyone",
    summary: "Sign in with the code of a provider's sign-in",
    description: "Within two minutes, once, by the app that began: it alone knows the code verifier.",
    errors: [...signInErrors, "oauth_code_invalid", "provider_not_found", "sign_up_closed"],
    body: z
      .strictObject({
        code: z.string().max(200),
        codeVerifier: codeVerifierSchema,
        device: deviceInputSchema.optional(),
      })
      .meta({ example: { code: "lf_one_…", codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" } }),
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const { collectionId, data } = await redeemCode(ctx, deps, "oauthCode", input.body);
      const { collection, settings } = await deps.target(ctx, data.collection);
      if (collection.id !== collectionId) throw errors.oauth_code_invalid();
      const { config } = await deps.providers.find(ctx.db, collection.id, data.provider);
      const { identity } = data;
      const { fields } = config;
      const { device } = input.body;
      return signInWithIdentity(ctx, deps, { collection, settings, identity, fields, device, origin: originOf(input) });
    },
  });
}

export const idTokenBody = {
  provider: providerName,
  idToken: z.string().min(1).max(10_000),
  nonce: z.string().min(8).max(200).meta({ description: "As the app made it; the token holds it, or its SHA-256 in hex." }), // biome-ignore format: one line
};

function idTokenRoute(deps: OAuthRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/id-token",
    name: "signInWithIdToken",
    access: "anyone",
    summary: "Sign in with an id token",
    description:
      "For the sign-in that a platform has built in (Apple, Google). A token signs in once, and only with its nonce.",
    errors: [
      ...signInErrors,
      "method_disabled",
      "provider_not_found",
      "provider_failed",
      "id_token_invalid",
      "sign_up_closed",
    ],
    body: z
      .strictObject({ collection: collectionName, ...idTokenBody, device: deviceInputSchema.optional() })
      .meta({ example: { provider: "apple", idToken: "eyJ…", nonce: "n-0S6_WzA2Mj" } }),
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const { body } = input;
      const { collection, settings } = await deps.target(ctx, body.collection);
      if (!settings.methods.idToken.enabled) throw errors.method_disabled({ params: { method: "id token" } });
      const origin = originOf(input);
      await spendLimit(ctx, idTokenLimit, origin.address);
      const provider = await deps.providers.find(ctx.db, collection.id, body.provider);
      const { identity } = await takeIdToken(ctx, deps, collection.id, body);
      const { fields } = provider.config;
      return signInWithIdentity(ctx, deps, { collection, settings, identity, fields, device: body.device, origin });
    },
  });
}

/** Verified and spent. Throws `id_token_invalid` (401), `provider_failed` (503). */
export async function takeIdToken(
  ctx: Context,
  deps: Pick<OAuthRouteDeps, "idTokens" | "providers">,
  collectionId: number,
  given: { readonly provider: string; readonly idToken: string; readonly nonce: string },
): Promise<VerifiedIdToken> {
  const provider = await deps.providers.find(ctx.db, collectionId, given.provider);
  if (!givesIdTokens(provider.preset))
    throw errors.method_disabled({ params: { method: `id token of ${provider.name}` } });
  const verified = await deps.idTokens.verify(provider, given, ctx.nowMs).catch(upstreamOnly);
  if (verified instanceof UpstreamError) {
    ctx.log.warn({ event: "provider_failed", provider: provider.name, why: verified.message }, "an id token could not be checked"); // biome-ignore format: one line
    throw errors.provider_failed({ retryAfterSeconds: 5, cause: verified });
  }
  if (verified === undefined || !(await spendToken(ctx.db, verified.hash, verified.expiresAtMs))) throw errors.id_token_invalid(); // biome-ignore format: one line
  return verified;
}
