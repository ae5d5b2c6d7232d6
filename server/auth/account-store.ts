// All SQL about accounts: what lets the user behind a record of an `auth` collection sign in. A trigger makes and removes the row
// with the record; nothing here inserts or deletes one.
import type { Db } from "../kernel/db/index.ts";

export interface AccountRow {
  readonly id: string;
  readonly collectionId: number;
  /** The record's id: `auth.id`. */
  readonly recordId: string;
  readonly email: string | null;
  readonly emailVerifiedAt: Date | null;
  readonly username: string | null;
  readonly phone: string | null;
  readonly phoneVerifiedAt: Date | null;
  readonly passwordHash: string | null;
  readonly anonymous: boolean;
  readonly roles: readonly string[];
  readonly claims: { readonly [name: string]: unknown };
  readonly locale: string | null;
  readonly suspendedAt: Date | null;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | null;
}

export const accountColumns = [
  ...["id", '"collectionId"', '"recordId"', "email", '"emailVerifiedAt"', "username", "phone", '"phoneVerifiedAt"'],
  ...['"passwordHash"', "anonymous", "roles", "claims", "locale", '"suspendedAt"', '"createdAt"', '"lastSignInAt"'],
]
  .map((column) => `a.${column}`)
  .join(", ");

/** How a person names themselves at sign-in. */
export type Handle = { readonly emailKey: string } | { readonly usernameKey: string } | { readonly phone: string };

const handleColumn = { emailKey: '"emailKey"', usernameKey: '"usernameKey"', phone: "phone" } as const;

/** The account of a handle. One row for an unknown one too, so that the work, and the time, is the same. */
export async function accountByHandle(db: Db, collectionId: number, handle: Handle): Promise<AccountRow | undefined> {
  const [name, value] = Object.entries(handle)[0] as [keyof typeof handleColumn, string];
  const rows = await db.query<AccountRow>({
    name: `auth_account_by_${name}`,
    text: `SELECT ${accountColumns} FROM (SELECT $1::int AS collection, $2::text AS handle) asked
           LEFT JOIN landfall.account a ON a."collectionId" = asked.collection AND a.${handleColumn[name]} = asked.handle`,
    values: [collectionId, value],
  });
  return rows[0]?.id == null ? undefined : rows[0];
}

export async function accountById(db: Db, id: string): Promise<AccountRow | undefined> {
  const text = `SELECT ${accountColumns} FROM landfall.account a WHERE a.id = $1`;
  return (await db.query<AccountRow>({ name: "auth_account_by_id", text, values: [id] }))[0];
}

export async function accountByRecord(db: Db, recordId: string): Promise<AccountRow | undefined> {
  const text = `SELECT ${accountColumns} FROM landfall.account a WHERE a."recordId" = $1`;
  return (await db.query<AccountRow>({ name: "auth_account_by_record", text, values: [recordId] }))[0];
}

/** The row, locked until the transaction ends: whoever opens a session or changes a credential holds it. */
export async function lockAccount(tx: Db, id: string): Promise<AccountRow | undefined> {
  const text = `SELECT ${accountColumns} FROM landfall.account a WHERE a.id = $1 FOR NO KEY UPDATE`;
  return (await tx.query<AccountRow>({ name: "auth_account_lock", text, values: [id] }))[0];
}

export interface AccountChange {
  readonly email?: { readonly email: string; readonly emailKey: string } | null;
  readonly emailVerifiedAtMs?: number | null;
  readonly username?: { readonly username: string; readonly usernameKey: string } | null;
  readonly phone?: string | null;
  readonly phoneVerifiedAtMs?: number | null;
  readonly passwordHash?: string | null;
  readonly anonymous?: boolean;
  readonly roles?: readonly string[];
  readonly claims?: { readonly [name: string]: unknown };
  readonly locale?: string | null;
  readonly suspended?: { readonly atMs: number; readonly reason: string | null } | null;
  readonly lastSignInAtMs?: number;
}

/** Changes what is named; null is a value. Fails with Postgres' 23505 when a handle is another account's. */
export async function changeAccount(db: Db, id: string, change: AccountChange, nowMs: number): Promise<void> {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const sets: [column: string, value: unknown][] = [['"updatedAt"', iso(nowMs)]];
  const { email, username, suspended } = change;
  if (email !== undefined) sets.push(["email", email?.email ?? null], ['"emailKey"', email?.emailKey ?? null]);
  if (change.emailVerifiedAtMs !== undefined) sets.push(['"emailVerifiedAt"', iso(change.emailVerifiedAtMs)]);
  if (username !== undefined)
    sets.push(["username", username?.username ?? null], ['"usernameKey"', username?.usernameKey ?? null]);
  if (change.phone !== undefined) sets.push(["phone", change.phone]);
  if (change.phoneVerifiedAtMs !== undefined) sets.push(['"phoneVerifiedAt"', iso(change.phoneVerifiedAtMs)]);
  if (change.passwordHash !== undefined)
    sets.push(['"passwordHash"', change.passwordHash], ['"passwordChangedAt"', iso(nowMs)]);
  if (change.anonymous !== undefined) sets.push(["anonymous", change.anonymous]);
  if (change.roles !== undefined) sets.push(["roles", change.roles]);
  if (change.claims !== undefined) sets.push(["claims", JSON.stringify(change.claims)]);
  if (change.locale !== undefined) sets.push(["locale", change.locale]);
  if (suspended !== undefined)
    sets.push(['"suspendedAt"', iso(suspended?.atMs ?? null)], ['"suspendedFor"', suspended?.reason ?? null]);
  if (change.lastSignInAtMs !== undefined) sets.push(['"lastSignInAt"', iso(change.lastSignInAtMs)]);
  await db.query({
    text: `UPDATE landfall.account SET ${sets.map(([column], at) => `${column} = $${at + 2}`).join(", ")} WHERE id = $1`,
    values: [id, ...sets.map(([, value]) => value)],
  });
}

/** The same password under today's cost, unless it changed meanwhile. */
export async function rehashAccount(db: Db, id: string, from: string, to: string): Promise<void> {
  await db.query({
    text: `UPDATE landfall.account SET "passwordHash" = $3 WHERE id = $1 AND "passwordHash" = $2`,
    values: [id, from, to],
  });
}
