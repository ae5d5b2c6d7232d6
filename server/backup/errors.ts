// How work on a backup ends when it is not done: expected ends of a command, one line each that says what to do.
import { Exit } from "../kernel/exit.ts";

/** The file itself is at fault: damaged, cut off, or not one of ours. */
export const refusedArchive = (what: string, cause?: unknown): Exit =>
  new Exit("archive_refused", `The backup cannot be used: ${what} Nothing was changed.`, cause);

export const damaged = (what: string): Exit =>
  refusedArchive(`it is damaged or incomplete (${what}). Take another copy of the file, or an older backup.`);

export const wrongPassphrase = (): Exit =>
  new Exit("passphrase_wrong", "The file is whole, but this is not the passphrase it was encrypted with: set LANDFALL_BACKUP_PASSPHRASE to that one."); // biome-ignore format: one line

export const failedBackup = (why: string, cause?: unknown): Exit =>
  new Exit("backup_failed", `No backup was taken: ${why}`, cause);
