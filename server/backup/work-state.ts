// What was asked for by hand, a backup or a rehearsal, as one row of landfall.meta: of all processes one runs it, everybody
// shows it, and anybody may have it stopped. Beside it what rehearsals found. The database's clock says who is alive.
import type { Db } from "../kernel/db/index.ts";

export const workStateKey = "backupWork";
export const findingsKey = "backupFindings";
/** No sign of life for so long, and whoever ran it is not running any more. */
export const silentMs = 60_000;

export interface WorkState {
  readonly id: string;
  readonly kind: "take" | "verify";
  /** The file's name. */
  readonly name: string;
  /** The actor's label. */
  readonly by: string;
  readonly startedAt: string;
  readonly done: number;
  /** Tables; null while that is not known yet. */
  readonly total: number | null;
  readonly bytes: number;
  readonly endedAt: string | null;
  readonly outcome: "done" | "failed" | "cancelled" | null;
  /** Why it did not go well. */
  readonly message: string | null;
}

export interface SeenWork extends WorkState {
  /** Since its process gave a sign of life; grows beyond `silentMs` when that was killed. */
  readonly silentForMs: number;
}

export interface Finding {
  readonly at: string;
  readonly ok: boolean;
  readonly message: string | null;
  readonly tables: number | null;
  readonly rows: number | null;
  readonly tookMs: number;
  /** Of the file that was rehearsed: another one under the same name was not. */
  readonly bytes: number;
}

const nowMsText = "(extract(epoch FROM clock_timestamp()) * 1000)::int8";

export async function readWork(db: Db): Promise<SeenWork | undefined> {
  const [row] = await db.query<{ value: WorkState; silent: number }>({
    text: `SELECT value, ${nowMsText} - (value ->> 'aliveMs')::int8 AS silent FROM landfall.meta WHERE key = $1`,
    values: [workStateKey],
  });
  return row && { ...row.value, silentForMs: row.silent };
}

/** True for the one who may begin. What was finished, or whose process is gone, gives way. */
export async function claimWork(db: Db, work: WorkState): Promise<boolean> {
  const rows = await db.query({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ($1, $2::jsonb || jsonb_build_object('aliveMs', ${nowMsText}))
           ON CONFLICT (key) DO UPDATE SET value = excluded.value
           WHERE m.value ->> 'endedAt' IS NOT NULL OR (m.value ->> 'aliveMs')::int8 < ${nowMsText} - $3::int8 RETURNING key`,
    values: [workStateKey, JSON.stringify(work), silentMs],
  });
  return rows.length > 0;
}

/** A sign of life with what is new. `gone`: somebody else took over meanwhile. */
export async function tellWork(db: Db, id: string, news: Partial<WorkState>): Promise<"go on" | "cancel" | "gone"> {
  const [row] = await db.query<{ cancel: boolean }>({
    text: `UPDATE landfall.meta SET value = value || $3::jsonb || jsonb_build_object('aliveMs', ${nowMsText})
           WHERE key = $1 AND value ->> 'id' = $2 RETURNING (value ? 'cancel') AS cancel`,
    values: [workStateKey, id, JSON.stringify(news)],
  });
  if (!row) return "gone";
  return row.cancel ? "cancel" : "go on";
}

/** False when nothing runs. */
export async function askToCancel(db: Db): Promise<boolean> {
  const rows = await db.query({
    text: `UPDATE landfall.meta SET value = value || '{"cancel": true}'
           WHERE key = $1 AND value ->> 'endedAt' IS NULL AND (value ->> 'aliveMs')::int8 >= ${nowMsText} - $2::int8 RETURNING key`,
    values: [workStateKey, silentMs],
  });
  return rows.length > 0;
}

export async function readFindings(db: Db): Promise<{ readonly [name: string]: Finding }> {
  const [row] = await db.query<{ value: { [name: string]: Finding } }>({
    text: "SELECT value FROM landfall.meta WHERE key = $1",
    values: [findingsKey],
  });
  return row?.value ?? {};
}

/** Those of files that are no more go with it. */
export async function keepFinding(db: Db, name: string, finding: Finding, names: readonly string[]): Promise<void> {
  await db.query({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ($1, jsonb_build_object($2::text, $3::jsonb))
           ON CONFLICT (key) DO UPDATE SET value = excluded.value || coalesce(
             (SELECT jsonb_object_agg(k, v) FROM jsonb_each(m.value) AS one(k, v) WHERE k <> $2 AND k = ANY ($4::text[])), '{}')`,
    values: [findingsKey, name, JSON.stringify(finding), names],
  });
}
