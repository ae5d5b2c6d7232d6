// LANDFALL_BACKUP_SCHEDULE as moments. The library that knows cron is loaded only where a schedule is set.
import type { Cron } from "croner";
import { Exit } from "../kernel/exit.ts";

/** Five fields in UTC. Seconds are refused: a backup every second is a mistake. */
export async function readSchedule(pattern: string): Promise<Cron> {
  const { Cron } = await import("croner");
  const refused = (cause?: unknown) =>
    new Exit("config_invalid", `LANDFALL_BACKUP_SCHEDULE: ${JSON.stringify(pattern)} is no schedule of five cron fields, such as "15 3 * * *" for 03:15 UTC every day.`, cause); // biome-ignore format: one line
  if (pattern.trim().split(/\s+/).length !== 5) throw refused();
  try {
    const cron = new Cron(pattern, { timezone: "UTC", paused: true });
    if (!cron.nextRun()) throw refused();
    return cron;
  } catch (error) {
    throw error instanceof Exit ? error : refused(error);
  }
}
