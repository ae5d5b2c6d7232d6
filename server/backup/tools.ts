// What takes, checks, restores and rehearses backups. Loaded when one of these is asked for: a server that starts waits for
// none of it.
export { backupBeforeMigration } from "./automatic.ts";
export { automaticFiles, backupFolder, readBackupFile, writeBackupFile } from "./backup-file.ts";
export { takeBackup } from "./backup-take.ts";
export { runDrill } from "./drill.ts";
export { judgeMasterKey } from "./restore-judge.ts";
export { checkArchive, lockSettings, restoreBackup } from "./restore-run.ts";
