// All SQL about devices: what a user signed in on, for them to recognise and to revoke.
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";

/** What an app says about the device it runs on. Shown to its user, never trusted. */
export interface DeviceInput {
  /** As a sign-in before answered it; counts only when it is this account's. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  readonly appVersion?: string | undefined;
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
}

export interface DeviceRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly platform: string;
  readonly appVersion: string | null;
  readonly place: string | null;
  readonly address: string;
  readonly agent: string;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

export interface Origin {
  readonly address: string;
  readonly agent: string;
}

const columns = `id, "accountId", name, platform, "appVersion", place, address, agent, "firstSeenAt", "lastSeenAt"`;
const iso = (ms: number) => new Date(ms).toISOString();

/** The account's device of this id, told anew, or a new one. Call with the account's row locked. */
export async function keepDevice(
  tx: Db,
  accountId: string,
  input: DeviceInput,
  from: Origin,
  nowMs: number,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const told = [input.name, input.platform, input.appVersion, input.locale, input.timeZone].map((text) => text ?? null);
  if (input.id !== undefined) {
    const known = await tx.query({
      name: "auth_device_told",
      text: `UPDATE landfall.device SET name = coalesce($3, name), platform = coalesce($4, platform), "appVersion" = coalesce($5, "appVersion"),
               locale = coalesce($6, locale), "timeZone" = coalesce($7, "timeZone"), address = $8, agent = $9, "lastSeenAt" = $10
             WHERE id = $1 AND "accountId" = $2 RETURNING 1`,
      values: [input.id, accountId, ...told, from.address, from.agent, iso(nowMs)],
    });
    if (known.length > 0) return { id: input.id, isNew: false };
  }
  const id = uuidv7(nowMs);
  await tx.query({
    name: "auth_device_insert",
    text: `INSERT INTO landfall.device (id, "accountId", name, platform, "appVersion", locale, "timeZone", address, agent, "firstSeenAt", "lastSeenAt")
           VALUES ($1, $2, coalesce($3, ''), coalesce($4, 'unknown'), $5, $6, $7, $8, $9, $10, $10)`,
    values: [id, accountId, ...told, from.address, from.agent, iso(nowMs)],
  });
  return { id, isNew: true };
}

export async function listDevices(db: Db, accountId: string): Promise<DeviceRow[]> {
  return db.query<DeviceRow>({
    text: `SELECT ${columns} FROM landfall.device WHERE "accountId" = $1 ORDER BY "lastSeenAt" DESC, id DESC LIMIT 500`,
    values: [accountId],
  });
}

/** Whether this account has signed in from this address in the last 30 days. */
export async function knowsAddress(db: Db, accountId: string, address: string, nowMs: number): Promise<boolean> {
  const rows = await db.query({
    name: "auth_device_address",
    text: `SELECT 1 FROM landfall.device WHERE "accountId" = $1 AND address = $2 AND "lastSeenAt" > $3 LIMIT 1`,
    values: [accountId, address, iso(nowMs - 30 * 86_400_000)],
  });
  return rows.length > 0;
}

export async function renameDevice(db: Db, accountId: string, id: string, name: string): Promise<boolean> {
  const rows = await db.query({
    text: `UPDATE landfall.device SET name = $3 WHERE id = $2 AND "accountId" = $1 RETURNING 1`,
    values: [accountId, id, name],
  });
  return rows.length > 0;
}

/** Its sessions end with it, and the feed tells every process. Gives the sessions' ids; undefined when there is no such device. */
export async function deleteDevice(tx: Db, accountId: string, id: string): Promise<string[] | undefined> {
  const sessions = await tx.query<{ id: string }>({
    text: `DELETE FROM landfall."userSession" WHERE "deviceId" = $2 AND "accountId" = $1 RETURNING id`,
    values: [accountId, id],
  });
  const gone = await tx.query({
    text: `DELETE FROM landfall.device WHERE id = $2 AND "accountId" = $1 RETURNING 1`,
    values: [accountId, id],
  });
  return gone.length === 0 ? undefined : sessions.map((session) => session.id);
}
