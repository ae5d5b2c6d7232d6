// All SQL about API keys. Grants are kept by the collection's id: a dropped and re-created name inherits nothing (A17).
import type { ActorScope } from "../kernel/actor.ts";
import type { Db } from "../kernel/db/index.ts";
import type { ActAs } from "./types.ts";

export const apiKeysMax = 1_000;
const usedWriteEveryMs = 60_000;

export interface Grant {
  /** Id of the definition, or `*`. */
  readonly collection: number | "*";
  readonly actions: ActorScope["collections"][string];
}

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly last4: string;
  readonly grants: readonly Grant[];
  readonly readOnly: boolean;
  readonly extra: ActorScope["extra"];
  readonly actAs: ActAs | null;
  readonly revision: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export type NewKeyRow = Omit<KeyRow, "revision" | "createdAt" | "updatedAt" | "lastUsedAt">;

const columns = `id, name, prefix, last4, grants, "readOnly", extra, "actAs", revision, "createdBy", "createdAt",
  "updatedAt", "expiresAt", "lastUsedAt"`;
const iso = (ms: number) => new Date(ms).toISOString();

export async function listKeys(db: Db): Promise<KeyRow[]> {
  const text = `SELECT ${columns} FROM landfall."apiKey" ORDER BY "createdAt" DESC, id DESC LIMIT ${apiKeysMax}`;
  return db.query<KeyRow>({ text });
}

/** Undefined when there are as many keys as may be. The lock makes the count exact. */
export async function insertKey(
  db: Db,
  key: NewKeyRow,
  made: { readonly secretHash: string; readonly nowMs: number },
): Promise<KeyRow | undefined> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "SELECT pg_advisory_xact_lock(7104710008)" });
    const rows = await tx.query<KeyRow>({
      text: `INSERT INTO landfall."apiKey" (id, name, "secretHash", prefix, last4, grants, "readOnly", extra, "actAs",
               "createdBy", "createdAt", "updatedAt", "expiresAt")
             SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8::text[], $9::jsonb, $10, $11::timestamptz, $11::timestamptz, $12::timestamptz
             WHERE (SELECT count(*) FROM landfall."apiKey") < ${apiKeysMax} RETURNING ${columns}`,
      values: [
        key.id,
        key.name,
        made.secretHash,
        key.prefix,
        key.last4,
        JSON.stringify(key.grants),
        key.readOnly,
        key.extra,
        key.actAs && JSON.stringify(key.actAs),
        key.createdBy,
        iso(made.nowMs),
        key.expiresAt?.toISOString() ?? null,
      ],
    });
    return rows[0];
  });
}

export type KeyPatch = Partial<Pick<KeyRow, "name" | "grants" | "readOnly" | "extra" | "actAs" | "expiresAt">>;

/** Changes what the patch names; null is a value. Undefined when there is no such key. */
export async function updateKey(db: Db, id: string, patch: KeyPatch, nowMs: number): Promise<KeyRow | undefined> {
  const rows = await db.query<KeyRow>({
    text: `UPDATE landfall."apiKey" SET
             name = coalesce($2, name), grants = coalesce($3::jsonb, grants), "readOnly" = coalesce($4, "readOnly"),
             extra = coalesce($5::text[], extra),
             "actAs" = CASE WHEN $6 THEN $7::jsonb ELSE "actAs" END,
             "expiresAt" = CASE WHEN $8 THEN $9::timestamptz ELSE "expiresAt" END,
             revision = revision + 1, "updatedAt" = $10
           WHERE id = $1 RETURNING ${columns}`,
    values: [
      id,
      patch.name ?? null,
      patch.grants ? JSON.stringify(patch.grants) : null,
      patch.readOnly ?? null,
      patch.extra ?? null,
      patch.actAs !== undefined,
      patch.actAs ? JSON.stringify(patch.actAs) : null,
      patch.expiresAt !== undefined,
      patch.expiresAt?.toISOString() ?? null,
      iso(nowMs),
    ],
  });
  return rows[0];
}

export interface FreshSecret {
  readonly secretHash: string;
  readonly prefix: string;
  readonly last4: string;
}

/** The old secret is dead with this statement. */
export async function replaceSecret(
  db: Db,
  id: string,
  fresh: FreshSecret,
  nowMs: number,
): Promise<KeyRow | undefined> {
  const rows = await db.query<KeyRow>({
    text: `UPDATE landfall."apiKey" SET "secretHash" = $2, prefix = $3, last4 = $4, revision = revision + 1, "updatedAt" = $5
           WHERE id = $1 RETURNING ${columns}`,
    values: [id, fresh.secretHash, fresh.prefix, fresh.last4, iso(nowMs)],
  });
  return rows[0];
}

export async function deleteKey(db: Db, id: string): Promise<boolean> {
  const rows = await db.query({ text: `DELETE FROM landfall."apiKey" WHERE id = $1 RETURNING 1`, values: [id] });
  return rows.length > 0;
}

export async function keyById(db: Db, id: string): Promise<KeyRow | undefined> {
  const text = `SELECT ${columns} FROM landfall."apiKey" WHERE id = $1`;
  return (await db.query<KeyRow>({ text, values: [id] }))[0];
}

/** The live key of a secret. Notes that it was used, at most once a minute. */
export async function findKey(db: Db, secretHash: string, nowMs: number): Promise<KeyRow | undefined> {
  const rows = await db.query<KeyRow>({
    name: "auth_key_find",
    text: `SELECT ${columns} FROM landfall."apiKey"
           WHERE "secretHash" = $1 AND ("expiresAt" IS NULL OR "expiresAt" > $2)`,
    values: [secretHash, iso(nowMs)],
  });
  const key = rows[0];
  if (key !== undefined && nowMs - (key.lastUsedAt?.getTime() ?? 0) >= usedWriteEveryMs) {
    const used = {
      name: "auth_key_used",
      text: `UPDATE landfall."apiKey" SET "lastUsedAt" = $2
             WHERE id = $1 AND ("lastUsedAt" IS NULL OR "lastUsedAt" <= $3)`,
      values: [key.id, iso(nowMs), iso(nowMs - usedWriteEveryMs)],
    };
    // As with sessions: a database that takes no writes for a while must not refuse who is known.
    await db.query(used).catch(() => {});
  }
  return key;
}
