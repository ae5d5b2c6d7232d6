// Backups that nobody asks for: before a new version changes the schema of a database that has data, and by the schedule.

import { join } from "node:path";
import type pg from "pg";
import type { Config } from "../kernel/config/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { Exit } from "../kernel/exit.ts";
import { automaticName, backupFolder, clearDrafts, forgetOldest, freeBytes, makeFolder, writeBackupFile } from "./backup-file.ts"; // biome-ignore format: one line
import { type Taken, type TakeOptions, takeBackup } from "./backup-take.ts";
import { failedBackup } from "./errors.ts";
import type { Kind } from "./shelf.ts";

export interface AutomaticOptions {
  readonly folder: string;
  readonly kind: Kind;
  /** Absent: as many as there are. */
  readonly keep?: number;
  readonly connection: pg.ClientConfig;
  readonly passphrase: string | undefined;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  readonly progress?: TakeOptions["progress"];
}

export interface AutomaticBackup {
  readonly file: string;
  readonly taken: Taken;
}

/** A new file in the folder, then the oldest one goes. */
export async function takeAutomatic(options: AutomaticOptions): Promise<AutomaticBackup> {
  const { folder, kind, keep, connection, passphrase, nowMs, signal, progress } = options;
  makeFolder(folder);
  clearDrafts(folder, kind, nowMs);
  const file = join(folder, automaticName(kind, nowMs));
  const taken = await writeBackupFile(file, (sink) => takeBackup({ connection, sink, passphrase, signal, progress }));
  if (keep !== undefined) forgetOldest(folder, kind, keep);
  return { file, taken };
}

export interface BeforeMigrationOptions {
  readonly config: Config;
  /** The database as its state is asked for; the backup itself takes a connection of its own. */
  readonly db: Db;
  readonly connection: pg.ClientConfig;
  readonly nowMs: number;
  readonly progress: (line: string) => void;
}

export const beforeMigrationKept = 3;

/** A database in which nobody has made anything yet needs none. What stands in the way is a refusal to migrate. */
export async function backupBeforeMigration(options: BeforeMigrationOptions): Promise<void> {
  const { config, db, connection, nowMs, progress } = options;
  if (!config.backupBeforeMigration || !(await hasData(db))) return;
  const folder = backupFolder({ dataDir: config.dataDir, backupDir: undefined });
  try {
    await refuseFullDisk(folder, db);
    const { file } = await takeAutomatic({ folder, kind: "before-migration", keep: beforeMigrationKept, connection, passphrase: config.backupPassphrase, nowMs }); // biome-ignore format: one call
    progress(`Backup   ${file}`);
  } catch (error) {
    const why = error instanceof Exit ? error.message : `it broke off (${(error as Error).message}).`;
    throw new Exit("backup_failed", `The schema is as it was: the backup that comes before a migration failed. ${why} Start again then, or take a backup elsewhere with \`landfall backup <file>\` and start with LANDFALL_BACKUP_BEFORE_MIGRATION=false.`, error); // biome-ignore format: one line
  }
}

async function hasData(db: Db): Promise<boolean> {
  for (const name of ["admin", "collection", '"apiKey"']) {
    const [there] = await db.query<{ name: string | null }>({ text: "SELECT to_regclass($1) AS name", values: [`landfall.${name}`] }); // biome-ignore format: one line
    if (there?.name && (await db.query({ text: `SELECT FROM landfall.${name} LIMIT 1` })).length > 0) return true;
  }
  return false;
}

/** What would be in the file, before compression and with indexes: more than the file will have. */
async function dataBytes(db: Db): Promise<number> {
  const [row] = await db.query<{ bytes: number }>({
    text: `SELECT coalesce(sum(pg_table_size(oid)), 0) AS bytes FROM pg_class
           WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'landfall'::regnamespace) AND relname !~ '^change_'`,
  });
  return Number(row?.bytes ?? 0);
}

/** Text that compresses badly may come near the size of its table; half of it is the usual worst case. */
export async function refuseFullDisk(folder: string, db: Db): Promise<void> {
  makeFolder(folder);
  const needed = (await dataBytes(db)) / 2 + 50_000_000;
  const free = await freeBytes(folder);
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  if (free < needed)
    throw failedBackup(`the disk of ${folder} has ${megabytes(free)} free, and the backup may need ${megabytes(needed)}: make room there.`); // biome-ignore format: one line
}
