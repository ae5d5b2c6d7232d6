// All SQL about clients. Rows are few, and each sign-in reads one.
import type { Db } from "../kernel/db/index.ts";

export const clientsMax = 1_000;

export type ClientType = "web" | "spa" | "native" | "machine";

export interface ClientGrant {
  /** Id of the definition, or `*`. */
  readonly collection: number | "*";
  readonly actions: readonly ("list" | "get" | "create" | "update" | "delete")[];
}

export interface ClientRow {
  readonly id: string;
  readonly name: string;
  readonly type: ClientType;
  readonly collectionId: number | null;
  readonly redirectUris: readonly string[];
  readonly signOutRedirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly secretHash: string | null;
  readonly grants: readonly ClientGrant[];
  readonly homeUrl: string | null;
  readonly logoUrl: string | null;
  /** It registered itself: nobody here vouches for its name. */
  readonly registered: boolean;
  readonly revision: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewClient = Omit<ClientRow, "revision" | "createdAt" | "updatedAt">;
export type ClientPatch = Partial<
  Pick<
    ClientRow,
    "name" | "redirectUris" | "signOutRedirectUris" | "scopes" | "secretHash" | "grants" | "homeUrl" | "logoUrl"
  >
>;

const columns = [
  ...["id", "name", "type", '"collectionId"', '"redirectUris"', '"signOutRedirectUris"', "scopes", '"secretHash"'],
  ...["grants", '"homeUrl"', '"logoUrl"', "registered", "revision", '"createdBy"', '"createdAt"', '"updatedAt"'],
].join(", ");
const iso = (ms: number) => new Date(ms).toISOString();

export async function listClients(db: Db): Promise<ClientRow[]> {
  const text = `SELECT ${columns} FROM landfall."oauthClient" ORDER BY "createdAt" DESC, id DESC LIMIT ${clientsMax}`;
  return db.query<ClientRow>({ text });
}

export async function clientById(db: Db, id: string): Promise<ClientRow | undefined> {
  const text = `SELECT ${columns} FROM landfall."oauthClient" WHERE id = $1`;
  return (await db.query<ClientRow>({ name: "provider_client_by_id", text, values: [id] }))[0];
}

/** Undefined when there are as many as may be. The lock makes the count exact. */
export async function insertClient(db: Db, client: NewClient, nowMs: number): Promise<ClientRow | undefined> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "SELECT pg_advisory_xact_lock(7104710015)" });
    const rows = await tx.query<ClientRow>({
      text: `INSERT INTO landfall."oauthClient" (id, name, type, "collectionId", "redirectUris", "signOutRedirectUris", scopes,
               "secretHash", grants, "homeUrl", "logoUrl", registered, "createdBy", "createdAt", "updatedAt")
             SELECT $1, $2, $3, $4::int, $5::text[], $6::text[], $7::text[], $8, $9::jsonb, $10, $11, $12::boolean, $13, $14::timestamptz, $14::timestamptz
             WHERE (SELECT count(*) FROM landfall."oauthClient") < ${clientsMax} RETURNING ${columns}`,
      values: [
        ...[client.id, client.name, client.type, client.collectionId, client.redirectUris, client.signOutRedirectUris],
        ...[client.scopes, client.secretHash, JSON.stringify(client.grants), client.homeUrl, client.logoUrl],
        ...[client.registered, client.createdBy, iso(nowMs)],
      ],
    });
    return rows[0];
  });
}

/** Changes what the patch names; null is a value. Undefined when there is no such client. */
export async function updateClient(
  db: Db,
  id: string,
  patch: ClientPatch,
  nowMs: number,
): Promise<ClientRow | undefined> {
  const { grants, ...plain } = patch;
  const named = { ...plain, ...(grants && { grants: JSON.stringify(grants) }) };
  const sets = Object.entries(named).filter(([, value]) => value !== undefined);
  const text = `UPDATE landfall."oauthClient" SET ${sets.map(([name], at) => `"${name}" = $${at + 3}`).join(", ")}${sets.length > 0 ? ", " : ""}
                revision = revision + 1, "updatedAt" = $2 WHERE id = $1 RETURNING ${columns}`;
  return (await db.query<ClientRow>({ text, values: [id, iso(nowMs), ...sets.map(([, value]) => value)] }))[0];
}

/** Its users' sessions go with it by a trigger. Gives their ids; undefined when there is no such client. */
export async function deleteClient(tx: Db, id: string): Promise<string[] | undefined> {
  const sessions = await tx.query<{ id: string }>({
    text: `DELETE FROM landfall."userSession" WHERE "clientId" = $1 RETURNING id`,
    values: [id],
  });
  const gone = await tx.query({ text: `DELETE FROM landfall."oauthClient" WHERE id = $1 RETURNING 1`, values: [id] });
  return gone.length === 0 ? undefined : sessions.map((session) => session.id);
}

/** Programs that registered themselves and were let in by nobody for 30 days. */
export async function sweepRegistered(db: Db, nowMs: number): Promise<void> {
  await db.query({
    text: `DELETE FROM landfall."oauthClient" c WHERE registered AND "createdAt" < $1
             AND NOT EXISTS (SELECT FROM landfall."userSession" s WHERE s."clientId" = c.id)`,
    values: [iso(nowMs - 30 * 86_400_000)],
  });
}
