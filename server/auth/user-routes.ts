// What a user does with the session they have: renew it, end it, see who they are, and look after sessions and devices.
import { z } from "zod";
import type { Actor } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Input, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { accountById } from "./account-store.ts";
import { audit } from "./audit.ts";
import { deleteDevice, listDevices, renameDevice } from "./device-store.ts";
import type { ProvenKey } from "./dpop.ts";
import { errors } from "./errors.ts";
import { addressSubject } from "./throttle.ts";
import { pageOf } from "./types.ts";
import type { UserSessionOf } from "./user-kind.ts";
import type { UserSessions } from "./user-session.ts";
import { endUserSessions, listUserSessions, userSessionById } from "./user-session-store.ts";
import { deviceSchema, meSchema, tokensSchema, userExamples, userSessionSchema } from "./user-types.ts";
import { accountView, deviceView, tokensView, type UserRecords, userSessionView, userView } from "./user-views.ts";

export interface UserRouteDeps {
  readonly records: UserRecords;
  readonly sessions: UserSessions;
  readonly provenKey: ProvenKey;
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  readonly collectionName: (collectionId: number) => string | undefined;
  readonly forget: (...subjects: string[]) => void;
}

// As for admins: a stored answer would keep tokens in clear, and what is revoked must be committed when it is forgotten.
export const usersTag = defineTag("Sign-in", "How the users of your app sign in, and what they do with their sessions and devices."); // biome-ignore format: one line
export const userRoute = { tag: usersTag, idempotent: false, cache: "no-store" } as const;
export const sessionErrors = ["user_session_required"];

export function userRoutes(deps: UserRouteDeps): Route[] {
  return [
    refreshRoute(deps),
    signOutRoute(deps),
    meRoute(deps),
    sessionsRoute(deps),
    endSessionRoute(deps),
    devicesRoute(deps),
    renameDeviceRoute(deps),
    deleteDeviceRoute(deps),
  ];
}

/** Where a request came from, as it is shown to the user later. */
export function originOf({ ip, headers }: Pick<Input<never, never, never>, "ip" | "headers">) {
  return { address: addressSubject(ip), agent: (headers["user-agent"] ?? "").replace(/[^ -~]/g, "").slice(0, 200) };
}

/** The session of whoever asks; 403 for whatever is no user. */
export function ownSession(deps: Pick<UserRouteDeps, "sessionOf">, actor: Actor): UserSessionOf {
  const session = deps.sessionOf(actor);
  if (session === undefined) throw errors.user_session_required();
  return session;
}

export const subjectOfSession = ({ accountId, collectionId, recordId, sessionId }: UserSessionOf) => ({
  accountId,
  collectionId,
  recordId,
  sessionId,
});

function refreshRoute({ sessions, provenKey }: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/refresh",
    name: "refreshTokens",
    access: "anyone",
    summary: "Renew the tokens",
    description:
      "Answers a new access token and the successor of the refresh token. The one before is answered with the same successor for 20 seconds; after that its use ends the session.",
    errors: ["refresh_token_invalid", "account_suspended", "device_key_required", "dpop_invalid"],
    body: z
      .strictObject({ refreshToken: z.string().max(200) })
      .meta({ example: { refreshToken: userExamples.tokens.refreshToken } }),
    responses: { 200: { description: "Renewed.", schema: tokensSchema, example: userExamples.tokens } },
    handler: async (ctx, input) => {
      const { refreshToken } = input.body;
      const { headers } = input;
      const keyThumbprint = await provenKey(ctx, { headers, method: "POST", path: "/v1/auth/refresh" });
      const tokens = await sessions.refresh(ctx, { refreshToken, keyThumbprint, ...originOf(input) });
      return { status: 200, json: tokensView(tokens) };
    },
  });
}

const signOutScope = z.enum(["this", "others", "all"]).default("this");

function signOutRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-out",
    name: "signOut",
    access: "signedIn",
    summary: "Sign out",
    description: "Ends this session, the others, or all; their tokens are dead at once.",
    errors: sessionErrors,
    body: z.strictObject({ scope: signOutScope }).meta({ example: { scope: "this" } }),
    responses: { 204: { description: "Signed out." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const which = { this: { only: own.sessionId }, others: { except: own.sessionId }, all: {} }[input.body.scope];
      await endSessions(ctx, deps, own, which, { event: "signed_out", scope: input.body.scope, ...originOf(input) });
      return { status: 204 };
    },
  });
}

interface Ending {
  readonly event: "signed_out" | "session_ended";
  readonly scope?: string;
  readonly address: string;
  readonly agent: string;
}

async function endSessions(
  ctx: Context,
  { forget }: UserRouteDeps,
  own: UserSessionOf,
  which: { readonly only?: string; readonly except?: string },
  { event, scope, address, agent }: Ending,
): Promise<readonly string[]> {
  const ended = await ctx.db.transaction(async (tx) => {
    const ids = await endUserSessions(tx, own.accountId, which);
    const detail = { ended: ids.length, ...(scope !== undefined && { scope }) };
    if (ids.length > 0) await audit({ ...ctx, db: tx }, { event, ...subjectOfSession(own), address, agent, detail });
    return ids;
  });
  forget(...ended.map((id) => `userSession:${id}`));
  return ended;
}

function meRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/me",
    name: "getMe",
    access: "signedIn",
    summary: "Show who is signed in",
    description: "The user's record as their own rules let them see it, how they sign in, and this session.",
    errors: sessionErrors,
    responses: { 200: { description: "The user.", schema: meSchema, example: userExamples.me } },
    handler: async (ctx) => {
      const own = ownSession(deps, ctx.actor);
      const account = await accountById(ctx.db, own.accountId);
      const session = await userSessionById(ctx.db, own.sessionId);
      if (account === undefined || session === undefined) throw errors.credential_invalid();
      const collection = deps.collectionName(own.collectionId) ?? "";
      const user = await userView(ctx, deps.records, collection, own.recordId);
      return { status: 200, json: { user, account: accountView(account), session: userSessionView(session, own.sessionId) } }; // biome-ignore format: one line
    },
  });
}

function sessionsRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/sessions",
    name: "listSessions",
    access: "signedIn",
    summary: "List your sessions",
    description: "The signed-in user's live sessions, last seen first.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The sessions.",
        schema: pageOf(userSessionSchema),
        example: { items: [userExamples.session], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const own = ownSession(deps, ctx.actor);
      const rows = await listUserSessions(ctx.db, own.accountId);
      return { status: 200, json: { items: rows.map((row) => userSessionView(row, own.sessionId)), nextCursor: null } };
    },
  });
}

const idParams = (description: string, example: string) =>
  z.object({ id: z.string().min(1).max(64).meta({ description, example }) });
const sessionParams = idParams("The session's id.", userExamples.session.id);
const deviceParams = idParams("The device's id.", userExamples.device.id);

function endSessionRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/sessions/{id}",
    name: "endSession",
    access: "signedIn",
    summary: "End a session",
    description: "Ends one of the signed-in user's sessions; its tokens are dead at once.",
    errors: [...sessionErrors, "session_not_found"],
    params: sessionParams,
    responses: { 204: { description: "Ended." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const ending = { event: "session_ended", ...originOf(input) } as const;
      const ended = await endSessions(ctx, deps, own, { only: input.params.id }, ending);
      if (ended.length === 0) throw errors.session_not_found();
      return { status: 204 };
    },
  });
}

function devicesRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/devices",
    name: "listDevices",
    access: "signedIn",
    summary: "List your devices",
    description: "The devices the signed-in user has signed in on, last seen first.",
    errors: sessionErrors,
    responses: {
      200: {
        description: "The devices.",
        schema: pageOf(deviceSchema),
        example: { items: [userExamples.device], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const own = ownSession(deps, ctx.actor);
      const devices = await listDevices(ctx.db, own.accountId);
      const sessions = await listUserSessions(ctx.db, own.accountId);
      const items = devices.map((device) =>
        deviceView(device, own.deviceId, sessions.filter((session) => session.deviceId === device.id).length),
      );
      return { status: 200, json: { items, nextCursor: null } };
    },
  });
}

function renameDeviceRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "PATCH",
    path: "/v1/auth/devices/{id}",
    name: "renameDevice",
    access: "signedIn",
    summary: "Rename a device",
    description: "Gives one of the signed-in user's devices a name to know it by.",
    errors: [...sessionErrors, "device_not_found"],
    params: deviceParams,
    body: z.strictObject({ name: z.string().min(1).max(100) }).meta({ example: { name: "Old tablet" } }),
    responses: { 204: { description: "Renamed." } },
    handler: async (ctx, { params, body }) => {
      const own = ownSession(deps, ctx.actor);
      if (!(await renameDevice(ctx.db, own.accountId, params.id, body.name))) throw errors.device_not_found();
      return { status: 204 };
    },
  });
}

function deleteDeviceRoute(deps: UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: "/v1/auth/devices/{id}",
    name: "revokeDevice",
    access: "signedIn",
    summary: "Revoke a device",
    description: "Ends every session on a device; at its next contact the client there wipes what it had stored.",
    errors: [...sessionErrors, "device_not_found"],
    params: deviceParams,
    responses: { 204: { description: "Revoked." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const ended = await ctx.db.transaction(async (tx) => {
        const ids = await deleteDevice(tx, own.accountId, input.params.id);
        if (ids === undefined) throw errors.device_not_found();
        const detail = { device: input.params.id, ended: ids.length };
        await audit(
          { ...ctx, db: tx },
          { event: "device_revoked", ...subjectOfSession(own), ...originOf(input), detail },
        );
        return ids;
      });
      deps.forget(...ended.map((id) => `userSession:${id}`));
      return { status: 204 };
    },
  });
}
