// The door of this room: backups of a whole installation, and their way back.
export { backupFigures, observeBackups } from "./figures.ts";
export { createBackupSchedule } from "./schedule.ts";
export { readSchedule } from "./schedule-pattern.ts";

/** Takes, checks, restores, rehearses. */
export const backupTools = () => import("./tools.ts");
