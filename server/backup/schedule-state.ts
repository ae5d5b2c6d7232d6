// What the last scheduled backup did, as one row of landfall.meta: who begins a slot claims it there, so that of several
// processes one takes the backup, and everybody (metrics, doctor, console) reads the outcome there.
import type { Db } from "../kernel/db/index.ts";

export const scheduleStateKey = "backupState";

export interface BackupRun {
  /** RFC 3339. */
  readonly at: string;
  readonly tookMs: number;
  readonly bytes: number;
  readonly file: string;
}

export interface ScheduleState {
  /** The moment of the schedule that was claimed last, RFC 3339. */
  readonly slot: string;
  /** Set while a backup runs, and left by a process that was killed. */
  readonly runningSince: string | null;
  readonly lastSuccess: BackupRun | null;
  readonly lastFailure: { readonly at: string; readonly message: string } | null;
}

export async function readScheduleState(db: Db): Promise<ScheduleState | undefined> {
  const [row] = await db.query<{ value: ScheduleState }>({
    text: "SELECT value FROM landfall.meta WHERE key = $1",
    values: [scheduleStateKey],
  });
  return row?.value;
}

/** Longer than this and whoever ran it is not running any more. */
const longestRunMs = 86_400_000;

/** Since when a scheduled backup runs, unless its process was killed a day ago. */
export function runsSince({ runningSince }: ScheduleState, nowMs: number): string | null {
  return runningSince !== null && Date.parse(runningSince) > nowMs - longestRunMs ? runningSince : null;
}

/** True for the one process that may take this slot's backup. */
export async function claimSlot(db: Db, slot: string, now: string): Promise<boolean> {
  const fresh: ScheduleState = { slot, runningSince: now, lastSuccess: null, lastFailure: null };
  const rows = await db.query({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ($1, $2)
           ON CONFLICT (key) DO UPDATE SET value = m.value || jsonb_build_object('slot', $3::text, 'runningSince', $4::text)
           WHERE m.value ->> 'slot' < $3 RETURNING key`,
    values: [scheduleStateKey, JSON.stringify(fresh), slot, now],
  });
  return rows.length > 0;
}

export async function recordOutcome(
  db: Db,
  outcome: Partial<Pick<ScheduleState, "lastSuccess" | "lastFailure">>,
): Promise<void> {
  await db.query({
    text: "UPDATE landfall.meta SET value = value || $2::jsonb WHERE key = $1",
    values: [scheduleStateKey, JSON.stringify({ ...outcome, runningSince: null })],
  });
}
