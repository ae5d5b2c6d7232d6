// A user's second factors: see them, add one, remove one, new recovery codes. All but looking needs a recent sign-in, and once there
// is a factor, one that showed it: who has only the password, or only an open session, cannot switch the second factor off (T28).
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Input, type Route } from "../kernel/http/route.ts";
import { accountById } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { AuditEvent } from "./audit-events.ts";
import { errors } from "./errors.ts";
import { countRecoveryCodes, deleteFactor, listFactors } from "./factor-store.ts";
import { factorExamples, factorListSchema, factorOfferSchema, factorView, newFactorName, recoveryCodesSchema, totpCode } from "./factor-types.ts"; // biome-ignore format: one line
import type { SignInDeps } from "./sign-in-answer.ts";
import { recentErrors, requireRecentSignIn } from "./step-up.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, type UserRouteDeps, userRoute } from "./user-routes.ts";
import { renewAuthentication } from "./user-session-store.ts";

export type FactorRouteDeps = SignInDeps &
  UserRouteDeps & {
    /** Shown by authenticator apps: where the account is. */
    readonly issuer: string;
  };

export function factorRoutes(deps: FactorRouteDeps): Route[] {
  return [listRoute(deps), beginRoute(deps), confirmRoute(deps), deleteRoute(deps), renewCodesRoute(deps)];
}

const factorParams = z.object({
  id: z.string().min(1).max(64).meta({ description: "The factor's id.", example: factorExamples.factor.id }),
});

/** The session of somebody who proved lately who they are. */
async function recentSession(ctx: Context, deps: FactorRouteDeps) {
  const own = ownSession(deps, ctx.actor);
  const { settings } = await deps.target(ctx, deps.collectionName(own.collectionId) ?? "");
  await requireRecentSignIn(ctx, own, settings);
  return { own, owner: { accountId: own.accountId }, settings };
}

/** One event, in the transaction of the change. */
function tell(
  ctx: Context,
  own: UserSessionOf,
  input: Pick<Input<never, never, never>, "ip" | "headers">,
  event: AuditEvent,
  detail: object,
) {
  // biome-ignore format: one line
  return audit(ctx, { event, ...subjectOfSession(own), ...originOf(input), detail: { ...detail } });
}

function listRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/factors",
    name: "listFactors",
    access: "signedIn",
    summary: "List your second factors",
    description: "The signed-in user's authenticator apps, and how many recovery codes are left.",
    errors: sessionErrors,
    responses: { 200: { description: "The factors.", schema: factorListSchema, example: factorExamples.list } },
    handler: async (ctx) => {
      const owner = { accountId: ownSession(deps, ctx.actor).accountId };
      const items = (await listFactors(ctx.db, owner)).map(factorView);
      const recoveryCodesLeft = await countRecoveryCodes(ctx.db, owner);
      return { status: 200, json: { items, nextCursor: null, recoveryCodesLeft } };
    },
  });
}

function beginRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/factors",
    name: "beginFactor",
    access: "signedIn",
    summary: "Begin to add an authenticator app",
    description:
      "Answers the secret as text, address and QR code. The factor counts once its first code came to `POST /v1/auth/factors/{id}/confirm`. Needs a recent sign-in.",
    errors: [...sessionErrors, ...recentErrors, "method_disabled", "factor_limit"],
    body: z.strictObject({ name: newFactorName }).meta({ example: { name: "Ann's phone" } }),
    responses: { 201: { description: "Begun.", schema: factorOfferSchema, example: factorExamples.offer } },
    handler: async (ctx, { body }) => {
      const { own, owner, settings } = await recentSession(ctx, deps);
      if (!settings.factors.totp) throw errors.method_disabled({ params: { method: "totp" } });
      const account = await accountById(ctx.db, own.accountId);
      const label = account?.email ?? account?.username ?? own.recordId;
      const offer = await ctx.db.transaction((tx) =>
        deps.factors.begin({ ...ctx, db: tx }, owner, { name: body.name, issuer: deps.issuer, label }),
      );
      return { status: 201, json: offer };
    },
  });
}

function confirmRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/factors/{id}/confirm",
    name: "confirmFactor",
    access: "signedIn",
    summary: "Confirm an authenticator app",
    description: "With the first factor come ten recovery codes, which no later answer shows.",
    errors: [...sessionErrors, ...recentErrors, "factor_not_found", "factor_wrong", "sign_in_throttled"],
    params: factorParams,
    body: z.strictObject({ code: totpCode }).meta({ example: { code: "123456" } }),
    responses: { 200: { description: "It counts.", schema: recoveryCodesSchema, example: factorExamples.codes } },
    handler: async (ctx, input) => {
      const { own, owner } = await recentSession(ctx, deps);
      const { id } = input.params;
      const given = { id, code: input.body.code };
      const { recoveryCodes } = await deps.factors.confirm(ctx, owner, given, async (inside) => {
        // This session has just shown the factor; the account's other sessions have not, and are asked when it matters.
        await renewAuthentication(inside.db, own.sessionId, ["otp", "mfa"], ctx.nowMs);
        await tell(inside, own, input, "factor_added", { factor: id, kind: "totp" });
      });
      deps.forget(`userSession:${own.sessionId}`);
      return { status: 200, json: { recoveryCodes } };
    },
  });
}

function deleteRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/factors/{id}",
    name: "removeFactor",
    access: "signedIn",
    summary: "Remove an authenticator app",
    description: "Needs a recent sign-in that showed a second factor. Recovery codes go with the last one.",
    errors: [...sessionErrors, ...recentErrors, "factor_not_found"],
    params: factorParams,
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const { own, owner } = await recentSession(ctx, deps);
      await ctx.db.transaction(async (tx) => {
        if (!(await deleteFactor(tx, owner, input.params.id))) throw errors.factor_not_found();
        await tell({ ...ctx, db: tx }, own, input, "factor_removed", { factor: input.params.id });
      });
      return { status: 204 };
    },
  });
}

function renewCodesRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/factors/recovery-codes",
    name: "renewRecoveryCodes",
    access: "signedIn",
    summary: "Make new recovery codes",
    description:
      "Ten new ones; those from before are worth nothing. Needs a recent sign-in that showed a second factor.",
    errors: [...sessionErrors, ...recentErrors, "factor_not_found"],
    body: z.strictObject({}).meta({ example: {} }),
    responses: { 200: { description: "Made.", schema: recoveryCodesSchema, example: factorExamples.codes } },
    handler: async (ctx, input) => {
      const { own, owner } = await recentSession(ctx, deps);
      const recoveryCodes = await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        if ((await listFactors(tx, owner)).length === 0) throw errors.factor_not_found();
        await tell(inside, own, input, "recovery_codes_renewed", {});
        return deps.factors.renewRecoveryCodes(inside, owner);
      });
      return { status: 200, json: { recoveryCodes } };
    },
  });
}
