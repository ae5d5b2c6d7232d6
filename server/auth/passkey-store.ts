// All SQL about passkeys.
import type { Db } from "../kernel/db/index.ts";

export interface PasskeyRow {
  /** The credential's id, base64url. */
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly publicKey: Buffer;
  readonly userHandle: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly backedUp: boolean;
  readonly aaguid: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

export type NewPasskey = Omit<PasskeyRow, "createdAt" | "lastUsedAt"> & { readonly collectionId: number };

const columns = `id, "accountId", name, "publicKey", "userHandle", counter, transports, "backedUp", aaguid, "createdAt", "lastUsedAt"`;
const iso = (ms: number) => new Date(ms).toISOString();

/** Undefined when the credential is registered already, whoever's it is. */
export async function insertPasskey(tx: Db, made: NewPasskey, nowMs: number): Promise<PasskeyRow | undefined> {
  const rows = await tx.query<PasskeyRow>({
    text: `INSERT INTO landfall.passkey (id, "accountId", "collectionId", name, "publicKey", "userHandle", counter, transports, "backedUp", aaguid, "createdAt")
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING ${columns}`,
    values: [
      ...[made.id, made.accountId, made.collectionId, made.name, made.publicKey, made.userHandle, made.counter],
      ...[made.transports, made.backedUp, made.aaguid, iso(nowMs)],
    ],
  });
  return rows[0];
}

export async function passkeyById(db: Db, id: string): Promise<PasskeyRow | undefined> {
  const text = `SELECT ${columns} FROM landfall.passkey WHERE id = $1`;
  return (await db.query<PasskeyRow>({ name: "auth_passkey_by_id", text, values: [id] }))[0];
}

/** Their number is bounded where they are made. */
export async function listPasskeys(db: Db, accountId: string): Promise<PasskeyRow[]> {
  const text = `SELECT ${columns} FROM landfall.passkey WHERE "accountId" = $1 ORDER BY "createdAt", id`;
  return db.query<PasskeyRow>({ text, values: [accountId] });
}

export async function countPasskeys(db: Db, accountId: string): Promise<number> {
  const text = `SELECT count(*)::int AS count FROM landfall.passkey WHERE "accountId" = $1`;
  return (await db.query<{ count: number }>({ text, values: [accountId] }))[0]?.count ?? 0;
}

/**
 * The counter moves on: false when it did not grow, which says that there are two of the authenticator (WebAuthn §6.1.1).
 * Synced passkeys always say 0, and that is fine as long as they never said more.
 */
export async function usePasskey(
  db: Db,
  id: string,
  used: { readonly counter: number; readonly backedUp: boolean },
  nowMs: number,
): Promise<boolean> {
  const rows = await db.query({
    name: "auth_passkey_use",
    text: `UPDATE landfall.passkey SET counter = $2, "backedUp" = $3, "lastUsedAt" = $4
           WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING 1`,
    values: [id, used.counter, used.backedUp, iso(nowMs)],
  });
  return rows.length > 0;
}

export async function renamePasskey(
  db: Db,
  accountId: string,
  id: string,
  name: string,
): Promise<PasskeyRow | undefined> {
  const text = `UPDATE landfall.passkey SET name = $3 WHERE id = $1 AND "accountId" = $2 RETURNING ${columns}`;
  return (await db.query<PasskeyRow>({ text, values: [id, accountId, name] }))[0];
}

export async function deletePasskey(tx: Db, accountId: string, id: string): Promise<boolean> {
  const text = `DELETE FROM landfall.passkey WHERE id = $1 AND "accountId" = $2 RETURNING 1`;
  return (await tx.query({ text, values: [id, accountId] })).length > 0;
}

/** Is there a way in to the account beside passkeys? Call with its row locked. */
export async function hasOtherWayIn(tx: Db, accountId: string): Promise<boolean> {
  const rows = await tx.query<{ other: boolean }>({
    text: `SELECT a."passwordHash" IS NOT NULL OR a."emailVerifiedAt" IS NOT NULL OR a."phoneVerifiedAt" IS NOT NULL
                  OR EXISTS (SELECT FROM landfall.identity i WHERE i."accountId" = a.id) AS other
           FROM landfall.account a WHERE a.id = $1`,
    values: [accountId],
  });
  return rows[0]?.other === true;
}
