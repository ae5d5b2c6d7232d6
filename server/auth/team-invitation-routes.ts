// Into a team by invitation. What is handed over is a link, and it opens nothing by itself: the one who accepts is signed in, and
// the invited address is theirs and proved. So whoever invites may be shown the link, and learns not whether there is an account.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { userEmailSchema } from "./account-handle.ts";
import { lockAccount } from "./account-store.ts";
import { rolesSchema } from "./account-types.ts";
import { audit } from "./audit.ts";
import { errors } from "./errors.ts";
import { requireOwner } from "./step-up.ts";
import { changeTeam, join, ownerRole, requireRoles } from "./team.ts";
import { type TeamRouteDeps, teamErrors, teamExample, teamParams, teamRoute } from "./team-routes.ts";
import { listMembers, lockTeam, rolesIn } from "./team-store.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession } from "./user-routes.ts";

const invitationMs = 7 * 86_400_000;

/** Sealed in the challenge. */
interface Invitation {
  readonly team: string;
  readonly emailKey: string;
  readonly roles: readonly string[];
  /** The account that invited; absent: an admin. */
  readonly by?: string | undefined;
}

export function teamInvitationRoutes(deps: TeamRouteDeps): Route[] {
  return [inviteRoute(deps), acceptRoute(deps)];
}

const invitationSchema = z
  .object({ link: z.string(), expiresAt: z.iso.datetime() })
  .meta({ id: "TeamInvitation", description: "A link for the one who is invited; good for a week, once." });

function inviteRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "POST",
    path: "/v1/teams/{team}/invitations",
    name: "inviteToTeam",
    summary: "Invite into a team",
    description: "By an admin or an owner, who gives only roles that they have themselves. Only the user whose proved address it is can accept.", // biome-ignore format: one line
    errors: [...teamErrors, "team_owner_required", "team_role_not_yours", "impersonation_refused"],
    params: teamParams,
    body: z
      .strictObject({ email: userEmailSchema, roles: rolesSchema.default([]) })
      .meta({ example: { email: "bob@example.com", roles: ["editor"] } }),
    responses: {
      201: {
        description: "Invited.",
        schema: invitationSchema,
        example: { link: "https://app.example.com/auth/#/invitation/lf_one_…", expiresAt: "2026-01-08T00:00:00.000Z" },
      },
    },
    handler: async (ctx, input) => {
      const { email, roles } = input.body;
      let made: { readonly secret: string; readonly expiresAtMs: number } | undefined;
      const change = { id: input.params.team, origin: originOf(input), by: "owner" } as const;
      await changeTeam(ctx, deps, change, async ({ db: tx }, { team, standing }) => {
        requireRoles(standing, roles);
        const by = standing === "admin" ? undefined : standing.accountId;
        const data: Invitation = { team: team.id, emailKey: email.toLowerCase(), roles, by };
        made = await deps.challenges.make(tx, { purpose: "invitation", lifeMs: invitationMs, collectionId: team.collectionId, data }, ctx.nowMs); // biome-ignore format: one line
        return { detail: { change: "invited", roles }, accounts: [] };
      });
      const { secret = "", expiresAtMs = 0 } = made ?? {};
      const link = `${deps.publicUrl.replace(/\/$/, "")}/auth/#/invitation/${secret}`;
      return { status: 201, json: { link, expiresAt: new Date(expiresAtMs).toISOString() } };
    },
  });
}

function acceptRoute(deps: TeamRouteDeps): Route {
  return defineRoute({
    ...teamRoute,
    method: "POST",
    path: "/v1/auth/invitations/accept",
    name: "acceptInvitation",
    summary: "Accept an invitation",
    description:
      "By the signed-in user whose proved e-mail address was invited. Rules see the team with the next request.",
    errors: [...sessionErrors, "code_invalid", "invitation_not_yours", "team_limit", "impersonation_refused"],
    body: z
      .strictObject({ token: z.string().max(100).meta({ description: "The last part of the link." }) })
      .meta({ example: { token: "lf_one_…" } }),
    responses: {
      200: { description: "Joined.", schema: z.object({ team: z.string() }), example: { team: teamExample.id } },
    },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      requireOwner(own);
      const team = await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        // A refusal rolls back, so an invitation that is not theirs is not spent.
        const spent = await deps.challenges.spend(tx, "invitation", input.body.token, ctx.nowMs);
        if (spent === undefined || spent.collectionId !== own.collectionId) throw errors.code_invalid();
        const invited = spent.data as Invitation;
        const account = await lockAccount(tx, own.accountId);
        if (account?.email?.toLowerCase() !== invited.emailKey || account.emailVerifiedAt === null) throw errors.invitation_not_yours(); // biome-ignore format: one line
        if ((await lockTeam(tx, invited.team)) === undefined) throw errors.code_invalid();
        const before = (await rolesIn(tx, invited.team, own.accountId)) ?? [];
        await requireStillGiven(inside, invited);
        const members = await listMembers(tx, invited.team);
        await join(inside, { id: invited.team, members }, { accountId: own.accountId, roles: [...before, ...invited.roles] }); // biome-ignore format: one line
        const detail = { team: invited.team, change: "joined", roles: invited.roles };
        await audit(inside, { event: "team_changed", ...subjectOfSession(own), ...originOf(input), detail });
        return invited.team;
      });
      deps.forget(`account:${own.accountId}`);
      return { status: 200, json: { team } };
    },
  });

  /** What the one who invited lost since, they no longer give (A24). */
  async function requireStillGiven(
    { db }: { readonly db: Parameters<typeof rolesIn>[0] },
    { team, by, roles }: Invitation,
  ) {
    if (by === undefined) return;
    const theirs = (await rolesIn(db, team, by)) ?? [];
    if (!theirs.includes(ownerRole) || roles.some((role) => !theirs.includes(role))) throw errors.code_invalid();
  }
}
