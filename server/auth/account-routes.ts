// Users over HTTP, for admins: who there is, what one has, making, changing and deleting one.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import {
  type AccountAdminDeps,
  accountErrors,
  accountOf,
  accountParams,
  accountPath,
  accountRoute,
  accountsPath,
  changing,
  collectionParams,
  managedView,
  sessionSubjects,
} from "./account-admin.ts";
import { emailHandle, namingHandles, usernameHandle } from "./account-handle.ts";
import { accountParts, countAccounts, listAccounts, type ManagedRow, managedAccount } from "./account-list.ts";
import { type AccountChange, changeAccount } from "./account-store.ts";
import {
  type AccountPatch,
  accountDetailSchema,
  accountExamples,
  accountPatchSchema,
  accountQuerySchema,
  managedAccountSchema,
  type NewAccount,
  newAccountSchema,
} from "./account-types.ts";
import { audit } from "./audit.ts";
import { auditView, listAudit } from "./audit-store.ts";
import { perAccount } from "./challenge.ts";
import { listDevices } from "./device-store.ts";
import { errors } from "./errors.ts";
import { createUser, type UserCollection } from "./user-create.ts";
import { originOf } from "./user-routes.ts";
import { subjectOf } from "./user-session.ts";
import { listUserSessions } from "./user-session-store.ts";
import { deviceView, userSessionView, userView } from "./user-views.ts";

export function accountRoutes(deps: AccountAdminDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), changeRoute(deps), deleteRoute(deps)];
}

function listRoute({ collectionOf }: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "GET",
    path: accountsPath,
    name: "listAccounts",
    summary: "List users",
    description: "Newest first, by how they sign in; their profiles are records of the collection.",
    errors: ["auth_collection_not_found"],
    params: collectionParams,
    query: accountQuerySchema,
    responses: {
      200: {
        description: "A page.",
        schema: z.object({
          items: z.array(managedAccountSchema),
          nextCursor: z.string().nullable(),
          count: z.number().int().optional(),
        }),
        example: { items: [accountExamples.managed], nextCursor: null },
      },
    },
    handler: async (ctx, { params, query }) => {
      const { id } = collectionOf(params.collection);
      const rows = await listAccounts(ctx.db, id, query);
      const items = rows.slice(0, query.limit).map(managedView);
      const nextCursor = rows.length > query.limit ? (items.at(-1)?.id ?? null) : null;
      const count = query.count === undefined ? {} : { count: await countAccounts(ctx.db, id, query) };
      return { status: 200, json: { items, nextCursor, ...count } };
    },
  });
}

function createRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "POST",
    path: accountsPath,
    name: "createAccount",
    summary: "Make a user",
    description: "The record and its account at once. Without a password the user signs in by e-mail, a provider or a passkey.", // biome-ignore format: one line
    errors: [
      "auth_collection_not_found",
      "handle_taken",
      "profile_invalid",
      "record_invalid",
      "record_unprocessable",
      "record_conflict",
      "password_checks_busy",
    ],
    params: collectionParams,
    body: newAccountSchema,
    responses: { 201: { description: "Made.", schema: managedAccountSchema, example: accountExamples.managed } },
    handler: async (ctx, input) => {
      const collection = deps.collectionOf(input.params.collection);
      const { body } = input;
      const change = await accountOfNew(deps, body, ctx.nowMs);
      const row = await namingHandles(change, () =>
        ctx.db.transaction(async (tx) => {
          const inside = { ...ctx, db: tx };
          const made = await createUser(inside, deps.records, { collection, profile: body.profile, account: change, by: "system" }); // biome-ignore format: one line
          await audit(inside, { event: "account_created", ...subjectOf(made), ...originOf(input) });
          return (await managedAccount(tx, collection.id, made.recordId)) as ManagedRow;
        }),
      );
      return { status: 201, json: managedView(row) };
    },
  });
}

async function accountOfNew(deps: AccountAdminDeps, body: NewAccount, nowMs: number): Promise<AccountChange> {
  const { email, username, password, roles, claims, locale } = body;
  return {
    ...{ roles, claims, locale },
    ...(email !== undefined && { email: emailHandle(email), emailVerifiedAtMs: body.emailVerified ? nowMs : null }),
    ...(username !== undefined && { username: usernameHandle(username) }),
    ...(password !== undefined && { passwordHash: await deps.passwords.hash(password) }),
  };
}

function getRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "GET",
    path: accountPath,
    name: "getAccount",
    summary: "Show a user",
    description: "The record, the account, and everything that lets the user in, without secrets; with their last events.", // biome-ignore format: one line
    errors: accountErrors,
    params: accountParams,
    responses: { 200: { description: "The user.", schema: accountDetailSchema, example: accountExamples.detail } },
    handler: async (ctx, { params }) => {
      const { collection, account } = await accountOf(ctx, deps, params);
      return { status: 200, json: await detailOf(ctx, deps, collection, account) };
    },
  });
}

async function detailOf(ctx: Context, deps: AccountAdminDeps, collection: UserCollection, account: ManagedRow) {
  const { identities, factorList, passkeyList, teams } = await accountParts(ctx.db, account.id);
  const devices = await listDevices(ctx.db, account.id);
  const sessions = await listUserSessions(ctx.db, account.id);
  const timeline = await listAudit(ctx.db, { accountId: account.id, limit: 50 });
  return {
    ...managedView(account),
    ...{ identities, factorList, passkeyList, teams },
    user: await userView(ctx, deps.records, collection.name, account.recordId),
    devices: devices.map((device) => deviceView(device, null, sessions.filter(({ deviceId }) => deviceId === device.id).length)), // biome-ignore format: one line
    sessions: sessions.map((session) => ({
      ...userSessionView(session, undefined),
      impersonatedBy: session.impersonatedBy,
    })),
    timeline: timeline.map((entry) => auditView(entry, deps.collectionName)),
  };
}

function changeRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "PATCH",
    path: accountPath,
    name: "changeAccount",
    summary: "Change a user's account",
    description:
      "What is left out stays. Rules see new roles and claims within two seconds; links and codes that were sent to an address before are worth nothing after it changed.",
    errors: [...accountErrors, "handle_taken", "account_input_invalid"],
    params: accountParams,
    body: accountPatchSchema,
    responses: { 200: { description: "Changed.", schema: managedAccountSchema, example: accountExamples.managed } },
    handler: async (ctx, input) => {
      const { collection, account } = await accountOf(ctx, deps, input.params);
      const change = changeOf(input.body, account, ctx.nowMs);
      await namingHandles(change, () =>
        changing(ctx, deps, { account, origin: originOf(input) }, async ({ db: tx }) => {
          await changeAccount(tx, account.id, change, ctx.nowMs);
          if (change.email !== undefined) await deps.challenges.drop(tx, account.id, perAccount);
          const detail = { members: Object.keys(input.body).sort() };
          return { event: "account_changed", detail, forget: [`account:${account.id}`] };
        }),
      );
      const row = await managedAccount(ctx.db, collection.id, account.recordId);
      if (row === undefined) throw errors.account_not_found();
      return { status: 200, json: managedView(row) };
    },
  });
}

/** A new address is not proved, unless the admin vouches for it in the same request. */
function changeOf(patch: AccountPatch, account: ManagedRow, nowMs: number): AccountChange {
  const { email, username, emailVerified, roles, claims, locale } = patch;
  if (emailVerified === true && (email === null || (email === undefined && account.email === null)))
    throw errors.account_input_invalid({ issues: [{ path: "/emailVerified", code: "no_email", message: "There is no address to vouch for." }] }); // biome-ignore format: one line
  const verifiedAtMs = emailVerified === true ? nowMs : null;
  return {
    ...(email !== undefined && { email: email === null ? null : emailHandle(email) }),
    ...((email !== undefined || emailVerified !== undefined) && { emailVerifiedAtMs: verifiedAtMs }),
    ...(username !== undefined && { username: username === null ? null : usernameHandle(username) }),
    ...(roles !== undefined && { roles: [...new Set(roles)] }),
    ...(claims !== undefined && { claims }),
    ...(locale !== undefined && { locale }),
  };
}

function deleteRoute(deps: AccountAdminDeps): Route {
  return defineRoute({
    ...accountRoute,
    method: "DELETE",
    path: accountPath,
    name: "deleteAccount",
    summary: "Delete a user",
    description: "The record, the account and every session; what other records do then, their relations say.",
    errors: [...accountErrors, "record_in_use"],
    params: accountParams,
    responses: { 204: { description: "Deleted." } },
    handler: async (ctx, input) => {
      const { collection, account } = await accountOf(ctx, deps, input.params);
      await changing(ctx, deps, { account, origin: originOf(input) }, async (inside) => {
        const sessions = await listUserSessions(inside.db, account.id);
        await deps.records.remove(inside, collection.name, account.recordId);
        const forget = [`account:${account.id}`, ...sessionSubjects(sessions.map(({ id }) => id))];
        return { event: "account_deleted", forget };
      });
      return { status: 204 };
    },
  });
}
