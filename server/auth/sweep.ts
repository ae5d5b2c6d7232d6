// Removes what has expired: sessions, and throttle rows whose budget is whole again. Correctness never waits for it.
import type { Logger } from "pino";
import type { Clock } from "../kernel/clock.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { sweepSessions } from "./admin-store.ts";
import { sweepChallenges } from "./challenge.ts";
import { sweepCredentialChanges } from "./credential-feed.ts";
import { sweepProofs } from "./dpop.ts";
import { sweepSpentTokens } from "./identity-store.ts";
import { sweepLimits } from "./throttle.ts";
import { sweepUserSessions } from "./user-session-store.ts";

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
      await sweepSessions(db, clock.now());
      await sweepLimits(db, clock.now());
      await sweepUserSessions(db, clock.now());
      await sweepChallenges(db, clock.now());
      await sweepProofs(db, clock.now());
      await sweepSpentTokens(db, clock.now());
      await sweepCredentialChanges(db, clock.now());
    } catch (cause) {
      log.warn(
        { event: "auth_sweep_failed", err: cause },
        "expired sessions were not removed; the next round tries again",
      );
    }
  };
  const end = async () => {
    clearInterval(timer);
    timer = undefined;
    await sweeping;
  };
  return {
    name: "auth.sweep",
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
