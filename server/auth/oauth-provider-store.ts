// All SQL about providers of sign-in. The client's secret is sealed for its row, and read only where a provider is spoken to.
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import type { ProviderConfig } from "./oauth-types.ts";

export interface ProviderRow {
  readonly id: string;
  readonly collectionId: number;
  readonly name: string;
  readonly config: ProviderConfig;
  readonly secretSealed: string | null;
  /** Counts up with each change. */
  readonly revision: number;
  readonly updatedAt: Date;
}

const columns = `p.id, p."collectionId", p.name, p.config, p."secretSealed", p.revision, p."updatedAt"`;
/** Of a collection; a sign-in screen with more is none. */
export const providersMax = 50;

export async function providerByName(db: Db, collectionId: number, name: string): Promise<ProviderRow | undefined> {
  const rows = await db.query<ProviderRow>({
    name: "auth_provider_by_name",
    text: `SELECT ${columns} FROM landfall."authProvider" p WHERE p."collectionId" = $1 AND p.name = $2`,
    values: [collectionId, name],
  });
  return rows[0];
}

export async function listProviders(db: Db, collectionId: number): Promise<ProviderRow[]> {
  return db.query<ProviderRow>({
    name: "auth_provider_list",
    text: `SELECT ${columns} FROM landfall."authProvider" p WHERE p."collectionId" = $1 ORDER BY p."createdAt", p.name LIMIT ${providersMax}`,
    values: [collectionId],
  });
}

export interface ProviderChange {
  readonly collectionId: number;
  readonly name: string;
  readonly config: ProviderConfig;
  /** Absent: the stored one stays. */
  readonly secret?: string | undefined;
}

/** Makes or replaces it, in the caller's transaction. */
export async function putProvider(
  tx: Db,
  masterKey: MasterKey,
  change: ProviderChange,
  nowMs: number,
): Promise<ProviderRow> {
  const { collectionId, name, config, secret } = change;
  const at = new Date(nowMs).toISOString();
  const [row] = await tx.query<ProviderRow>({
    text: `INSERT INTO landfall."authProvider" AS p (id, "collectionId", name, config, "createdAt", "updatedAt")
           VALUES ($1, $2, $3, $4, $5, $5)
           ON CONFLICT ("collectionId", name) DO UPDATE
             SET config = excluded.config, revision = p.revision + 1, "updatedAt" = excluded."updatedAt"
           RETURNING ${columns}`,
    values: [uuidv7(nowMs), collectionId, name, JSON.stringify(config), at],
  });
  const kept = row as ProviderRow;
  if (secret === undefined) return kept;
  const secretSealed = masterKey.seal(secret, placeOf(kept.id));
  await tx.query({
    text: `UPDATE landfall."authProvider" SET "secretSealed" = $2 WHERE id = $1`,
    values: [kept.id, secretSealed],
  });
  return { ...kept, secretSealed };
}

export async function deleteProvider(tx: Db, collectionId: number, name: string): Promise<boolean> {
  const rows = await tx.query({
    text: `DELETE FROM landfall."authProvider" WHERE "collectionId" = $1 AND name = $2 RETURNING 1`,
    values: [collectionId, name],
  });
  return rows.length > 0;
}

export const secretOf = (masterKey: MasterKey, row: Pick<ProviderRow, "id" | "secretSealed">): string | undefined =>
  row.secretSealed === null ? undefined : masterKey.open(row.secretSealed, placeOf(row.id)).toString();

const placeOf = (id: string) => `authProvider:${id}.secret`;
