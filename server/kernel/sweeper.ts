// Removes what has expired, now and then. Correctness never waits for it: whoever reads looks at the time itself.
import type { Logger } from "pino";
import type { Clock } from "./clock.ts";
import type { Db } from "./db/index.ts";
import type { Service } from "./lifecycle.ts";

export interface SweeperOptions {
  /** Of the service and of its line in the log. */
  readonly name: string;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
  /** One after the other; the first that fails ends the round, and the next round tries again. */
  readonly sweeps: readonly ((db: Db, nowMs: number) => Promise<void>)[];
}

export function createSweeper({ name, db, clock, log, everyMs, sweeps }: SweeperOptions): Service {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  const round = async () => {
    try {
      for (const sweep of sweeps) await sweep(db, clock.now());
    } catch (cause) {
      log.warn({ event: "sweep_failed", sweeper: name, err: cause }, "what has expired was not removed; the next round tries again"); // biome-ignore format: one line
    }
  };
  const end = async () => {
    clearInterval(timer);
    timer = undefined;
    await sweeping;
  };
  return {
    name,
    run: async () => {
      timer ??= setInterval(() => {
        sweeping = sweeping.then(round);
      }, everyMs);
      timer.unref();
    },
    drain: end,
    stop: end,
  };
}
