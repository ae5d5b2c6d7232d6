// Users as admins look for them: SQL of the list and of one user with everything that lets them in.
import type { Db } from "../kernel/db/index.ts";
import { type AccountRow, accountColumns } from "./account-store.ts";
import type { AccountQuery } from "./account-types.ts";

export interface ManagedRow extends AccountRow {
  readonly suspendedFor: string | null;
  readonly providers: readonly string[];
  readonly factors: number;
  readonly passkeys: number;
}

const managedColumns = `${accountColumns}, a."suspendedFor",
  ARRAY(SELECT DISTINCT i.provider FROM landfall.identity i WHERE i."accountId" = a.id ORDER BY 1) AS providers,
  (SELECT count(*)::int FROM landfall.factor f WHERE f."accountId" = a.id AND f."confirmedAt" IS NOT NULL) AS factors,
  (SELECT count(*)::int FROM landfall.passkey p WHERE p."accountId" = a.id) AS passkeys`;

const hasFactor = `(EXISTS (SELECT FROM landfall.factor f WHERE f."accountId" = a.id AND f."confirmedAt" IS NOT NULL)
  OR EXISTS (SELECT FROM landfall.passkey p WHERE p."accountId" = a.id))`;
const states = {
  active: `a."suspendedAt" IS NULL`,
  suspended: `a."suspendedAt" IS NOT NULL`,
  anonymous: "a.anonymous",
} as const;

interface Where {
  readonly text: string;
  readonly values: unknown[];
}

/** Every member may be missing but the limit. */
type Asked = { readonly [name in keyof AccountQuery]?: AccountQuery[name] | undefined };

function whereOf(collectionId: number, asked: Asked): Where {
  const values: unknown[] = [collectionId];
  const conditions = [`a."collectionId" = $1`];
  const bound = (text: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(text.replaceAll("?", `$${values.length}`));
  };
  // Names are kept lower-cased; an id is not, and counts as a whole.
  if (asked.q !== undefined) {
    values.push(asked.q, asked.q.toLowerCase());
    const [exact, lower] = [`$${values.length - 1}`, `$${values.length}`];
    conditions.push(`(a."recordId" = ${exact} OR starts_with(a."emailKey", ${lower}) OR starts_with(a."usernameKey", ${lower}) OR starts_with(a.phone, ${exact}))`); // biome-ignore format: one line
  }
  if (asked.state !== undefined) conditions.push(states[asked.state]);
  if (asked.verified !== undefined) conditions.push(`(a."emailVerifiedAt" IS NOT NULL) = ${asked.verified}`);
  if (asked.factor !== undefined) conditions.push(`${hasFactor} = ${asked.factor}`);
  bound(`EXISTS (SELECT FROM landfall.identity i WHERE i."accountId" = a.id AND i.provider = ?)`, asked.provider);
  bound(`a."createdAt" >= ?`, asked.createdFrom);
  bound(`a."createdAt" < ?`, asked.createdUntil);
  bound(`a."lastSignInAt" >= ?`, asked.signedInFrom);
  bound(`a."lastSignInAt" < ?`, asked.signedInUntil);
  return { text: conditions.join(" AND "), values };
}

/** By id, descending: ids are made by the server in the order of time. One more than the limit tells that there are more. */
export async function listAccounts(
  db: Db,
  collectionId: number,
  asked: Asked & { limit: number },
): Promise<ManagedRow[]> {
  const { text, values } = whereOf(collectionId, asked);
  const after = asked.cursor === undefined ? "" : `AND a."recordId" < $${values.push(asked.cursor)}`;
  return db.query<ManagedRow>({
    text: `SELECT ${managedColumns} FROM landfall.account a WHERE ${text} ${after} ORDER BY a."recordId" DESC LIMIT $${values.push(asked.limit + 1)}`,
    values,
  });
}

export async function countAccounts(db: Db, collectionId: number, asked: AccountQuery): Promise<number> {
  const { text, values } = whereOf(collectionId, asked);
  const [row] = await db.query<{ count: number }>({
    text: `SELECT count(*)::int AS count FROM landfall.account a WHERE ${text}`,
    values,
  });
  return row?.count ?? 0;
}

/** The user of this id in this collection, and in no other. */
export async function managedAccount(db: Db, collectionId: number, recordId: string): Promise<ManagedRow | undefined> {
  const text = `SELECT ${managedColumns} FROM landfall.account a WHERE a."collectionId" = $1 AND a."recordId" = $2`;
  return (await db.query<ManagedRow>({ text, values: [collectionId, recordId] }))[0];
}

interface Part {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}
export interface AccountParts {
  readonly identities: readonly (Part & { provider: string; issuer: string; subject: string; email: string | null })[];
  readonly factorList: readonly (Part & { kind: string; name: string; confirmed: boolean })[];
  readonly passkeyList: readonly (Part & { name: string })[];
  readonly teams: readonly { readonly id: string; readonly name: string; readonly roles: readonly string[] }[];
}

/** Without what proves anything: no seed, no public key. */
export async function accountParts(db: Db, accountId: string): Promise<AccountParts> {
  const ask = <Row extends object>(text: string) => db.query<Row>({ text, values: [accountId] });
  return {
    identities: await ask(`SELECT id, provider, issuer, subject, email, "createdAt", "lastUsedAt" FROM landfall.identity WHERE "accountId" = $1 ORDER BY id LIMIT 100`), // biome-ignore format: one line
    factorList: await ask(`SELECT id, kind, name, "confirmedAt" IS NOT NULL AS confirmed, "createdAt", "lastUsedAt" FROM landfall.factor WHERE "accountId" = $1 ORDER BY id LIMIT 100`), // biome-ignore format: one line
    passkeyList: await ask(`SELECT id, name, "createdAt", "lastUsedAt" FROM landfall.passkey WHERE "accountId" = $1 ORDER BY "createdAt", id LIMIT 100`), // biome-ignore format: one line
    teams: await ask(`SELECT t.id, t.name, m.roles FROM landfall."teamMember" m JOIN landfall.team t ON t.id = m."teamId" WHERE m."accountId" = $1 ORDER BY t.name, t.id LIMIT 1000`), // biome-ignore format: one line
  };
}

const partTables = { identity: "identity", factor: "factor", passkey: "passkey" } as const;
export type AccountPart = keyof typeof partTables;

/** False: there is none of this id that is this account's. Recovery codes stand in for a factor, so they go with the last one. */
export async function deleteAccountPart(tx: Db, accountId: string, part: AccountPart, id: string): Promise<boolean> {
  const gone = await tx.query({
    text: `DELETE FROM landfall.${partTables[part]} WHERE id = $2 AND "accountId" = $1 RETURNING 1`,
    values: [accountId, id],
  });
  if (part === "factor")
    await tx.query({
      text: `DELETE FROM landfall."recoveryCode" r WHERE r."accountId" = $1 AND NOT EXISTS (SELECT FROM landfall.factor f WHERE f."accountId" = $1)`,
      values: [accountId],
    });
  return gone.length > 0;
}
