// The identities of a signed-in user: which there are, adding one through a provider or by an id token, taking one away.
import { z } from "zod";
import type { Actor } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Input, type Route } from "../kernel/http/route.ts";
import { lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import { errors } from "./errors.ts";
import { linkIdentity } from "./identity-sign-in.ts";
import { deleteIdentity, hasWayIn, type IdentityRow, listIdentities } from "./identity-store.ts";
import { UpstreamError } from "./oauth-driver.ts";
import {
  appStateSchema,
  beginOAuth,
  codeChallengeSchema,
  codeVerifierSchema,
  redeemCode,
  redirectSchema,
  upstreamOnly,
} from "./oauth-flow.ts";
import { idTokenBody, type OAuthRouteDeps, takeIdToken } from "./oauth-routes.ts";
import { providerName, type UpstreamIdentity } from "./oauth-types.ts";
import { recentErrors, requireRecentSignIn } from "./step-up.ts";
import { pageOf } from "./types.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, userRoute } from "./user-routes.ts";

export interface IdentityRouteDeps extends OAuthRouteDeps {
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  readonly collectionName: (collectionId: number) => string | undefined;
}

const identitySchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    issuer: z.string(),
    subject: z.string(),
    email: z.string().nullable().meta({ description: "As the provider named it last; not this account's address." }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime(),
  })
  .meta({ id: "Identity", description: "Who the user is at a provider." });

const example = {
  ...{ id: "0197a7d2-7c00-7000-8000-000000000014", provider: "google", issuer: "https://accounts.google.com" },
  ...{ subject: "110169484474386276334", email: "ann@example.com" },
  ...{ createdAt: "2026-01-01T00:00:00.000Z", lastUsedAt: "2026-01-01T00:00:00.000Z" },
};

export function identityRoutes(deps: IdentityRouteDeps): Route[] {
  return [listRoute(deps), startRoute(deps), confirmRoute(deps), idTokenRoute(deps), unlinkRoute(deps)];
}

const viewOf = ({ id, provider, issuer, subject, email, createdAt, lastUsedAt }: IdentityRow) => ({
  ...{ id, provider, issuer, subject, email },
  ...{ createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt.toISOString() },
});

function listRoute(deps: IdentityRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/identities",
    name: "listIdentities",
    access: "signedIn",
    summary: "List your identities",
    description: "The providers that the signed-in user can sign in with, oldest first.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The identities.",
        schema: pageOf(identitySchema),
        example: { items: [example], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const rows = await listIdentities(ctx.db, ownSession(deps, ctx.actor).accountId);
      return { status: 200, json: { items: rows.map(viewOf), nextCursor: null } };
    },
  });
}

function startRoute(deps: IdentityRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/identities",
    name: "startIdentity",
    access: "signedIn",
    summary: "Begin to add an identity",
    description:
      "Answers the address to open in the browser. It returns to `redirect` with a `code` that `POST /v1/auth/identities/confirm` takes, from the same account. Needs a recent sign-in, unless the account is anonymous.",
    errors: [...sessionErrors, ...recentErrors, "provider_not_found", "provider_failed", "redirect_not_allowed"],
    body: z
      .strictObject({
        provider: providerName,
        redirect: redirectSchema,
        codeChallenge: codeChallengeSchema,
        state: appStateSchema.optional(),
      })
      .meta({ example: { provider: "google", redirect: "myapp://auth", codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" } }), // biome-ignore format: one line
    responses: {
      201: {
        description: "Begun.",
        schema: z.object({ url: z.url() }).meta({ id: "IdentityStart" }),
        example: { url: "https://accounts.google.com/o/oauth2/v2/auth?client_id=1234" },
      },
    },
    handler: async (ctx, { body }) => {
      const own = ownSession(deps, ctx.actor);
      const { collection, settings } = await targetOf(ctx, deps, own);
      await requireRecentSignIn(ctx, own, settings);
      const { provider, redirect, codeChallenge, state: appState } = body;
      const begun = { collection, redirects: settings.redirects, provider, redirect, codeChallenge, appState };
      const url = await beginOAuth(ctx, deps, { ...begun, linkTo: own.accountId }).catch(upstreamOnly);
      if (url instanceof UpstreamError) throw errors.provider_failed({ retryAfterSeconds: 5, cause: url });
      return { status: 201, json: { url: url.href } };
    },
  });
}

const linked = { 201: { description: "Added.", schema: identitySchema, example } };

function confirmRoute(deps: IdentityRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/identities/confirm",
    name: "confirmIdentity",
    access: "signedIn",
    summary: "Add the identity that a provider confirmed",
    description:
      "Within two minutes, once, by the app and the account that began. An anonymous account becomes a person's and keeps its id and data.",
    errors: [...sessionErrors, "oauth_code_invalid", "identity_taken"],
    body: z
      .strictObject({ code: z.string().max(200), codeVerifier: codeVerifierSchema })
      .meta({ example: { code: "lf_one_…", codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" } }),
    responses: linked,
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const { accountId, data } = await redeemCode(ctx, deps, "oauthLink", input.body);
      // Somebody else's code, brought into this session: their identity must not open this account.
      if (accountId !== own.accountId) throw errors.oauth_code_invalid();
      return { status: 201, json: await link(ctx, deps, own, { identity: data.identity, input }) };
    },
  });
}

function idTokenRoute(deps: IdentityRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/identities/id-token",
    name: "addIdentityByIdToken",
    access: "signedIn",
    summary: "Add an identity by an id token",
    description:
      "For the sign-in that a platform has built in. Needs a recent sign-in, unless the account is anonymous.",
    errors: [...sessionErrors, ...recentErrors, "method_disabled", "provider_not_found", "provider_failed", "id_token_invalid", "identity_taken"], // biome-ignore format: one line
    body: z.strictObject(idTokenBody).meta({ example: { provider: "apple", idToken: "eyJ…", nonce: "n-0S6_WzA2Mj" } }),
    responses: linked,
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const { collection, settings } = await targetOf(ctx, deps, own);
      if (!settings.methods.idToken.enabled) throw errors.method_disabled({ params: { method: "id token" } });
      await requireRecentSignIn(ctx, own, settings);
      const { identity } = await takeIdToken(ctx, deps, collection.id, input.body);
      return { status: 201, json: await link(ctx, deps, own, { identity, input }) };
    },
  });
}

function unlinkRoute(deps: IdentityRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/identities/{id}",
    name: "removeIdentity",
    access: "signedIn",
    summary: "Remove an identity",
    description: "The user can no longer sign in with it. The last way in stays. Needs a recent sign-in.",
    errors: [...sessionErrors, ...recentErrors, "identity_not_found", "last_way_in"],
    params: z.object({
      id: z.string().min(1).max(64).meta({ description: "The identity's id.", example: example.id }),
    }),
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const { settings } = await targetOf(ctx, deps, own);
      await requireRecentSignIn(ctx, own, settings);
      await ctx.db.transaction(async (tx) => {
        // Two removals at once wait for each other here: one of them finds what the other left.
        await lockAccount(tx, own.accountId);
        const removed = await deleteIdentity(tx, own.accountId, input.params.id);
        if (removed === undefined) throw errors.identity_not_found();
        if (!(await hasWayIn(tx, own.accountId))) throw errors.last_way_in();
        const detail = { provider: removed.provider, identity: removed.id };
        await audit(
          { ...ctx, db: tx },
          { event: "identity_unlinked", ...subjectOfSession(own), ...originOf(input), detail },
        );
      });
      return { status: 204 };
    },
  });
}

interface Link {
  readonly identity: UpstreamIdentity;
  readonly input: Pick<Input<never, never, never>, "ip" | "headers">;
}

async function link(ctx: Context, deps: IdentityRouteDeps, own: UserSessionOf, { identity, input }: Link) {
  const row = await linkIdentity(ctx, own.accountId, identity, originOf(input));
  // An account that was anonymous is not any more, and rules may ask.
  deps.forget(`account:${own.accountId}`);
  return viewOf(row);
}

const targetOf = (ctx: Context, deps: IdentityRouteDeps, own: UserSessionOf) =>
  deps.target(ctx, deps.collectionName(own.collectionId) ?? "");
