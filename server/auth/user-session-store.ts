// All SQL about users' sessions. A session is a family of refresh tokens; its row holds the number of the newest one.
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { AccountRow } from "./account-store.ts";
import type { Origin } from "./device-store.ts";

/** The oldest go first beyond this. */
const sessionsPerAccountMax = 100;

export interface UserSessionRow {
  readonly id: string;
  readonly accountId: string;
  readonly deviceId: string | null;
  readonly amr: readonly string[];
  readonly authenticatedAt: Date;
  readonly rotation: number;
  readonly rotatedAt: Date;
  readonly keyThumbprint: string | null;
  readonly impersonatedBy: string | null;
  readonly clientId: string | null;
  readonly address: string;
  readonly agent: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export interface NewUserSession extends Origin {
  readonly accountId: string;
  readonly deviceId: string | null;
  readonly amr: readonly string[];
  readonly keyThumbprint?: string | undefined;
  readonly impersonatedBy?: string | undefined;
  readonly clientId?: string | undefined;
  readonly nowMs: number;
  readonly lifeMs: number;
}

const columns = [
  ...["id", '"accountId"', '"deviceId"', "amr", '"authenticatedAt"', "rotation", '"rotatedAt"', '"keyThumbprint"'],
  ...['"impersonatedBy"', '"clientId"', "address", "agent", '"createdAt"', '"lastSeenAt"', '"expiresAt"'],
]
  .map((column) => `s.${column}`)
  .join(", ");
const iso = (ms: number) => new Date(ms).toISOString();

/** Call with the account's row locked: the cap is then exact, and no session opens beside a change of its credentials. */
export async function insertUserSession(tx: Db, made: NewUserSession): Promise<UserSessionRow> {
  const [row] = await tx.query<UserSessionRow>({
    name: "auth_user_session_insert",
    text: `INSERT INTO landfall."userSession" AS s (id, "accountId", "deviceId", amr, "authenticatedAt", "rotatedAt", "keyThumbprint",
             "impersonatedBy", "clientId", address, agent, "createdAt", "lastSeenAt", "expiresAt")
           VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $5, $5, $11) RETURNING ${columns}`,
    values: [
      uuidv7(made.nowMs),
      made.accountId,
      made.deviceId,
      made.amr,
      iso(made.nowMs),
      made.keyThumbprint ?? null,
      made.impersonatedBy ?? null,
      made.clientId ?? null,
      made.address,
      made.agent,
      iso(made.nowMs + made.lifeMs),
    ],
  });
  await tx.query({
    name: "auth_user_session_cap",
    text: `DELETE FROM landfall."userSession" WHERE id IN (
             SELECT id FROM landfall."userSession" WHERE "accountId" = $1 ORDER BY "createdAt" DESC, id DESC OFFSET $2)`,
    values: [made.accountId, sessionsPerAccountMax],
  });
  return row as UserSessionRow;
}

export interface LiveSession extends UserSessionRow {
  readonly account: Pick<AccountRow, "id" | "collectionId" | "recordId" | "anonymous" | "roles" | "claims">;
  /** Each team's id, and `<team>:<role>`. */
  readonly teams: readonly string[];
}

/** Postgres takes no U+0000, and what is no session's id need not be looked up. */
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The session, its account and what rules see of it; undefined when it ended, expired, or is suspended. */
export async function findUserSession(db: Db, id: string, nowMs: number): Promise<LiveSession | undefined> {
  if (!idForm.test(id)) return undefined;
  const rows = await db.query<UserSessionRow & Omit<LiveSession["account"], "id"> & Pick<LiveSession, "teams">>({
    name: "auth_user_session_find",
    text: `SELECT ${columns}, a."collectionId", a."recordId", a.anonymous, a.roles, a.claims,
                  ARRAY(SELECT t.name FROM landfall."teamMember" m,
                          LATERAL unnest(m."teamId" || ARRAY(SELECT m."teamId" || ':' || role FROM unnest(m.roles) role)) t (name)
                        WHERE m."accountId" = a.id ORDER BY 1) AS teams
           FROM landfall."userSession" s JOIN landfall.account a ON a.id = s."accountId"
           WHERE s.id = $1 AND s."expiresAt" > $2 AND a."suspendedAt" IS NULL`,
    values: [id, iso(nowMs)],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  const { collectionId, recordId, anonymous, roles, claims, ...session } = row;
  return { ...session, account: { id: row.accountId, collectionId, recordId, anonymous, roles, claims } };
}

/** The next rotation, if the token that asks is the newest one. Postgres lets one of several askers through. */
export async function rotateSession(
  db: Db,
  asked: { readonly id: string; readonly rotation: number; readonly idleMs: number } & Origin,
  nowMs: number,
): Promise<UserSessionRow | undefined> {
  const rows = await db.query<UserSessionRow>({
    name: "auth_user_session_rotate",
    // Equal in ordinary life. Lower after a restore: the backup had not seen the last rotations.
    text: `UPDATE landfall."userSession" s SET rotation = $2 + 1, "rotatedAt" = $3, "lastSeenAt" = $3, address = $5, agent = $6
           WHERE s.id = $1 AND s.rotation <= $2 AND s."expiresAt" > $3 AND s."lastSeenAt" > $4 RETURNING ${columns}`,
    values: [asked.id, asked.rotation, iso(nowMs), iso(nowMs - asked.idleMs), asked.address, asked.agent],
  });
  return rows[0];
}

export async function userSessionById(db: Db, id: string): Promise<UserSessionRow | undefined> {
  const text = `SELECT ${columns} FROM landfall."userSession" s WHERE s.id = $1`;
  return (await db.query<UserSessionRow>({ name: "auth_user_session_by_id", text, values: [id] }))[0];
}

export async function listUserSessions(db: Db, accountId: string): Promise<UserSessionRow[]> {
  return db.query<UserSessionRow>({
    text: `SELECT ${columns} FROM landfall."userSession" s WHERE s."accountId" = $1 ORDER BY s."lastSeenAt" DESC, s.id DESC LIMIT ${sessionsPerAccountMax}`,
    values: [accountId],
  });
}

/** The user has proved again who they are, by this; what the session was opened by stays. */
export async function renewAuthentication(
  db: Db,
  id: string,
  amr: readonly string[],
  nowMs: number,
): Promise<UserSessionRow | undefined> {
  const rows = await db.query<UserSessionRow>({
    name: "auth_user_session_step_up",
    text: `UPDATE landfall."userSession" s SET "authenticatedAt" = $3,
             amr = s.amr || ARRAY(SELECT value FROM unnest($2::text[]) value WHERE value <> ALL (s.amr))
           WHERE s.id = $1 RETURNING ${columns}`,
    values: [id, amr, iso(nowMs)],
  });
  return rows[0];
}

/** Ends sessions of an account and gives their ids; the feed tells every process. */
export async function endUserSessions(
  db: Db,
  accountId: string,
  which: { readonly only?: string; readonly except?: string } = {},
): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `DELETE FROM landfall."userSession" WHERE "accountId" = $1 AND ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR id <> $3) RETURNING id`,
    values: [accountId, which.only ?? null, which.except ?? null],
  });
  return rows.map((row) => row.id);
}

/** At most once a minute, from the authenticator's own look. */
export async function sawUserSession(db: Db, id: string, nowMs: number): Promise<void> {
  await db.query({
    name: "auth_user_session_seen",
    text: `UPDATE landfall."userSession" SET "lastSeenAt" = $2 WHERE id = $1 AND "lastSeenAt" <= $3`,
    values: [id, iso(nowMs), iso(nowMs - 60_000)],
  });
}

/** Past their absolute limit, and devices that have had no session for a year. Who was idle too long is refused at the door. */
export async function sweepUserSessions(db: Db, nowMs: number): Promise<void> {
  await db.query({ text: `DELETE FROM landfall."userSession" WHERE "expiresAt" <= $1`, values: [iso(nowMs)] });
  await db.query({
    text: `DELETE FROM landfall.device d WHERE "lastSeenAt" < $1 AND NOT EXISTS (SELECT FROM landfall."userSession" s WHERE s."deviceId" = d.id)`,
    values: [iso(nowMs - 365 * 86_400_000)],
  });
}
