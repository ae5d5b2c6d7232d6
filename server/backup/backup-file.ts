// Backups as files: written under a draft's name, flushed, then renamed, so that a file with a backup's name is whole. Readable
// by its owner only. Also the folder of automatic backups: names, how many are kept, and what a killed process left.
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Config, projectRoot } from "../kernel/config/index.ts";
import { Exit } from "../kernel/exit.ts";
import type { Sink } from "./archive-write.ts";
import { failedBackup } from "./errors.ts";

/** Runs the work with a sink into the file's draft. When it fails nothing remains. */
export async function writeBackupFile<T>(file: string, work: (sink: Sink) => Promise<T>): Promise<T> {
  const draft = `${file}.part`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(draft, "w", 0o600);
    const kept = handle;
    const result = await work(async (bytes) => void (await kept.writeFile(bytes)));
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(draft, file);
    await flushFolder(dirname(resolve(file)));
    return result;
  } catch (error) {
    await handle?.close().catch(() => {});
    await rm(draft, { force: true }).catch(() => {});
    throw asExit(error, file);
  }
}

/** The name itself must survive a power cut too. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {}); // Some systems have no such thing for folders.
  await handle?.close();
}

const fileCodes = new Set(["ENOENT", "EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENOSPC", "EDQUOT", "EIO", "EFBIG", "ENAMETOOLONG"]); // biome-ignore format: one list

function asExit(error: unknown, file: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof Exit || syscall === undefined || !fileCodes.has(code ?? "")) return error;
  if (code === "ENOSPC" || code === "EDQUOT") return failedBackup(`the disk of ${file} is full.`, error);
  return new Exit("file_unusable", `${file} cannot be written (${code}). Nothing was written.`, error);
}

/** The bytes of a backup file. */
export async function* readBackupFile(file: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 262_144 })) yield chunk as Buffer;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined || !fileCodes.has(code ?? "")) throw error;
    throw new Exit("file_unusable", `${file} cannot be read (${code}).`, error);
  }
}

/** LANDFALL_BACKUP_DIR, relative to the project's root as all paths are, or a folder beside the data. */
export const backupFolder = (config: Pick<Config, "backupDir" | "dataDir">): string =>
  config.backupDir === undefined ? join(config.dataDir, "backups") : resolve(projectRoot, config.backupDir);

export const extension = ".lfbackup";

export interface KeptFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly at: Date;
}

/** `scheduled-20261120T181500Z.lfbackup`: the kind, the time in UTC. Sorts by time within a kind. */
export function automaticName(kind: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${kind}-${stamp}${extension}`;
}

/** Newest first. Only files whose name says that we made them. */
export function automaticFiles(folder: string, kind: string): KeptFile[] {
  if (!existsSync(folder)) return [];
  const form = new RegExp(`^${kind}-\\d{8}T\\d{6}Z\\${extension}$`);
  return readdirSync(folder)
    .filter((name) => form.test(name))
    .sort()
    .reverse()
    .flatMap((name) => {
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false }); // Another process may have deleted it just now.
      return found ? [{ name, path, bytes: found.size, at: found.mtime }] : [];
    });
}

export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failedBackup(`${folder} cannot be made (${(error as NodeJS.ErrnoException).code}): give this user a folder it can write.`, error); // biome-ignore format: one line
  }
}

/** Called once a new file is there, so that there is never one fewer than were kept. */
export function forgetOldest(folder: string, kind: string, keep: number): void {
  for (const { path } of automaticFiles(folder, kind).slice(keep)) rmSync(path, { force: true });
}

/** Drafts of this kind that nobody has written to for an hour: their process was killed. */
export function clearDrafts(folder: string, kind: string, nowMs: number): void {
  const form = new RegExp(`^${kind}-\\d{8}T\\d{6}Z\\${extension}\\.part$`);
  for (const name of readdirSync(folder).filter((one) => form.test(one))) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < nowMs - 3_600_000) rmSync(path, { force: true });
  }
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
