// Links that fetch one file, once, within a minute. A browser that saves a file to disk as it comes sends no Authorization
// header; the alternative, a script that holds the whole file, ends with the memory of the tab. The ticket is sealed with the
// master key, so every process of the installation takes it, and its number is written down when it is used.
import { randomBytes } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { errors } from "./errors.ts";

export const ticketLifeMs = 60_000;
const context = "backup:ticket";
/** Of landfall.meta. */
export const usedKey = "backupTickets";

interface Ticket {
  readonly id: string;
  readonly name: string;
  /** The admin's id. */
  readonly by: string;
  readonly untilMs: number;
}

export function newTicket(masterKey: MasterKey, of: Pick<Ticket, "name" | "by">, nowMs: number): string {
  const ticket: Ticket = { ...of, id: randomBytes(12).toString("hex"), untilMs: nowMs + ticketLifeMs };
  return masterKey.seal(JSON.stringify(ticket), context);
}

/** Whose ticket it was. Throws `backup_ticket_invalid` (403) the second time, after a minute, and for another file. */
export async function useTicket(
  text: string,
  name: string,
  { db, masterKey, nowMs }: { readonly db: Db; readonly masterKey: MasterKey; readonly nowMs: number },
): Promise<string> {
  const ticket = opened(masterKey, text);
  const isGood = ticket?.name === name && ticket.untilMs > nowMs && (await isFirstUse(db, ticket, nowMs));
  if (!ticket || !isGood) throw errors.backup_ticket_invalid();
  return ticket.by;
}

function opened(masterKey: MasterKey, text: string): Ticket | undefined {
  try {
    return JSON.parse(masterKey.open(text, context).toString()) as Ticket;
  } catch {
    return undefined;
  }
}

/** Two at once: the row's lock lets the second see the first. Numbers that are over go with the next one. */
async function isFirstUse(db: Db, { id, untilMs }: Ticket, nowMs: number): Promise<boolean> {
  const rows = await db.query({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ($1, jsonb_build_object($2::text, $3::int8))
           ON CONFLICT (key) DO UPDATE SET value = excluded.value || coalesce(
             (SELECT jsonb_object_agg(k, v) FROM jsonb_each(m.value) AS one(k, v) WHERE v::text::int8 > $4::int8), '{}')
           WHERE NOT m.value ? $2 RETURNING key`,
    values: [usedKey, id, untilMs, nowMs],
  });
  return rows.length > 0;
}
