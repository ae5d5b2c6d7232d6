// What others may know about the scheduled backups: metrics, the console's overview with its notices, and the doctor.
import type { Config } from "../kernel/config/index.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { readSchedule } from "./schedule-pattern.ts";
import { readScheduleState, runsSince, type ScheduleState } from "./schedule-state.ts";

export interface BackupFigures {
  readonly schedule: string | null;
  /** Of a scheduled backup that runs now. */
  readonly runningSince: string | null;
  readonly lastSuccess: { readonly at: string; readonly tookMs: number; readonly bytes: number } | null;
  readonly lastFailure: { readonly at: string; readonly message: string } | null;
  /** What an admin should do something about; null when all is well. */
  readonly warning: string | null;
}

/** Of the whole installation, whichever process took the backup. */
export async function backupFigures(
  db: Db,
  config: Pick<Config, "backupSchedule">,
  nowMs: number,
): Promise<BackupFigures> {
  const state = await readScheduleState(db);
  const success = state?.lastSuccess ?? null;
  return {
    schedule: config.backupSchedule ?? null,
    runningSince: state ? runsSince(state, nowMs) : null,
    lastSuccess: success && { at: success.at, tookMs: success.tookMs, bytes: success.bytes },
    lastFailure: state?.lastFailure ?? null,
    warning: config.backupSchedule === undefined ? null : await warningOf(state, config.backupSchedule, nowMs),
  };
}

async function warningOf(state: ScheduleState | undefined, pattern: string, nowMs: number): Promise<string | null> {
  if (!state) return null;
  const { lastSuccess, lastFailure, runningSince } = state;
  const last = lastSuccess ? `The last good one is of ${lastSuccess.at}.` : "There is no good one yet.";
  if (lastFailure && (!lastSuccess || lastFailure.at > lastSuccess.at))
    return `The scheduled backup of ${lastFailure.at} failed: ${lastFailure.message} ${last}`;
  if (runningSince !== null && runsSince(state, nowMs) === null)
    return `The scheduled backup of ${runningSince} never ended; its process was probably killed. ${last}`;
  if (lastSuccess && Date.parse(lastSuccess.at) < (await slotBeforeLast(pattern, nowMs)))
    return `Scheduled backups were missed: no server ran at the time, or the schedule is new. ${last}`;
  return null;
}

/** The newest slot may be under way still; the one before it should be done. */
async function slotBeforeLast(pattern: string, nowMs: number): Promise<number> {
  const [, before] = (await readSchedule(pattern)).previousRuns(2, new Date(nowMs));
  return before?.getTime() ?? Number.NEGATIVE_INFINITY;
}

export function observeBackups(metrics: Metrics, db: Db): void {
  const gauge = (name: string, help: string, read: (state: ScheduleState) => number | undefined) =>
    metrics.gauge(name, help, async () => {
      const state = await readScheduleState(db);
      return (state && read(state)) ?? 0;
    });
  const seconds = (at: string | undefined) => (at === undefined ? undefined : Date.parse(at) / 1000);
  gauge("landfall_backup_last_success_timestamp_seconds", "When the last good scheduled backup was taken; 0 for never.", (state) => seconds(state.lastSuccess?.at)); // biome-ignore format: one line each
  gauge("landfall_backup_last_failure_timestamp_seconds", "When a scheduled backup failed last; 0 for never.", (state) => seconds(state.lastFailure?.at)); // biome-ignore format: one line each
  gauge("landfall_backup_last_bytes", "Size of the last good scheduled backup.", (state) => state.lastSuccess?.bytes);
  gauge("landfall_backup_last_duration_seconds", "How long the last good scheduled backup took.", (state) => (state.lastSuccess?.tookMs ?? 0) / 1000); // biome-ignore format: one line each
}
