// The door of this room: backups of a whole installation, and their way back.
export type { Passphrase } from "./archive-cipher.ts";
export type { ArchiveHeader, TableTotal } from "./archive-format.ts";
export type { Contents } from "./archive-read.ts";
export type { Sink } from "./archive-write.ts";
export { backupBeforeMigration } from "./automatic.ts";
export { automaticFiles, backupFolder, readBackupFile, writeBackupFile } from "./backup-file.ts";
export { type Taken, takeBackup } from "./backup-take.ts";
export { type Drill, runDrill } from "./drill.ts";
export { type BackupFigures, backupFigures, observeBackups } from "./figures.ts";
export { judgeMasterKey } from "./restore-judge.ts";
export { checkArchive, type Restored, restoreBackup } from "./restore-run.ts";
export { type BackupSchedule, createBackupSchedule } from "./schedule.ts";
