// Takes backups by the clock. Every process waits for the same moments; at each, one claims it in the database and takes the
// backup. A moment that passed while no server ran is not made up for: the next start would be slowest when it matters.
import type { Cron } from "croner";
import type pg from "pg";
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { Exit } from "../kernel/exit.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { readSchedule } from "./schedule-pattern.ts";
import { claimSlot, recordOutcome } from "./schedule-state.ts";

export interface ScheduleOptions {
  readonly config: Config;
  readonly db: Db;
  readonly connection: pg.ClientConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface BackupSchedule extends Service {
  /** The next moment, in ms since 1970; undefined without a schedule. */
  nextAt(): number | undefined;
  /** What the timer does when the moment has come; exact in tests. Resolves when this process is done with it. */
  due(slotMs: number): Promise<void>;
}

/** setTimeout takes 31 bits of milliseconds. */
const longestWaitMs = 86_400_000;

export function createBackupSchedule({ config, db, connection, clock, log }: ScheduleOptions): BackupSchedule {
  const pattern = config.backupSchedule;
  const stop = new AbortController();
  let cron: Cron | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const nextAt = () => cron?.nextRun(new Date(clock.now()))?.getTime();

  function wait(): void {
    const slotMs = nextAt();
    if (slotMs === undefined || stop.signal.aborted) return;
    const leftMs = slotMs - clock.now();
    if (leftMs > longestWaitMs) timer = setTimeout(wait, longestWaitMs);
    else
      timer = setTimeout(
        () => {
          running = due(slotMs).finally(wait);
        },
        Math.max(0, leftMs),
      );
    timer.unref();
  }

  async function due(slotMs: number): Promise<void> {
    try {
      const now = () => new Date(clock.now()).toISOString();
      if (!(await claimSlot(db, new Date(slotMs).toISOString(), now()))) return;
      await take(slotMs);
    } catch (error) {
      log.error({ event: "backup_failed", err: error }, "the scheduled backup could not be begun");
    }
  }

  async function take(slotMs: number): Promise<void> {
    const startedAt = clock.monotonicMs();
    const at = new Date(clock.now()).toISOString();
    try {
      const [{ takeAutomatic }, { backupFolder }] = await Promise.all([import("./automatic.ts"), import("./backup-file.ts")]); // biome-ignore format: one line
      const folder = backupFolder(config);
      const { file, taken } = await takeAutomatic({ folder, kind: "scheduled", keep: config.backupKeep, connection, passphrase: config.backupPassphrase, nowMs: slotMs, signal: stop.signal }); // biome-ignore format: one call
      const tookMs = Math.round(clock.monotonicMs() - startedAt);
      await recordOutcome(db, { lastSuccess: { at, tookMs, bytes: taken.fileBytes, file } });
      log.info({ event: "backup_taken", file, rows: taken.rows, bytes: taken.fileBytes, tookMs }, "backup taken");
    } catch (error) {
      // The reason without a stack: it is shown to admins.
      const message = error instanceof Exit ? error.message : "The backup broke off; the log says why.";
      await recordOutcome(db, { lastFailure: { at, message } });
      log.error({ event: "backup_failed", err: error }, "the scheduled backup failed");
    }
  }

  return {
    name: "backup.schedule",
    nextAt,
    due,
    async run() {
      if (pattern === undefined) return;
      cron = await readSchedule(pattern);
      wait();
    },
    async drain() {
      clearTimeout(timer);
      // A backup cannot be continued; one that is cut short here leaves no file, and the outcome says so.
      stop.abort(new Exit("backup_failed", "The server was stopped while the backup ran."));
      await running;
    },
    async stop() {
      clearTimeout(timer);
    },
  };
}
