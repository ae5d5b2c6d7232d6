// All SQL about second factors and recovery codes. They belong to an account of a user or to an admin; what holds for one holds for
// the other.
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";

export type FactorOwner = { readonly accountId: string } | { readonly adminId: string };

export interface FactorRow {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly sealed: string;
  readonly createdAt: Date;
  /** Null: begun, and no code of it shown yet. It opens nothing. */
  readonly confirmedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const columns = `id, kind, name, sealed, "createdAt", "confirmedAt", "lastUsedAt"`;
const iso = (ms: number) => new Date(ms).toISOString();
const ownerColumn = (owner: FactorOwner) => ("accountId" in owner ? '"accountId"' : '"adminId"');
export const ownerId = (owner: FactorOwner) => ("accountId" in owner ? owner.accountId : owner.adminId);

/** A factor that no code has confirmed yet; one begun before and never confirmed goes. `seal` is given the new row's id. */
export async function beginFactor(
  tx: Db,
  owner: FactorOwner,
  made: { readonly name: string; readonly seal: (id: string) => string },
  nowMs: number,
): Promise<string> {
  const column = ownerColumn(owner);
  await tx.query({
    text: `DELETE FROM landfall.factor WHERE ${column} = $1 AND "confirmedAt" IS NULL`,
    values: [ownerId(owner)],
  });
  const id = uuidv7(nowMs);
  await tx.query({
    text: `INSERT INTO landfall.factor (id, ${column}, kind, name, sealed, "createdAt") VALUES ($1, $2, 'totp', $3, $4, $5)`,
    values: [id, ownerId(owner), made.name, made.seal(id), iso(nowMs)],
  });
  return id;
}

/** Confirmed ones, oldest first. Their number is bounded where they are made. */
export async function listFactors(db: Db, owner: FactorOwner): Promise<FactorRow[]> {
  return db.query<FactorRow>({
    text: `SELECT ${columns} FROM landfall.factor WHERE ${ownerColumn(owner)} = $1 AND "confirmedAt" IS NOT NULL ORDER BY "createdAt", id`,
    values: [ownerId(owner)],
  });
}

export async function begunFactor(db: Db, owner: FactorOwner, id: string): Promise<FactorRow | undefined> {
  const rows = await db.query<FactorRow>({
    text: `SELECT ${columns} FROM landfall.factor WHERE ${ownerColumn(owner)} = $1 AND id = $2 AND "confirmedAt" IS NULL`,
    values: [ownerId(owner), id],
  });
  return rows[0];
}

/** Spends a time step: false when its code, or a later one, was taken before. Of parallel askers Postgres lets one through. */
export async function spendStep(db: Db, id: string, step: number, nowMs: number): Promise<boolean> {
  const rows = await db.query({
    name: "auth_factor_step",
    text: `UPDATE landfall.factor SET "lastStep" = $2, "lastUsedAt" = $3 WHERE id = $1 AND "lastStep" < $2 RETURNING 1`,
    values: [id, step, iso(nowMs)],
  });
  return rows.length > 0;
}

/** The first code of a factor: it counts from now on. */
export async function confirmFactor(tx: Db, id: string, step: number, nowMs: number): Promise<boolean> {
  const rows = await tx.query({
    text: `UPDATE landfall.factor SET "confirmedAt" = $3, "lastStep" = $2 WHERE id = $1 AND "confirmedAt" IS NULL RETURNING 1`,
    values: [id, step, iso(nowMs)],
  });
  return rows.length > 0;
}

/** False when there is no such factor. Recovery codes go with the last one: they only stand in for another. */
export async function deleteFactor(tx: Db, owner: FactorOwner, id: string): Promise<boolean> {
  const column = ownerColumn(owner);
  const gone = await tx.query({
    text: `DELETE FROM landfall.factor WHERE ${column} = $1 AND id = $2 AND "confirmedAt" IS NOT NULL RETURNING 1`,
    values: [ownerId(owner), id],
  });
  if (gone.length === 0) return false;
  await tx.query({
    text: `DELETE FROM landfall."recoveryCode" WHERE ${column} = $1
             AND NOT EXISTS (SELECT FROM landfall.factor WHERE ${column} = $1 AND "confirmedAt" IS NOT NULL)`,
    values: [ownerId(owner)],
  });
  return true;
}

/** New codes in place of all that were there. */
export async function replaceRecoveryCodes(
  tx: Db,
  owner: FactorOwner,
  hashes: readonly string[],
  nowMs: number,
): Promise<void> {
  const column = ownerColumn(owner);
  await tx.query({ text: `DELETE FROM landfall."recoveryCode" WHERE ${column} = $1`, values: [ownerId(owner)] });
  await tx.query({
    text: `INSERT INTO landfall."recoveryCode" ("codeHash", ${column}, "createdAt") SELECT hash, $1, $3 FROM unnest($2::text[]) hash`,
    values: [ownerId(owner), hashes, iso(nowMs)],
  });
}

export async function spendRecoveryCode(db: Db, owner: FactorOwner, hash: string): Promise<boolean> {
  const rows = await db.query({
    name: "auth_recovery_code_spend",
    text: `DELETE FROM landfall."recoveryCode" WHERE "codeHash" = $1 AND ${ownerColumn(owner)} = $2 RETURNING 1`,
    values: [hash, ownerId(owner)],
  });
  return rows.length > 0;
}

export async function countRecoveryCodes(db: Db, owner: FactorOwner): Promise<number> {
  const rows = await db.query<{ count: number }>({
    text: `SELECT count(*)::int AS count FROM landfall."recoveryCode" WHERE ${ownerColumn(owner)} = $1`,
    values: [ownerId(owner)],
  });
  return rows[0]?.count ?? 0;
}
