// Who may do what to a team. Admins may do everything; a member with the role `owner` looks after the team, and gives others no
// role that they do not have themselves. Whoever is no member learns nothing, not even that the team is there.
import type { Context } from "../kernel/context.ts";
import { type AuditOrigin, audit } from "./audit.ts";
import { errors } from "./errors.ts";
import { requireOwner } from "./step-up.ts";
import {
  countTeamsOf,
  deleteMember,
  listMembers,
  lockTeam,
  type MemberRow,
  membersMax,
  putMember,
  rolesIn,
  type TeamRow,
  teamById,
  teamsPerAccountMax,
} from "./team-store.ts";
import { ownSession, type UserRouteDeps } from "./user-routes.ts";

export const ownerRole = "owner";

export type TeamDeps = Pick<UserRouteDeps, "sessionOf" | "forget">;

/** `admin`, or the account and its roles in the team. */
export type Standing = "admin" | { readonly accountId: string; readonly roles: readonly string[] };

export const isAdmin = ({ actor }: Pick<Context, "actor">) => actor.kind === "admin" || actor.kind === "service";

/** The team and how the asker stands to it. Throws `team_not_found` (404) for whoever is neither admin nor member. */
export async function teamFor(
  ctx: Context,
  deps: TeamDeps,
  id: string,
): Promise<{ team: TeamRow; standing: Standing }> {
  const own = isAdmin(ctx) ? undefined : ownSession(deps, ctx.actor);
  const team = await teamById(ctx.db, id);
  if (team === undefined) throw errors.team_not_found();
  if (own === undefined) return { team, standing: "admin" };
  const roles = await rolesIn(ctx.db, id, own.accountId);
  if (roles === undefined) throw errors.team_not_found();
  return { team, standing: { accountId: own.accountId, roles } };
}

interface TeamChange {
  readonly team: TeamRow;
  readonly standing: Standing;
  readonly members: readonly MemberRow[];
}

interface Changed {
  readonly detail: { readonly [name: string]: unknown };
  /** Accounts whose `auth.teams` this changes. */
  readonly accounts: readonly string[];
}

/** One transaction with the team locked: who asks is judged by what is true inside it. `by: "any"` for leaving. */
export async function changeTeam(
  ctx: Context,
  deps: TeamDeps,
  { id, origin, by }: { readonly id: string; readonly origin: AuditOrigin; readonly by: "owner" | "any" },
  work: (tx: Context, change: TeamChange) => Promise<Changed>,
): Promise<void> {
  if (!isAdmin(ctx)) requireOwner(ownSession(deps, ctx.actor));
  const accounts = await ctx.db.transaction(async (tx) => {
    const inside = { ...ctx, db: tx };
    await lockTeam(tx, id);
    const { team, standing } = await teamFor(inside, deps, id);
    if (by === "owner" && standing !== "admin" && !standing.roles.includes(ownerRole))
      throw errors.team_owner_required();
    const changed = await work(inside, { team, standing, members: await listMembers(tx, id) });
    const detail = { team: id, ...changed.detail };
    await audit(inside, { event: "team_changed", collectionId: team.collectionId, ...origin, detail });
    return changed.accounts;
  });
  deps.forget(...accounts.map((account) => `account:${account}`));
}

/** Throws `team_role_not_yours` (403): roles that are there already are not given. */
export function requireRoles(standing: Standing, roles: readonly string[], before: readonly string[] = []): void {
  if (standing === "admin") return;
  const mine = new Set([...standing.roles, ...before]);
  if (roles.some((role) => !mine.has(role))) throw errors.team_role_not_yours();
}

/** Members cannot leave a team to nobody; admins may. */
export function requireOwnerLeft({ standing, members }: TeamChange, without: string): void {
  const left = members.some(({ accountId, roles }) => accountId !== without && roles.includes(ownerRole));
  if (standing !== "admin" && !left) throw errors.team_owner_last();
}

/** Within both limits. The team's row is locked, and an account that is in two of these at once can end one over. */
export async function join(
  { db, nowMs }: Context,
  team: { readonly id: string; readonly members: readonly Pick<MemberRow, "accountId">[] },
  member: { readonly accountId: string; readonly roles: readonly string[] },
): Promise<void> {
  const known = team.members.some(({ accountId }) => accountId === member.accountId);
  if (!known && team.members.length >= membersMax) throw errors.team_limit({ params: { max: membersMax } });
  if (!known && (await countTeamsOf(db, member.accountId)) >= teamsPerAccountMax)
    throw errors.team_limit({ params: { max: teamsPerAccountMax } });
  await putMember(db, { teamId: team.id, ...member, roles: [...new Set(member.roles)] }, nowMs);
}

/** Out of the team, if they were in it. */
export async function leave({ db }: Context, team: TeamRow, accountId: string): Promise<void> {
  if (!(await deleteMember(db, team.id, accountId))) throw errors.team_member_not_found();
}
