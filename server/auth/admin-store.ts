// All SQL about admins, their sessions and the set-up secret.
import type { Db } from "../kernel/db/index.ts";
import { hashSecret, newSecret, uuidv7 } from "../kernel/ids.ts";
import { product } from "../kernel/product.ts";
import type { Admin } from "./types.ts";

const sessionAbsoluteMs = 30 * 86_400_000;
export const sessionIdleMs = 24 * 3_600_000;
/** The oldest go first beyond this; it bounds the list of sessions too. */
const sessionsPerAdminMax = 50;
const seenWriteEveryMs = 60_000;
const knownAddressMs = 30 * 86_400_000;

export interface AdminRow extends Admin {
  readonly passwordHash: string | null;
  readonly passwordExpiresAt: Date | null;
}

export interface NewSession {
  readonly address: string;
  readonly agent: string;
  readonly nowMs: number;
}

export interface OpenedSession {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: string;
}

const iso = (ms: number) => new Date(ms).toISOString();
const adminColumns = `a.id, a.email, a.role, a."passwordHash", a."passwordExpiresAt"`;

/** Set-up, first admin and set-up secrets take turns, across processes. Held until the transaction ends. */
export async function lockSetup(tx: Db): Promise<void> {
  await tx.query({ text: "SELECT pg_advisory_xact_lock(7104710007)" });
}

export async function hasAdmin(db: Db): Promise<boolean> {
  return (await db.query({ text: "SELECT 1 FROM landfall.admin LIMIT 1" })).length > 0;
}

interface CredentialCounts {
  readonly admins: number;
  readonly apiKeys: number;
}

/** For the console's overview. */
export async function countCredentials(db: Db): Promise<CredentialCounts> {
  const rows = await db.query<CredentialCounts>({
    text: `SELECT (SELECT count(*) FROM landfall.admin) AS admins, (SELECT count(*) FROM landfall."apiKey") AS "apiKeys"`,
  });
  return rows[0] ?? { admins: 0, apiKeys: 0 };
}

/** Undefined when the address is taken. */
export async function insertAdmin(
  db: Db,
  admin: { readonly email: string; readonly passwordHash: string },
  nowMs: number,
): Promise<Admin | undefined> {
  const rows = await db.query<Admin>({
    text: `INSERT INTO landfall.admin (id, email, "passwordHash", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (email) DO NOTHING RETURNING id, email, role`,
    values: [uuidv7(nowMs), admin.email, admin.passwordHash, iso(nowMs)],
  });
  return rows[0];
}

/** The admin, and whether it has signed in from this address in the last 30 days. One row for an unknown e-mail too: the
 * work, and so the time, is the same. */
export async function adminForSignIn(
  db: Db,
  email: string,
  address: string,
  nowMs: number,
): Promise<(AdminRow & { readonly addressKnown: boolean }) | undefined> {
  const rows = await db.query<{ [member in keyof AdminRow]: AdminRow[member] | null } & { addressKnown: boolean }>({
    name: "auth_admin_for_sign_in",
    text: `SELECT ${adminColumns}, k.address IS NOT NULL AS "addressKnown"
           FROM (SELECT $1::text AS email) asked LEFT JOIN landfall.admin a ON a.email = asked.email
           LEFT JOIN landfall."knownAddress" k ON k."adminId" = a.id AND k.address = $2 AND k."lastSignInAt" > $3`,
    values: [email, address, iso(nowMs - knownAddressMs)],
  });
  const row = rows[0];
  return row?.id == null ? undefined : (row as AdminRow & { addressKnown: boolean });
}

/** The row, locked, if its password is still the one that was checked: no session survives a change made meanwhile. */
export async function lockAdmin(tx: Db, id: string, passwordHash: string | null): Promise<AdminRow | undefined> {
  const rows = await tx.query<AdminRow>({
    name: "auth_admin_lock",
    text: `SELECT ${adminColumns} FROM landfall.admin a
           WHERE a.id = $1 AND a."passwordHash" IS NOT DISTINCT FROM $2 FOR UPDATE`,
    values: [id, passwordHash],
  });
  return rows[0];
}

export async function adminById(db: Db, id: string): Promise<AdminRow | undefined> {
  const text = `SELECT ${adminColumns} FROM landfall.admin a WHERE a.id = $1`;
  return (await db.query<AdminRow>({ name: "auth_admin_by_id", text, values: [id] }))[0];
}

export interface PasswordChange {
  readonly adminId: string;
  readonly passwordHash: string | null;
  /** Makes it a one-time password. */
  readonly expiresAtMs?: number;
  readonly nowMs: number;
}

export async function setPassword(db: Db, change: PasswordChange): Promise<void> {
  const expiresAt = change.expiresAtMs === undefined ? null : iso(change.expiresAtMs);
  await db.query({
    text: `UPDATE landfall.admin SET "passwordHash" = $2, "passwordExpiresAt" = $3, "updatedAt" = $4 WHERE id = $1`,
    values: [change.adminId, change.passwordHash, expiresAt, iso(change.nowMs)],
  });
}

/** The same password under today's cost, unless it changed meanwhile. */
export async function rehashPassword(db: Db, adminId: string, from: string, to: string): Promise<void> {
  await db.query({
    text: `UPDATE landfall.admin SET "passwordHash" = $3 WHERE id = $1 AND "passwordHash" = $2`,
    values: [adminId, from, to],
  });
}

/** A fresh token, whatever the caller held before (T26). Call with the admin's row locked: the cap is then exact. */
export async function insertSession(tx: Db, adminId: string, made: NewSession): Promise<OpenedSession> {
  const token = newSecret(product.secretPrefixes.session);
  const id = uuidv7(made.nowMs);
  const expiresAt = iso(made.nowMs + sessionAbsoluteMs);
  await tx.query({
    name: "auth_session_insert",
    text: `INSERT INTO landfall.session (id, "adminId", "tokenHash", address, agent, "createdAt", "lastSeenAt", "expiresAt")
           VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
    values: [id, adminId, hashSecret(token), made.address, made.agent, iso(made.nowMs), expiresAt],
  });
  await tx.query({
    name: "auth_session_cap",
    text: `DELETE FROM landfall.session WHERE id IN (
             SELECT id FROM landfall.session WHERE "adminId" = $1 ORDER BY "createdAt" DESC, id DESC OFFSET $2)`,
    values: [adminId, sessionsPerAdminMax],
  });
  return { id, token, expiresAt };
}

export async function rememberAddress(tx: Db, adminId: string, address: string, nowMs: number): Promise<void> {
  await tx.query({
    text: `INSERT INTO landfall."knownAddress" ("adminId", address, "lastSignInAt") VALUES ($1, $2, $3)
           ON CONFLICT ("adminId", address) DO UPDATE SET "lastSignInAt" = excluded."lastSignInAt"`,
    values: [adminId, address, iso(nowMs)],
  });
  await tx.query({
    text: `DELETE FROM landfall."knownAddress" WHERE "adminId" = $1 AND "lastSignInAt" <= $2`,
    values: [adminId, iso(nowMs - knownAddressMs)],
  });
}

export interface SessionRow {
  readonly id: string;
  readonly adminId: string;
  readonly email: string;
  readonly role: Admin["role"];
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** The live session of a token. Notes that it was seen, at most once a minute. */
export async function findSession(db: Db, tokenHash: string, nowMs: number): Promise<SessionRow | undefined> {
  const rows = await db.query<SessionRow>({
    name: "auth_session_find",
    text: `SELECT s.id, s."adminId", a.email, a.role, s."lastSeenAt", s."expiresAt"
           FROM landfall.session s JOIN landfall.admin a ON a.id = s."adminId"
           WHERE s."tokenHash" = $1 AND s."expiresAt" > $2 AND s."lastSeenAt" > $3`,
    values: [tokenHash, iso(nowMs), iso(nowMs - sessionIdleMs)],
  });
  const session = rows[0];
  if (session !== undefined && nowMs - session.lastSeenAt.getTime() >= seenWriteEveryMs) {
    const seen = {
      name: "auth_session_seen",
      text: `UPDATE landfall.session SET "lastSeenAt" = $2 WHERE id = $1 AND "lastSeenAt" <= $3`,
      values: [session.id, iso(nowMs), iso(nowMs - seenWriteEveryMs)],
    };
    // A database that takes no writes for a while (fail-over, full disk) must not refuse who is known.
    await db.query(seen).catch(() => {});
  }
  return session;
}

export interface SessionListRow {
  readonly id: string;
  readonly address: string;
  readonly agent: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export async function listSessions(db: Db, adminId: string, nowMs: number): Promise<SessionListRow[]> {
  return db.query<SessionListRow>({
    text: `SELECT id, address, agent, "createdAt", "lastSeenAt", "expiresAt" FROM landfall.session
           WHERE "adminId" = $1 AND "expiresAt" > $2 AND "lastSeenAt" > $3
           ORDER BY "createdAt" DESC, id DESC LIMIT ${sessionsPerAdminMax}`,
    values: [adminId, iso(nowMs), iso(nowMs - sessionIdleMs)],
  });
}

/** Ends sessions of one admin: one of them, all, or all but one. Returns the ids that ended. */
export async function endSessions(
  db: Db,
  adminId: string,
  which: { readonly only?: string; readonly except?: string },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>({
    text: `DELETE FROM landfall.session WHERE "adminId" = $1
             AND ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR id <> $3) RETURNING id`,
    values: [adminId, which.only ?? null, which.except ?? null],
  });
  return rows.map((row) => row.id);
}

export async function sweepSessions(db: Db, nowMs: number): Promise<void> {
  await db.query({
    text: `DELETE FROM landfall.session WHERE "expiresAt" <= $1 OR "lastSeenAt" <= $2`,
    values: [iso(nowMs), iso(nowMs - sessionIdleMs)],
  });
}

export interface SetupSecret {
  readonly hash: string;
  readonly expiresAtMs: number;
}

export interface SetupState {
  /** There is an admin. */
  readonly closed: boolean;
  /** Several, because several processes may start before the first admin exists, and each printed its own. */
  readonly secrets: readonly SetupSecret[];
}

/** One statement, so that nobody sees the secrets gone and the admin not yet there. */
export async function readSetup(db: Db): Promise<SetupState> {
  const rows = await db.query<{ closed: boolean; secrets: SetupSecret[] | null }>({
    text: `SELECT EXISTS (SELECT 1 FROM landfall.admin) AS closed,
                  (SELECT value FROM landfall.meta WHERE key = 'setupSecrets') AS secrets`,
  });
  return { closed: rows[0]?.closed ?? true, secrets: rows[0]?.secrets ?? [] };
}

export async function writeSetupSecrets(tx: Db, secrets: readonly SetupSecret[]): Promise<void> {
  await tx.query({
    text: `INSERT INTO landfall.meta (key, value) VALUES ('setupSecrets', $1)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    values: [JSON.stringify(secrets)],
  });
}

export async function deleteSetupSecrets(tx: Db): Promise<void> {
  await tx.query({ text: "DELETE FROM landfall.meta WHERE key = 'setupSecrets'" });
}
