// The door of this room: backups of a whole installation, and their way back.
export { backupFigures, observeBackups } from "./figures.ts";
export { type BackupRouteDeps, backupRoutes } from "./routes.ts";
export { createBackupSchedule } from "./schedule.ts";
export { readSchedule } from "./schedule-pattern.ts";
export { createShelf } from "./shelf.ts";
export { createBackupWork } from "./work.ts";

/** Takes, checks, restores, rehearses. */
export const backupTools = () => import("./tools.ts");
