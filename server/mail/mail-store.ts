// All SQL about mails on their way out.
import type { Db } from "../kernel/db/index.ts";

export interface MailRow {
  readonly id: string;
  readonly template: string;
  readonly locale: string | null;
  readonly state: "waiting" | "sent" | "failed" | "kept" | "void";
  readonly sealed: string | null;
  readonly attempts: number;
  readonly dueAt: Date;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly failure: string | null;
}

const columns = `id, template, locale, state, sealed, attempts, "dueAt", "createdAt", "endedAt", failure`;
const iso = (ms: number) => new Date(ms).toISOString();
const hourMs = 3_600_000;

export type NewMailRow = Pick<MailRow, "id" | "template" | "locale" | "state" | "sealed">;

export async function insertMail(db: Db, row: NewMailRow, nowMs: number): Promise<void> {
  await db.query({
    name: "mail_insert",
    text: `INSERT INTO landfall.mail (id, template, locale, state, sealed, "dueAt", "createdAt") VALUES ($1, $2, $3, $4, $5, $6, $6)`,
    values: [row.id, row.template, row.locale, row.state, row.sealed, iso(nowMs)],
  });
}

/** Rows that are due, each for one process: the others skip what is locked, and what was taken is due again after `leaseMs`. */
export async function takeMails(db: Db, nowMs: number, taken: { leaseMs: number; max: number }): Promise<MailRow[]> {
  return db.query<MailRow>({
    name: "mail_take",
    text: `UPDATE landfall.mail SET attempts = attempts + 1, "dueAt" = $2 WHERE id IN
             (SELECT id FROM landfall.mail WHERE state = 'waiting' AND "dueAt" <= $1 ORDER BY "dueAt" LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING ${columns}`,
    values: [iso(nowMs), iso(nowMs + taken.leaseMs), taken.max],
  });
}

/** Sent: what it said is gone from here. */
export async function endMail(db: Db, id: string, nowMs: number): Promise<void> {
  await db.query({
    name: "mail_sent",
    text: `UPDATE landfall.mail SET state = 'sent', sealed = NULL, failure = NULL, "endedAt" = $2 WHERE id = $1`,
    values: [id, iso(nowMs)],
  });
}

/** Given up when there is no next time. */
export async function delayMail(
  db: Db,
  id: string,
  { failure, dueAtMs }: { readonly failure: string; readonly dueAtMs: number | undefined },
  nowMs: number,
): Promise<void> {
  await db.query({
    name: "mail_delay",
    text: `UPDATE landfall.mail SET failure = $2, "dueAt" = coalesce($3::timestamptz, "dueAt"),
             state = CASE WHEN $3::timestamptz IS NULL THEN 'failed' ELSE state END,
             "endedAt" = CASE WHEN $3::timestamptz IS NULL THEN $4::timestamptz END WHERE id = $1`,
    values: [id, failure, dueAtMs === undefined ? null : iso(dueAtMs), iso(nowMs)],
  });
}

/** Newest first; those that were written for nobody are not shown. */
export async function listMails(db: Db, limit: number): Promise<MailRow[]> {
  return db.query<MailRow>({
    text: `SELECT ${columns} FROM landfall.mail WHERE state <> 'void' ORDER BY "createdAt" DESC, id DESC LIMIT $1`,
    values: [limit],
  });
}

export async function mailById(db: Db, id: string): Promise<MailRow | undefined> {
  const text = `SELECT ${columns} FROM landfall.mail WHERE id = $1 AND state <> 'void'`;
  return (await db.query<MailRow>({ text, values: [id] }))[0];
}

export async function countMails(db: Db): Promise<{ readonly waiting: number; readonly failed: number }> {
  const [row] = await db.query<{ waiting: number; failed: number }>({
    text: `SELECT count(*) FILTER (WHERE state = 'waiting')::int AS waiting, count(*) FILTER (WHERE state = 'failed')::int AS failed
           FROM landfall.mail WHERE state IN ('waiting', 'failed')`,
  });
  return row ?? { waiting: 0, failed: 0 };
}

/** The mailbox keeps a day, the record of the rest a week. */
export async function sweepMails(db: Db, nowMs: number): Promise<void> {
  await db.query({
    text: `DELETE FROM landfall.mail WHERE state IN ('kept', 'void') AND "createdAt" <= $1 OR state <> 'waiting' AND "createdAt" <= $2`,
    values: [iso(nowMs - 24 * hourMs), iso(nowMs - 7 * 24 * hourMs)],
  });
}
