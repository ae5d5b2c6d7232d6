// Backups and rehearsals that an admin asks for. They belong to the server, not to the request: whoever asked may leave, any
// process shows how far it is, and a server that stops breaks it off, leaving no file and no database behind.
import type pg from "pg";
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config/index.ts";
import { connectionFromUrl } from "../kernel/db/connection.ts";
import type { Db } from "../kernel/db/index.ts";
import { Exit } from "../kernel/exit.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { automaticName } from "./backup-file.ts";
import type { Drill } from "./drill.ts";
import { errors } from "./errors.ts";
import { readScheduleState, runsSince } from "./schedule-state.ts";
import type { Shelf, ShelfFile } from "./shelf.ts";
import { askToCancel, claimWork, type Finding, keepFinding, tellWork, type WorkState } from "./work-state.ts";

export interface WorkOptions {
  readonly config: Config;
  readonly db: Db;
  readonly connection: pg.ClientConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly shelf: Shelf;
  /** How often it tells how far it is, and hears whether to stop. */
  readonly tellEveryMs?: number;
}

export interface BackupWork extends Service {
  /** Begins a backup and returns at once. Throws `backup_running` (409). */
  take(by: string): Promise<void>;
  /** Begins the rehearsal of a file's restore. */
  verify(file: ShelfFile, by: string): Promise<void>;
  /** Asks whichever process runs it to stop. */
  cancel(): Promise<void>;
  /** When what this process runs is done. */
  settled(): Promise<void>;
}

/** What running work tells of itself; `signal` says that it should end. */
interface Run {
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number, bytes: number) => void;
}

export function createBackupWork(options: WorkOptions): BackupWork {
  const { config, db, connection, clock, log, shelf, tellEveryMs = 1_000 } = options;
  const stopped = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const nowText = () => new Date(clock.now()).toISOString();

  async function begin(kind: WorkState["kind"], name: string, by: string, work: (run: Run) => Promise<object>) {
    const state: WorkState = { id: uuidv7(clock.now()), kind, name, by, startedAt: nowText(), done: 0, total: null, bytes: 0, endedAt: null, outcome: null, message: null }; // biome-ignore format: one row
    if (stopped.signal.aborted || (await scheduledRuns()) || !(await claimWork(db, state)))
      throw errors.backup_running();
    running = attend(state, work);
  }

  async function scheduledRuns(): Promise<boolean> {
    const state = await readScheduleState(db);
    return state !== undefined && runsSince(state, clock.now()) !== null;
  }

  /** Never rejects: how it ended stands in the row and in the log. */
  async function attend(state: WorkState, work: (run: Run) => Promise<object>): Promise<void> {
    const cancelled = new AbortController();
    let news: Partial<WorkState> = {};
    const tell = async () => {
      const answer = await tellWork(db, state.id, news).catch(() => "go on" as const); // The next one may get through.
      if (answer !== "go on") cancelled.abort(new Exit("broke_off", "It was stopped by hand."));
    };
    const timer = setInterval(() => void tell(), tellEveryMs);
    timer.unref();
    const facts = { work: state.kind, name: state.name, by: state.by };
    let end: Pick<WorkState, "outcome" | "message">;
    try {
      const signal = AbortSignal.any([stopped.signal, cancelled.signal]);
      const progress: Run["progress"] = (done, total, bytes) => {
        signal.throwIfAborted();
        news = { done, total, bytes };
      };
      const result = await work({ signal, progress });
      end = { outcome: "done", message: null };
      log.info({ event: "backup_work_done", ...facts, ...result }, "backup work is done");
    } catch (error) {
      const message = error instanceof Exit ? error.message : "It broke off; the log says why.";
      end = { outcome: cancelled.signal.aborted ? "cancelled" : "failed", message };
      log.error({ event: "backup_work_failed", ...facts, err: error }, "backup work did not end well");
    }
    clearInterval(timer);
    await tellWork(db, state.id, { ...news, ...end, endedAt: nowText() }).catch((error: unknown) =>
      log.error({ event: "backup_work_untold", err: error }, "the end of backup work could not be written down"),
    );
  }

  return {
    name: "backup.work",
    async take(by) {
      let nowMs = clock.now();
      // Names tell seconds; a second backup within one is given the next.
      while (await shelf.find(automaticName("by-hand", nowMs))) nowMs += 1_000;
      await begin("take", automaticName("by-hand", nowMs), by, async ({ signal, progress }) => {
        const { refuseFullDisk, takeAutomatic } = await import("./automatic.ts");
        // Sizes wait for tables that are being changed. The backup waits longer; a disk that fills up is told then.
        await refuseFullDisk(shelf.folder, db).catch(unlessBusy);
        const { taken } = await takeAutomatic({ folder: shelf.folder, kind: "by-hand", connection, passphrase: config.backupPassphrase, nowMs, signal, progress }); // biome-ignore format: one call
        return { rows: taken.rows, bytes: taken.fileBytes };
      });
    },
    verify: (file, by) => begin("verify", file.name, by, (run) => rehearse(file, run)),
    async cancel() {
      if (!(await askToCancel(db))) throw errors.backup_not_running();
    },
    settled: () => running,
    run: async () => {},
    async drain() {
      stopped.abort(new Exit("backup_failed", "The server was stopped meanwhile."));
      await running;
    },
    stop: async () => {},
  };

  async function rehearse(file: ShelfFile, { signal, progress }: Run): Promise<object> {
    const { judgeMasterKey, readBackupFile, runDrill } = await import("./tools.ts");
    async function* read(): AsyncGenerator<Buffer> {
      for await (const chunk of readBackupFile(file.path)) {
        signal.throwIfAborted();
        yield chunk;
      }
    }
    const startedAt = clock.monotonicMs();
    const keep = async (found: Pick<Finding, "ok" | "message" | "tables" | "rows">, tookMs: number) => {
      const names = (await shelf.list()).map(({ name }) => name);
      await keepFinding(
        db,
        file.name,
        { at: nowText(), bytes: file.bytes, tookMs: Math.round(tookMs), ...found },
        names,
      );
    };
    let drill: Drill;
    try {
      const server = config.databaseUrl === undefined ? undefined : connectionFromUrl(config.databaseUrl);
      drill = await runDrill({ read, passphrase: config.backupPassphrase, server, nowMs: clock.now(), progress });
    } catch (error) {
      // What is wrong with the file is a finding; a full disk or a stopped server says nothing about it.
      if (error instanceof Exit && (error.reason === "archive_refused" || error.reason === "drill_failed"))
        await keep({ ok: false, message: error.message, tables: null, rows: null }, clock.monotonicMs() - startedAt);
      throw error;
    }
    const { contents, tables, rtoMs } = drill;
    const source = { given: config.masterKey, dataDir: config.dataDir };
    const message = fault(() => judgeMasterKey(contents.header, source));
    await keep({ ok: true, message, tables, rows: contents.trailer.rows }, rtoMs);
    return { tables, rows: contents.trailer.rows, tookMs: Math.round(rtoMs), postgres: drill.postgres };
  }
}

function unlessBusy(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "55P03")) throw error;
}

/** The line of an expected end, or null when all is well. */
function fault(judge: () => unknown): string | null {
  try {
    judge();
    return null;
  } catch (error) {
    if (error instanceof Exit) return error.message;
    throw error;
  }
}
