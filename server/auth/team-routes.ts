// Teams over HTTP: made by admins, or by users where the settings say so, and looked after by their owners.
import { z } from "zod";
import type { Db } from "../kernel/db/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { managedAccount } from "./account-list.ts";
import { rolesSchema } from "./account-types.ts";
import { audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Challenges } from "./challenge.ts";
import { errors } from "./errors.ts";
import { requireOwner } from "./step-up.ts";
import { changeTeam, isAdmin, join, leave, ownerRole, requireOwnerLeft, requireRoles, type TeamDeps, teamFor } from "./team.ts"; // biome-ignore format: one line
import { deleteTeam, insertTeam, listMembers, listTeams, type MemberRow, renameTeam, type TeamRow, teamById } from "./team-store.ts"; // biome-ignore format: one line
import type { UserCollection } from "./user-create.ts";
import { originOf, ownSession, sessionErrors } from "./user-routes.ts";
import { collectionName, userExamples } from "./user-types.ts";

export interface TeamRouteDeps extends TeamDeps {
  readonly collectionOf: (name: string) => UserCollection;
  readonly collectionName: (collectionId: number) => string | undefined;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly challenges: Challenges;
  readonly publicUrl: string;
}

const tag = defineTag("Teams", "Groups of users with roles; rules see them as `auth.teams`.");
export const teamRoute = { tag, access: "signedIn", idempotent: false, cache: "no-store" } as const;
export const teamErrors = [...sessionErrors, "team_not_found"];
const changeErrors = [...teamErrors, "team_owner_required", "impersonation_refused"];

const time = z.iso.datetime();
const nameSchema = z.string().min(1).max(100).regex(/^[^\p{Cc}]*$/u, "holds control characters"); // biome-ignore format: one line
const teamSchema = z
  .object({ id: z.string(), collection: z.string(), name: z.string(), createdAt: time, updatedAt: time })
  .meta({ id: "Team", description: "A team of users." });
const memberSchema = z.object({
  userId: z.string(),
  email: z.string().nullable(),
  username: z.string().nullable(),
  roles: z.array(z.string()),
  joinedAt: time,
});
const detailSchema = teamSchema
  .extend({ members: z.array(memberSchema) })
  .meta({ id: "TeamDetail", description: "A team with its members." });

const at = "2026-01-01T00:00:00.000Z";
export const teamExample = { id: "0197a7d2-7c00-7000-8000-000000000031", collection: "users", name: "Kitchen", createdAt: at, updatedAt: at }; // biome-ignore format: one line
const detailExample = {
  ...teamExample,
  members: [
    { userId: userExamples.user.id, email: "ann@example.com", username: null, roles: [ownerRole], joinedAt: at },
  ],
};
export const teamParams = z.object({
  team: z.string().min(1).max(64).meta({ description: "The team's id.", example: teamExample.id }),
});
const memberParams = teamParams.extend({
  user: z.string().min(1).max(64).meta({ description: "The user's id.", example: userExamples.user.id }),
});

export function teamRoutes(deps: TeamRouteDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), renameRoute(deps), deleteRoute(deps), memberRoute(deps), removeRoute(deps)]; // biome-ignore format: one line
}

function viewOf({ collectionId, createdAt, updatedAt, ...team }: TeamRow, deps: TeamRouteDeps) {
  const collection = deps.collectionName(collectionId) ?? "";
  return { ...team, collection, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

const memberView = ({ userId, email, username, roles, createdAt }: MemberRow) => ({
  ...{ userId, email, username, roles: [...roles], joinedAt: createdAt.toISOString() },
});

function listRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "GET",
    path: "/v1/teams",
    name: "listTeams",
    summary: "List teams",
    description: "Newest first: to an admin all of a collection, to a user their own.",
    errors: [...sessionErrors, "auth_collection_not_found"],
    query: z.strictObject({
      collection: collectionName,
      limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: "Teams on a page.", example: 100 }),
      cursor: z.string().regex(/^[0-9a-f-]{36}$/).optional().meta({ description: "`nextCursor` of the page before.", example: teamExample.id }),
    }), // biome-ignore format: a table
    responses: {
      200: {
        description: "A page.",
        schema: z.object({ items: z.array(teamSchema), nextCursor: z.string().nullable() }),
        example: { items: [teamExample], nextCursor: null },
      },
    },
    handler: async (ctx, { query: { collection, limit, cursor } }) => {
      const whose = isAdmin(ctx)
        ? { collectionId: deps.collectionOf(collection).id }
        : { accountId: ownSession(deps, ctx.actor).accountId };
      const rows = await listTeams(ctx.db, { ...whose, before: cursor, limit: limit + 1 });
      const items = rows.slice(0, limit).map((team) => viewOf(team, deps));
      return { status: 200, json: { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null } };
    },
  });
}

function createRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "POST",
    path: "/v1/teams",
    name: "createTeam",
    summary: "Make a team",
    description: "A user who makes one owns it, where the settings let users make teams; an admin makes one without members.", // biome-ignore format: one line
    errors: [
      ...sessionErrors,
      "auth_collection_not_found",
      "team_creation_closed",
      "team_limit",
      "impersonation_refused",
    ],
    body: z.strictObject({ collection: collectionName, name: nameSchema }).meta({ example: { name: "Kitchen" } }),
    responses: { 201: { description: "Made.", schema: teamSchema, example: teamExample } },
    handler: async (ctx, input) => {
      const own = isAdmin(ctx) ? undefined : ownSession(deps, ctx.actor);
      if (own !== undefined) {
        requireOwner(own);
        const { teams } = await deps.settingsOf(ctx.db, own.collectionId);
        if (!teams.usersCreate) throw errors.team_creation_closed();
      }
      const collectionId = own?.collectionId ?? deps.collectionOf(input.body.collection).id;
      const id = uuidv7(ctx.nowMs);
      await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        await insertTeam(tx, { id, collectionId, name: input.body.name }, ctx.nowMs);
        if (own !== undefined)
          await join(inside, { id, members: [] }, { accountId: own.accountId, roles: [ownerRole] });
        const detail = { team: id, change: "created" };
        await audit(inside, { event: "team_changed", collectionId, accountId: own?.accountId, ...originOf(input), detail }); // biome-ignore format: one line
      });
      if (own !== undefined) deps.forget(`account:${own.accountId}`);
      return { status: 201, json: viewOf((await teamById(ctx.db, id)) as TeamRow, deps) };
    },
  });
}

function getRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "GET",
    path: "/v1/teams/{team}",
    name: "getTeam",
    summary: "Show a team",
    description: "With its members, to admins and to the members.",
    errors: teamErrors,
    params: teamParams,
    responses: { 200: { description: "The team.", schema: detailSchema, example: detailExample } },
    handler: async (ctx, { params }) => {
      const { team } = await teamFor(ctx, deps, params.team);
      const members = (await listMembers(ctx.db, team.id)).map(memberView);
      return { status: 200, json: { ...viewOf(team, deps), members } };
    },
  });
}

function renameRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "PATCH",
    path: "/v1/teams/{team}",
    name: "renameTeam",
    summary: "Rename a team",
    description: "By an admin or an owner of the team.",
    errors: changeErrors,
    params: teamParams,
    body: z.strictObject({ name: nameSchema }).meta({ example: { name: "Bar" } }),
    responses: { 204: { description: "Renamed." } },
    handler: async (ctx, input) => {
      const change = { id: input.params.team, origin: originOf(input), by: "owner" } as const;
      await changeTeam(ctx, deps, change, async ({ db: tx }, { team }) => {
        await renameTeam(tx, team.id, input.body.name, ctx.nowMs);
        return { detail: { change: "renamed" }, accounts: [] };
      });
      return { status: 204 };
    },
  });
}

function deleteRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "DELETE",
    path: "/v1/teams/{team}",
    name: "deleteTeam",
    summary: "Delete a team",
    description: "By an admin or an owner of the team; its members stay users.",
    errors: changeErrors,
    params: teamParams,
    responses: { 204: { description: "Deleted." } },
    handler: async (ctx, input) => {
      const change = { id: input.params.team, origin: originOf(input), by: "owner" } as const;
      await changeTeam(ctx, deps, change, async ({ db: tx }, { team, members }) => {
        await deleteTeam(tx, team.id);
        return { detail: { change: "deleted" }, accounts: members.map(({ accountId }) => accountId) };
      });
      return { status: 204 };
    },
  });
}

function memberRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "PUT",
    path: "/v1/teams/{team}/members/{user}",
    name: "putTeamMember",
    summary: "Set a member's roles",
    description: "An admin also takes users in so; an owner invites them, and gives only roles that they have themselves. Rules see it within two seconds.", // biome-ignore format: one line
    errors: [...changeErrors, "team_member_not_found", "team_role_not_yours", "team_owner_last", "team_limit"],
    params: memberParams,
    body: z.strictObject({ roles: rolesSchema }).meta({ example: { roles: ["editor"] } }),
    responses: { 204: { description: "Set." } },
    handler: async (ctx, input) => {
      const change = { id: input.params.team, origin: originOf(input), by: "owner" } as const;
      await changeTeam(ctx, deps, change, async (inside, found) => {
        const { team, standing, members } = found;
        const account = await managedAccount(inside.db, team.collectionId, input.params.user);
        const before = members.find(({ accountId }) => accountId === account?.id);
        // Whom an owner names must be in the team: else this would tell which ids are users'.
        if (account === undefined || (before === undefined && standing !== "admin"))
          throw errors.team_member_not_found();
        const { roles } = input.body;
        requireRoles(standing, roles, before?.roles);
        if (!roles.includes(ownerRole)) requireOwnerLeft(found, account.id);
        await join(inside, { id: team.id, members }, { accountId: account.id, roles });
        return { detail: { change: "roles", user: account.recordId, roles }, accounts: [account.id] };
      });
      return { status: 204 };
    },
  });
}

function removeRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "DELETE",
    path: "/v1/teams/{team}/members/{user}",
    name: "removeTeamMember",
    summary: "Remove a member",
    description: "By an admin, an owner, or the members themselves, who leave so.",
    errors: [...changeErrors, "team_member_not_found", "team_owner_last"],
    params: memberParams,
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const isSelf = ctx.actor.kind === "user" && ctx.actor.auth.id === input.params.user;
      const change = { id: input.params.team, origin: originOf(input), by: isSelf ? "any" : "owner" } as const;
      await changeTeam(ctx, deps, change, async (inside, found) => {
        const member = found.members.find(({ userId }) => userId === input.params.user);
        if (member === undefined) throw errors.team_member_not_found();
        if (member.roles.includes(ownerRole)) requireOwnerLeft(found, member.accountId);
        await leave(inside, found.team, member.accountId);
        return { detail: { change: "left", user: member.userId }, accounts: [member.accountId] };
      });
      return { status: 204 };
    },
  });
}
