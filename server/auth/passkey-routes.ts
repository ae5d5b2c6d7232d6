// Passkeys over HTTP: sign in with one, add, name and remove them; and the files by which phones learn that an app belongs to this
// server's domain.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { accountById, changeAccount, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import { errors } from "./errors.ts";
import { countPasskeys, deletePasskey, hasOtherWayIn, listPasskeys, renamePasskey } from "./passkey-store.ts";
import { attestationSchema, givenPasskeySchema, passkeyExamples, passkeyName, passkeyOptionsSchema, passkeySchema, passkeyView } from "./passkey-types.ts"; // biome-ignore format: one line
import { type SignInDeps, signInErrors } from "./sign-in-answer.ts";
import { finishSignIn, signedInResponses } from "./sign-in-finish.ts";
import { spendLimit } from "./sign-in-limits.ts";
import { recentErrors, requireRecentSignIn } from "./step-up.ts";
import type { Limit } from "./throttle.ts";
import { pageOf } from "./types.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, type UserRouteDeps, userRoute } from "./user-routes.ts";
import { collectionName, deviceInputSchema } from "./user-types.ts";

type PasskeyRouteDeps = SignInDeps & UserRouteDeps;

/** Each asking makes a row: an address may ask 60 times at once and once more every second. */
const optionsLimit: Limit = { name: "passkey.options", burst: 60, refillMs: 1_000 };

export function passkeyRoutes(deps: PasskeyRouteDeps): Route[] {
  return [
    showOptionsRoute(deps),
    signInRoute(deps),
    addOptionsRoute(deps),
    addRoute(deps),
    listRoute(deps),
    renameRoute(deps),
    deleteRoute(deps),
  ];
}

const optionsResponse = (description: string) => ({
  description,
  schema: passkeyOptionsSchema,
  example: passkeyExamples.options,
});
const optionsView = ({ flow, options, expiresAtMs }: { flow: string; options: object; expiresAtMs: number }) => ({
  ...{ flow, options, expiresAt: new Date(expiresAtMs).toISOString() },
});
const passkeyParams = z.object({
  id: z.string().min(1).max(1_400).meta({ description: "The passkey's id.", example: passkeyExamples.passkey.id }),
});

async function enabledTarget(ctx: Context, deps: PasskeyRouteDeps, name: string) {
  const target = await deps.target(ctx, name);
  if (!target.settings.methods.passkey.enabled) throw errors.method_disabled({ params: { method: "passkey" } });
  return target;
}

/** Of somebody who proved lately who they are. */
async function recentAccount(ctx: Context, deps: PasskeyRouteDeps, mustBeEnabled: boolean) {
  const own = ownSession(deps, ctx.actor);
  const name = deps.collectionName(own.collectionId) ?? "";
  const { settings } = await (mustBeEnabled ? enabledTarget(ctx, deps, name) : deps.target(ctx, name));
  await requireRecentSignIn(ctx, own, settings);
  const account = await accountById(ctx.db, own.accountId);
  if (account === undefined) throw errors.credential_invalid();
  return { own, account };
}

function showOptionsRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/passkey/options",
    name: "beginPasskeySignIn",
    access: "anyone",
    summary: "Ask for what a passkey signs",
    description:
      "For a sign-in without a name, and for `passkey` as a second factor or at a step-up. Good for one answer, within five minutes.",
    errors: ["auth_collection_not_found", "method_disabled", "sign_in_throttled"],
    body: z.strictObject({ collection: collectionName }).meta({ example: {} }),
    responses: { 200: optionsResponse("For `navigator.credentials.get`.") },
    handler: async (ctx, input) => {
      const { collection } = await enabledTarget(ctx, deps, input.body.collection);
      await spendLimit(ctx, optionsLimit, originOf(input).address);
      return { status: 200, json: optionsView(await deps.passkeys.beginShow(ctx, collection.id)) };
    },
  });
}

function signInRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/passkey",
    name: "signInWithPasskey",
    access: "anyone",
    summary: "Sign in with a passkey",
    description: "The passkey says who it is, and its user was verified on the device: no second factor is asked for.",
    errors: [...signInErrors, "method_disabled", "passkey_invalid"],
    body: givenPasskeySchema
      .extend({ collection: collectionName, device: deviceInputSchema.optional() })
      .meta({ id: "PasskeySignIn", example: passkeyExamples.given }),
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const { device, ...given } = input.body;
      const target = await enabledTarget(ctx, deps, given.collection);
      const { headers } = input;
      const keyThumbprint = await deps.provenKey(ctx, { headers, method: "POST", path: "/v1/auth/sign-in/passkey" });
      const { accountId, collectionId, amr } = await deps.passkeys.show(ctx, given);
      const account = await accountById(ctx.db, accountId);
      // A passkey of `staff` opens no door of `users`, though both belong to one domain.
      if (collectionId !== target.collection.id || account?.collectionId !== collectionId)
        throw errors.passkey_invalid();
      return finishSignIn(ctx, deps, { ...target, accountId, amr, origin: originOf(input), device, keyThumbprint });
    },
  });
}

function addOptionsRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/passkeys/options",
    name: "beginPasskey",
    access: "signedIn",
    summary: "Begin to add a passkey",
    description: "Needs a recent sign-in.",
    errors: [...sessionErrors, ...recentErrors, "method_disabled", "passkey_limit"],
    body: z.strictObject({}).meta({ example: {} }),
    responses: { 200: optionsResponse("For `navigator.credentials.create`.") },
    handler: async (ctx) => {
      const { account } = await recentAccount(ctx, deps, true);
      return { status: 200, json: optionsView(await deps.passkeys.beginAdd(ctx, account)) };
    },
  });
}

function addRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/passkeys",
    name: "addPasskey",
    access: "signedIn",
    summary: "Add a passkey",
    description: "Of an anonymous user it makes one who can sign in again; nothing of theirs is lost.",
    errors: [...sessionErrors, ...recentErrors, "method_disabled", "passkey_invalid", "passkey_taken", "passkey_limit"],
    body: z
      .strictObject({ flow: z.string().max(100), name: passkeyName.default("Passkey"), credential: attestationSchema })
      .meta({ example: { flow: "lf_one_…", name: "Ann's phone", credential: passkeyExamples.attestation } }),
    responses: { 201: { description: "Added.", schema: passkeySchema, example: passkeyExamples.passkey } },
    handler: async (ctx, input) => {
      const { own, account } = await recentAccount(ctx, deps, true);
      const row = await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        await lockAccount(tx, account.id);
        const added = await deps.passkeys.add(inside, account, input.body);
        if (account.anonymous) await changeAccount(tx, account.id, { anonymous: false }, ctx.nowMs);
        const detail = { aaguid: added.aaguid };
        await audit(inside, { event: "passkey_added", ...subjectOfSession(own), ...originOf(input), detail });
        return added;
      });
      deps.forget(`account:${account.id}`);
      return { status: 201, json: passkeyView(row) };
    },
  });
}

function listRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/passkeys",
    name: "listPasskeys",
    access: "signedIn",
    summary: "List your passkeys",
    description: "The signed-in user's passkeys, oldest first.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The passkeys.",
        schema: pageOf(passkeySchema),
        example: { items: [passkeyExamples.passkey], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const rows = await listPasskeys(ctx.db, ownSession(deps, ctx.actor).accountId);
      return { status: 200, json: { items: rows.map(passkeyView), nextCursor: null } };
    },
  });
}

function renameRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "PATCH",
    path: "/v1/auth/passkeys/{id}",
    name: "renamePasskey",
    access: "signedIn",
    summary: "Rename a passkey",
    description: "Gives one of the signed-in user's passkeys a name to know it by.",
    errors: [...sessionErrors, "passkey_not_found"],
    params: passkeyParams,
    body: z.strictObject({ name: passkeyName }).meta({ example: { name: "Old phone" } }),
    responses: { 200: { description: "Renamed.", schema: passkeySchema, example: passkeyExamples.passkey } },
    handler: async (ctx, { params, body }) => {
      const row = await renamePasskey(ctx.db, ownSession(deps, ctx.actor).accountId, params.id, body.name);
      if (row === undefined) throw errors.passkey_not_found();
      return { status: 200, json: passkeyView(row) };
    },
  });
}

function deleteRoute(deps: PasskeyRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/passkeys/{id}",
    name: "removePasskey",
    access: "signedIn",
    summary: "Remove a passkey",
    description: "Nobody can sign in with it any more. The last way in stays. Needs a recent sign-in.",
    errors: [...sessionErrors, ...recentErrors, "passkey_not_found", "last_way_in"],
    params: passkeyParams,
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const { own, account } = await recentAccount(ctx, deps, false);
      await ctx.db.transaction(async (tx) => {
        // Two removals at once wait for each other here: the second finds what the first left.
        await lockAccount(tx, account.id);
        if (!(await deletePasskey(tx, account.id, input.params.id))) throw errors.passkey_not_found();
        const isLast = (await countPasskeys(tx, account.id)) === 0;
        if (isLast && !(await hasOtherWayIn(tx, account.id))) throw errors.last_way_in();
        await audit({ ...ctx, db: tx }, { event: "passkey_removed", ...subjectOfSession(own), ...originOf(input) });
      });
      return { status: 204 };
    },
  });
}
