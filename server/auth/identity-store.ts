// All SQL about identities: who an account is elsewhere, by issuer and subject. The address that a provider named stands beside
// it to be shown; no account is ever found by it.
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { type AccountRow, accountColumns } from "./account-store.ts";
import type { UpstreamIdentity } from "./oauth-types.ts";

export interface IdentityRow {
  readonly id: string;
  readonly accountId: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

const columns = `i.id, i."accountId", i.provider, i.issuer, i.subject, i.email, i."createdAt", i."lastUsedAt"`;
const iso = (ms: number) => new Date(ms).toISOString();

export async function accountByIdentity(
  db: Db,
  collectionId: number,
  { issuer, subject }: Pick<UpstreamIdentity, "issuer" | "subject">,
): Promise<AccountRow | undefined> {
  const rows = await db.query<AccountRow>({
    name: "auth_account_by_identity",
    text: `SELECT ${accountColumns} FROM landfall.identity i JOIN landfall.account a ON a.id = i."accountId"
           WHERE i."collectionId" = $1 AND i.issuer = $2 AND i.subject = $3`,
    values: [collectionId, issuer, subject],
  });
  return rows[0];
}

/** Adds it to the account, or renews what is known of it there. Undefined: it is another account's. */
export async function keepIdentity(
  db: Db,
  account: Pick<AccountRow, "id" | "collectionId">,
  identity: UpstreamIdentity,
  nowMs: number,
): Promise<(IdentityRow & { readonly isNew: boolean }) | undefined> {
  const { provider, issuer, subject, email, emailVerified, profile } = identity;
  const rows = await db.query<IdentityRow & { isNew: boolean }>({
    name: "auth_identity_keep",
    text: `INSERT INTO landfall.identity AS i (id, "accountId", "collectionId", provider, issuer, subject, email, "emailVerified", profile, "createdAt", "lastUsedAt")
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
           ON CONFLICT ("collectionId", issuer, subject) DO UPDATE
             SET provider = excluded.provider, email = excluded.email, "emailVerified" = excluded."emailVerified",
                 profile = excluded.profile, "lastUsedAt" = excluded."lastUsedAt"
             WHERE i."accountId" = excluded."accountId"
           RETURNING ${columns}, i.id = $1 AS "isNew"`,
    values: [
      ...[uuidv7(nowMs), account.id, account.collectionId, provider, issuer, subject, email, emailVerified],
      ...[JSON.stringify(profile), iso(nowMs)],
    ],
  });
  return rows[0];
}

export async function listIdentities(db: Db, accountId: string): Promise<IdentityRow[]> {
  return db.query<IdentityRow>({
    name: "auth_identity_list",
    text: `SELECT ${columns} FROM landfall.identity i WHERE i."accountId" = $1 ORDER BY i."createdAt", i.id LIMIT 100`,
    values: [accountId],
  });
}

export async function deleteIdentity(tx: Db, accountId: string, id: string): Promise<IdentityRow | undefined> {
  const rows = await tx.query<IdentityRow>({
    text: `DELETE FROM landfall.identity i WHERE i.id = $1 AND i."accountId" = $2 RETURNING ${columns}`,
    values: [id, accountId],
  });
  return rows[0];
}

/** Whether anything is left by which the account's user can sign in again; an identity counts while its provider is on. With the account's row locked. */
export async function hasWayIn(tx: Db, accountId: string): Promise<boolean> {
  const [row] = await tx.query<{ open: boolean }>({
    text: `SELECT a."passwordHash" IS NOT NULL AND (a.email IS NOT NULL OR a.username IS NOT NULL)
               OR a."emailVerifiedAt" IS NOT NULL OR a."phoneVerifiedAt" IS NOT NULL
               OR EXISTS (SELECT FROM landfall.identity i JOIN landfall."authProvider" p ON p."collectionId" = i."collectionId" AND p.name = i.provider
                          WHERE i."accountId" = a.id AND p.config ->> 'enabled' = 'true')
               OR EXISTS (SELECT FROM landfall.passkey WHERE "accountId" = a.id) AS open
           FROM landfall.account a WHERE a.id = $1`,
    values: [accountId],
  });
  return row?.open === true;
}

/** Takes a token of somebody else's once; false when it was taken before. */
export async function spendToken(db: Db, tokenHash: string, expiresAtMs: number): Promise<boolean> {
  const rows = await db.query({
    name: "auth_token_spend",
    text: `INSERT INTO landfall."spentToken" ("tokenHash", "expiresAt") VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1`,
    values: [tokenHash, iso(expiresAtMs)],
  });
  return rows.length > 0;
}

export async function sweepSpentTokens(db: Db, nowMs: number): Promise<void> {
  await db.query({ text: `DELETE FROM landfall."spentToken" WHERE "expiresAt" <= $1`, values: [iso(nowMs)] });
}
