// What an admin does about a user's access: suspend and restore, end sessions, revoke devices, take ways in away, hand out a link
// for a new password, and look at the app as the user sees it.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { type AccountAdminDeps, accountErrors, accountOf, accountParams, accountPath, accountRoute, changing, sessionSubjects } from "./account-admin.ts"; // biome-ignore format: one line
import { stampOf } from "./account-handle.ts";
import { type AccountPart, deleteAccountPart } from "./account-list.ts";
import { accountById, changeAccount } from "./account-store.ts";
import { reasonSchema } from "./account-types.ts";
import type { AuditEvent } from "./audit-events.ts";
import { perAccount } from "./challenge.ts";
import { deleteDevice } from "./device-store.ts";
import { errors } from "./errors.ts";
import { originOf } from "./user-routes.ts";
import { endUserSessions } from "./user-session-store.ts";
import { tokensSchema, userExamples } from "./user-types.ts";
import { tokensView } from "./user-views.ts";

const resetMs = 24 * 3_600_000;
const impersonationMs = 3_600_000;
const dayMs = 86_400_000;

export function accountAccessRoutes(deps: AccountAdminDeps): Route[] {
  return [
    suspendRoute(deps),
    restoreRoute(deps),
    signOutRoute(deps),
    resetRoute(deps),
    impersonateRoute(deps),
    sessionRoute(deps),
    deviceRoute(deps),
    partRoute(deps, "identity", "identities", "identity_unlinked"),
    partRoute(deps, "factor", "factors", "factor_removed"),
    partRoute(deps, "passkey", "passkeys", "passkey_removed"),
  ];
}

function suspendRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: `${accountPath}:suspend`,
    name: "suspendAccount",
    summary: "Suspend a user",
    description: "Ends every session and lets nobody in until the user is restored. Records stay.",
    errors: accountErrors,
    params: accountParams,
    body: z.strictObject({ reason: reasonSchema.nullable().default(null).meta({ description: "For other admins; the user is not shown it." }) }).meta({ example: { reason: "Spam" } }), // biome-ignore format: one line
    responses: { 204: { description: "Suspended." } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        const suspended = { atMs: ctx.nowMs, reason: input.body.reason };
        await changeAccount(tx, account.id, { suspended }, ctx.nowMs);
        await deps.challenges.drop(tx, account.id, perAccount);
        const ended = await endUserSessions(tx, account.id);
        const forget = [`account:${account.id}`, ...sessionSubjects(ended)];
        return { event: "account_suspended", detail: { ended: ended.length }, forget };
      });
      return { status: 204 };
    },
  });
}

function restoreRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: `${accountPath}:restore`,
    name: "restoreAccount",
    summary: "Restore a suspended user",
    description: "They may sign in again; the sessions of before do not come back.",
    errors: accountErrors,
    params: accountParams,
    responses: { 204: { description: "Restored." } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        await changeAccount(tx, account.id, { suspended: null }, ctx.nowMs);
        return { event: "account_restored", forget: [`account:${account.id}`] };
      });
      return { status: 204 };
    },
  });
}

function signOutRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: `${accountPath}:signOut`,
    name: "signOutAccount",
    summary: "End all sessions of a user",
    description: "On every device; their tokens are dead at once here and within two seconds everywhere.",
    errors: accountErrors,
    params: accountParams,
    responses: { 200: { description: "Ended.", schema: z.object({ ended: z.number().int() }), example: { ended: 2 } } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      let ended: readonly string[] = [];
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        ended = await endUserSessions(tx, account.id);
        return {
          event: "session_ended",
          detail: { ended: ended.length, scope: "all" },
          forget: sessionSubjects(ended),
        };
      });
      return { status: 200, json: { ended: ended.length } };
    },
  });
}

const resetAnswer = z
  .object({ link: z.string().meta({ description: "Works once. Whoever has it sets the password." }), expiresAt: z.iso.datetime() }) // biome-ignore format: one line
  .meta({ id: "PasswordResetLink", description: "A link for a new password, to hand to the user." });

function resetRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: `${accountPath}:resetPassword`,
    name: "resetAccountPassword",
    summary: "Reset a user's password",
    description:
      "Takes the password and every session away, and answers a link, good for a day, by which the user sets a new one. To have it mailed instead, POST /v1/auth/password/reset with their address.",
    errors: [...accountErrors, "account_suspended"],
    params: accountParams,
    responses: {
      200: {
        description: "Reset.",
        schema: resetAnswer,
        example: { link: "https://app.example.com/auth/#/reset/lf_one_…", expiresAt: "2026-01-02T00:00:00.000Z" },
      },
    },
    handler: async (ctx, input) => {
      const { collection, account } = await accountOf(ctx, deps, input.params);
      if (account.suspendedAt !== null) throw errors.account_suspended();
      let made: { readonly link?: string; readonly expiresAtMs: number } | undefined;
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        await changeAccount(tx, account.id, { passwordHash: null }, ctx.nowMs);
        await deps.challenges.drop(tx, account.id, perAccount);
        const ended = await endUserSessions(tx, account.id);
        const now = await accountById(tx, account.id);
        if (now === undefined) throw errors.account_not_found();
        const data = { accountId: account.id, stamp: stampOf(now) };
        made = await deps.challenges.make(tx, { purpose: "passwordReset", lifeMs: resetMs, collectionId: collection.id, accountId: account.id, withLink: true, withCode: true, data }, ctx.nowMs); // biome-ignore format: one line
        return { event: "password_reset", detail: { ended: ended.length }, forget: sessionSubjects(ended) };
      });
      const { link = "", expiresAtMs = 0 } = made ?? {};
      const url = `${deps.publicUrl.replace(/\/$/, "")}/auth/#/reset/${link}`;
      return { status: 200, json: { link: url, expiresAt: new Date(expiresAtMs).toISOString() } };
    },
  });
}

function impersonateRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: `${accountPath}:impersonate`,
    name: "impersonateAccount",
    summary: "Sign in as a user",
    description:
      "A session of the user's for an hour at most, under their rules, that the user sees in their list. Everything it does is logged as `user:<id> by admin:<id>`, and it changes nothing that lets people in.",
    errors: [...accountErrors, "account_suspended"],
    params: accountParams,
    responses: { 201: { description: "Signed in.", schema: tokensSchema, example: userExamples.tokens } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      const settings = await deps.settingsOf(ctx.db, account.collectionId);
      const opened = await deps.sessions.open(
        ctx,
        {
          ...{ accountId: account.id, amr: [], impersonatedBy: ctx.actor.label, ...originOf(input) },
          device: { name: "Support", platform: "console" },
        },
        { ...settings, session: { ...settings.session, absoluteDays: impersonationMs / dayMs } },
      );
      return { status: 201, json: tokensView(opened) };
    },
  });
}

const partId = (description: string) => z.string().min(1).max(1_024).meta({ description, example: userExamples.session.id }); // biome-ignore format: one line

function sessionRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "DELETE",
    path: `${accountPath}/sessions/{session}`,
    name: "endAccountSession",
    summary: "End a user's session",
    description: "Its tokens are dead at once here and within two seconds everywhere.",
    errors: [...accountErrors, "account_part_not_found"],
    params: accountParams.extend({ session: partId("The session's id.") }),
    responses: { 204: { description: "Ended." } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      const { session } = input.params;
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        const ended = await endUserSessions(tx, account.id, { only: session });
        if (ended.length === 0) throw errors.account_part_not_found({ params: { part: "session" } });
        return { event: "session_ended", detail: { session }, forget: sessionSubjects(ended) };
      });
      return { status: 204 };
    },
  });
}

function deviceRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "DELETE",
    path: `${accountPath}/devices/{device}`,
    name: "revokeAccountDevice",
    summary: "Revoke a user's device",
    description: "Ends every session on it; at its next contact the client there wipes what it had stored.",
    errors: [...accountErrors, "account_part_not_found"],
    params: accountParams.extend({ device: partId("The device's id.") }),
    responses: { 204: { description: "Revoked." } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      const { device } = input.params;
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        const ended = await deleteDevice(tx, account.id, device);
        if (ended === undefined) throw errors.account_part_not_found({ params: { part: "device" } });
        return { event: "device_revoked", detail: { device, ended: ended.length }, forget: sessionSubjects(ended) };
      });
      return { status: 204 };
    },
  });
}

function partRoute(deps: AccountAdminDeps, part: AccountPart, folder: string, event: AuditEvent): Route {
  return defineRoute({
    ...accountRoute,
    method: "DELETE",
    path: `${accountPath}/${folder}/{part}`,
    name: `removeAccount${part[0]?.toUpperCase()}${part.slice(1)}`,
    summary: `Remove a user's ${part}`,
    description: "For a user who lost it, or who asks for it. Sessions stay; end them where it was stolen.",
    errors: [...accountErrors, "account_part_not_found"],
    params: accountParams.extend({ part: partId(`Which ${part}.`) }),
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const { account } = await accountOf(ctx, deps, input.params);
      await changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
        if (!(await deleteAccountPart(tx, account.id, part, input.params.part)))
          throw errors.account_part_not_found({ params: { part } });
        return { event, detail: { [part]: input.params.part } };
      });
      return { status: 204 };
    },
  });
}
