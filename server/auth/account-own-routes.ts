// What a user may ask of the server about themselves: everything it holds (GDPR Art. 15 and 20), and to be forgotten (Art. 17).
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { type AccountAdminDeps, changing, managedView, sessionSubjects } from "./account-admin.ts";
import { accountParts, managedAccount } from "./account-list.ts";
import { accountDetailSchema, accountExamples } from "./account-types.ts";
import { audit } from "./audit.ts";
import { auditView, listAudit } from "./audit-store.ts";
import { listDevices } from "./device-store.ts";
import { errors } from "./errors.ts";
import { requireRecentSignIn } from "./step-up.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, type UserRouteDeps, userRoute } from "./user-routes.ts";
import { listUserSessions } from "./user-session-store.ts";
import { deviceView, userSessionView, userView } from "./user-views.ts";

type OwnDeps = AccountAdminDeps & Pick<UserRouteDeps, "sessionOf">;

const guarded = [...sessionErrors, "step_up_required", "impersonation_refused"];
/** What admins wrote about the user for each other stays theirs. */
const exportSchema = accountDetailSchema
  .omit({ suspendedFor: true })
  .meta({ id: "AccountExport", description: "Everything that is kept about how a user signs in." });
const { suspendedFor: _, ...exportExample } = accountExamples.detail;
const timelineMax = 1_000;

export function ownAccountRoutes(deps: OwnDeps): Route[] {
  return [exportRoute(deps), deleteRoute(deps)];
}

/** The session and its account, proved lately: both routes are what a thief of an open session would go for. */
async function ownAccount(ctx: Context, deps: OwnDeps) {
  const own = ownSession(deps, ctx.actor);
  await requireRecentSignIn(ctx, own, await deps.settingsOf(ctx.db, own.collectionId));
  const account = await managedAccount(ctx.db, own.collectionId, own.recordId);
  if (account === undefined) throw errors.credential_invalid();
  return { own, account };
}

function exportRoute(deps: OwnDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/me/export",
    name: "exportMe",
    access: "signedIn",
    summary: "Export your account",
    description: "The record as the user may see it, and all that is kept about how they sign in. Wants a recent sign-in.", // biome-ignore format: one line
    errors: guarded,
    responses: { 200: { description: "The export.", schema: exportSchema, example: exportExample } },
    handler: async (ctx, input) => {
      const { own, account } = await ownAccount(ctx, deps);
      await audit(ctx, { event: "account_exported", ...subjectOfSession(own), ...originOf(input) });
      return { status: 200, json: await exportOf(ctx, deps, own, account) };
    },
  });
}

async function exportOf(
  ctx: Context,
  deps: OwnDeps,
  own: UserSessionOf,
  account: Awaited<ReturnType<typeof ownAccount>>["account"],
) {
  const { suspendedFor: _, ...shown } = managedView(account);
  const sessions = await listUserSessions(ctx.db, own.accountId);
  const devices = await listDevices(ctx.db, own.accountId);
  const timeline = await listAudit(ctx.db, { accountId: own.accountId, limit: timelineMax });
  return {
    ...shown,
    ...(await accountParts(ctx.db, own.accountId)),
    user: await userView(ctx, deps.records, deps.collectionName(own.collectionId) ?? "", own.recordId),
    devices: devices.map((device) => deviceView(device, own.deviceId, sessions.filter(({ deviceId }) => deviceId === device.id).length)), // biome-ignore format: one line
    sessions: sessions.map((row) => ({ ...userSessionView(row, own.sessionId), impersonatedBy: row.impersonatedBy })),
    timeline: timeline.map((entry) => auditView(entry, deps.collectionName)),
  };
}

function deleteRoute(deps: OwnDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/me",
    name: "deleteMe",
    access: "signedIn",
    summary: "Delete your account",
    description:
      "The user's record, account and sessions, whatever the delete rule says of records; what other records do then, their relations say. Wants a recent sign-in.",
    errors: [...guarded, "record_in_use"],
    body: z.strictObject({ confirm: z.literal(true) }).meta({ example: { confirm: true } }),
    responses: { 204: { description: "Deleted." } },
    handler: async (ctx, input) => {
      const { own, account } = await ownAccount(ctx, deps);
      await changing(ctx, deps, { account, origin: originOf(input) }, async (inside) => {
        const sessions = await listUserSessions(inside.db, account.id);
        const collection = deps.collectionName(own.collectionId) ?? "";
        await deps.records.remove({ ...inside, actor: vouched(ctx) }, collection, own.recordId);
        const forget = [`account:${account.id}`, ...sessionSubjects(sessions.map(({ id }) => id))];
        return { event: "account_deleted", detail: { by: "self" }, forget };
      });
      return { status: 204 };
    },
  });
}

/** The user, past the rules: the change log says who it was. */
const vouched = ({ actor }: Context) => ({ ...actor, passesRules: true });
