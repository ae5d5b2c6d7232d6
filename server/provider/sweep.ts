// Removes what has expired, and programs that registered themselves and were never let in. Correctness never waits for it.
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { sweepRegistered } from "./client-store.ts";
import { sweepStates } from "./state-store.ts";

export interface SweeperOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
}

export function createSweeper({ db, clock, log, everyMs }: SweeperOptions): Service {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  const sweep = async () => {
    try {
      await sweepStates(db, clock.now());
      await sweepRegistered(db, clock.now());
    } catch (cause) {
      log.warn({ event: "oauth_sweep_failed", err: cause }, "expired OAuth state was not removed; the next round tries again"); // biome-ignore format: one line
    }
  };
  const end = async () => {
    clearInterval(timer);
    timer = undefined;
    await sweeping;
  };
  return {
    name: "provider.sweep",
    run: async () => {
      timer ??= setInterval(() => {
        sweeping = sweeping.then(sweep);
      }, everyMs);
      timer.unref();
    },
    drain: end,
    stop: end,
  };
}
