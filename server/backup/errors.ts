// How work on a backup ends when it is not done: expected ends of a command, one line each that says what to do; and the
// codes of the room's doors.
import { defineErrors } from "../kernel/errors/index.ts";
import { Exit } from "../kernel/exit.ts";

export const errors = defineErrors({
  backup_not_found: {
    status: 404,
    says: "There is no backup with this name.",
    advice: "List the backups with GET /v1/backups.",
  },
  backup_running: {
    status: 409,
    says: "A backup is being taken or rehearsed already.",
    advice: "Wait until it is done, or stop it; GET /v1/backups shows how far it is.",
  },
  backup_not_running: {
    status: 409,
    says: "Nothing is running that could be stopped.",
    advice: "GET /v1/backups shows how the last one ended.",
  },
  backup_ticket_invalid: {
    status: 403,
    says: "This download link is used up, too old or altered.",
    advice: "Ask for a new one with POST /v1/backups/{name}:download.",
  },
});

/** The file itself is at fault: damaged, cut off, or not one of ours. */
export const refusedArchive = (what: string, cause?: unknown): Exit =>
  new Exit("archive_refused", `The backup cannot be used: ${what} Nothing was changed.`, cause);

export const damaged = (what: string): Exit =>
  refusedArchive(`it is damaged or incomplete (${what}). Take another copy of the file, or an older backup.`);

export const wrongPassphrase = (): Exit =>
  new Exit("passphrase_wrong", "The file is whole, but this is not the passphrase it was encrypted with: set LANDFALL_BACKUP_PASSPHRASE to that one."); // biome-ignore format: one line

export const failedBackup = (why: string, cause?: unknown): Exit =>
  new Exit("backup_failed", `No backup was taken: ${why}`, cause);
