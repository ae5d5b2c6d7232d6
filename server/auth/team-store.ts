// All SQL about teams. Changes of membership are told to every process by a trigger (docs/decisions/030-identity.md).
import type { Db } from "../kernel/db/index.ts";

export const membersMax = 1_000;
/** A user's teams travel with every request of theirs. */
export const teamsPerAccountMax = 100;

export interface TeamRow {
  readonly id: string;
  readonly collectionId: number;
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface MemberRow {
  readonly accountId: string;
  readonly userId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly roles: readonly string[];
  readonly createdAt: Date;
}

const columns = `t.id, t."collectionId", t.name, t."createdAt", t."updatedAt"`;
const iso = (ms: number) => new Date(ms).toISOString();

export async function insertTeam(
  tx: Db,
  team: Pick<TeamRow, "id" | "collectionId" | "name">,
  nowMs: number,
): Promise<void> {
  // biome-ignore format: one line
  await tx.query({
    text: `INSERT INTO landfall.team (id, "collectionId", name, "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $4)`,
    values: [team.id, team.collectionId, team.name, iso(nowMs)],
  });
}

export async function teamById(db: Db, id: string): Promise<TeamRow | undefined> {
  return (await db.query<TeamRow>({ text: `SELECT ${columns} FROM landfall.team t WHERE t.id = $1`, values: [id] }))[0];
}

/** Locked: changes of one team take turns, so that counts, and who is the last owner, are exact. */
export async function lockTeam(tx: Db, id: string): Promise<TeamRow | undefined> {
  const text = `SELECT ${columns} FROM landfall.team t WHERE t.id = $1 FOR UPDATE`;
  return (await tx.query<TeamRow>({ text, values: [id] }))[0];
}

interface TeamsAsked {
  readonly accountId?: string | undefined;
  readonly collectionId?: number | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Newest first: all, those of a collection, or those that an account is a member of. */
export async function listTeams(db: Db, asked: TeamsAsked): Promise<TeamRow[]> {
  return db.query<TeamRow>({
    text: `SELECT ${columns} FROM landfall.team t
           WHERE ($1::text IS NULL OR EXISTS (SELECT FROM landfall."teamMember" m WHERE m."teamId" = t.id AND m."accountId" = $1))
             AND ($2::int IS NULL OR t."collectionId" = $2) AND ($3::text IS NULL OR t.id < $3) ORDER BY t.id DESC LIMIT $4`,
    values: [asked.accountId ?? null, asked.collectionId ?? null, asked.before ?? null, asked.limit],
  });
}

export async function renameTeam(tx: Db, id: string, name: string, nowMs: number): Promise<void> {
  const text = `UPDATE landfall.team SET name = $2, "updatedAt" = $3 WHERE id = $1`;
  await tx.query({ text, values: [id, name, iso(nowMs)] });
}

export async function deleteTeam(tx: Db, id: string): Promise<void> {
  await tx.query({ text: `DELETE FROM landfall.team WHERE id = $1`, values: [id] });
}

export async function listMembers(db: Db, teamId: string): Promise<MemberRow[]> {
  return db.query<MemberRow>({
    text: `SELECT m."accountId", a."recordId" AS "userId", a.email, a.username, m.roles, m."createdAt"
           FROM landfall."teamMember" m JOIN landfall.account a ON a.id = m."accountId" WHERE m."teamId" = $1
           ORDER BY m."createdAt", a."recordId" LIMIT ${membersMax}`,
    values: [teamId],
  });
}

/** The roles of an account in a team; undefined when it is no member. */
export async function rolesIn(db: Db, teamId: string, accountId: string): Promise<readonly string[] | undefined> {
  const text = `SELECT roles FROM landfall."teamMember" WHERE "teamId" = $1 AND "accountId" = $2`;
  return (await db.query<{ roles: string[] }>({ text, values: [teamId, accountId] }))[0]?.roles;
}

export async function putMember(
  tx: Db,
  member: { readonly teamId: string; readonly accountId: string; readonly roles: readonly string[] },
  nowMs: number,
): Promise<void> {
  await tx.query({
    text: `INSERT INTO landfall."teamMember" ("teamId", "accountId", roles, "createdAt") VALUES ($1, $2, $3, $4)
           ON CONFLICT ("teamId", "accountId") DO UPDATE SET roles = excluded.roles`,
    values: [member.teamId, member.accountId, member.roles, iso(nowMs)],
  });
}

export async function deleteMember(tx: Db, teamId: string, accountId: string): Promise<boolean> {
  const text = `DELETE FROM landfall."teamMember" WHERE "teamId" = $1 AND "accountId" = $2 RETURNING 1`;
  return (await tx.query({ text, values: [teamId, accountId] })).length > 0;
}

export async function countTeamsOf(tx: Db, accountId: string): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM landfall."teamMember" WHERE "accountId" = $1`;
  return (await tx.query<{ count: number }>({ text, values: [accountId] }))[0]?.count ?? 0;
}
