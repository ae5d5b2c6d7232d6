// Writes the ticks. One process leads by a lease on a row (not by a session lock, which transaction poolers break); the
// others watch the lease and pass rings on. Nothing here carries news: a lost ring costs one poll interval.
//
//   holder A   lock lease row -- snapshot, tick 7 -- commit
//   holder B                        lock lease row ......... -- snapshot, tick 8 -- commit
//
// The snapshot belongs to the statement after the lock, so tick 8 sees at least what tick 7 sees.
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { createBell, pause } from "./bell.ts";
import { beginEpoch, epochBreak } from "./epoch.ts";
import type { Head } from "./head.ts";
import type { Session } from "./session.ts";
import type { ChangeLogSettings } from "./settings.ts";
import {
  glance,
  holdLease,
  isTickDue,
  newestTick,
  notify,
  releaseLease,
  type Tick,
  takeLease,
  writeTick,
} from "./store.ts";

export const channels = { tick: "landfall_tick", ring: "landfall_ring" } as const;

export interface Ticker {
  readonly leading: boolean;
  readonly ticks: number;
  start(): void;
  /** Something was committed: look soon. */
  ring(): void;
  /** Another process ticked, or the connection came back: look at the head. */
  look(): void;
  stop(): Promise<void>;
}

export interface TickerOptions {
  readonly session: Session;
  readonly head: Head;
  readonly holder: string;
  readonly clock: Clock;
  readonly word: () => string;
  readonly settings: ChangeLogSettings;
  readonly log: Logger;
  /** Called with each tick this process writes, before anyone here hears of it. */
  readAhead(from: Tick, to: Tick): Promise<void>;
}

export function createTicker({ session, head, holder, clock, word, settings, log, readAhead }: TickerOptions): Ticker {
  const bell = createBell();
  let leading = false;
  let stopped = false;
  let ticks = 0;
  let renewAt = 0;
  let checkAt = 0;
  let rung = false;
  let stale = true;
  let loop: Promise<void> | undefined;

  async function run(): Promise<void> {
    let nextAt = Number.NEGATIVE_INFINITY;
    while (!stopped) {
      await bell.wait(interval());
      // Rings that come together are answered together.
      const early = nextAt - clock.monotonicMs();
      if (early > 0) await pause(early);
      if (stopped) break;
      const startedAt = clock.monotonicMs();
      nextAt = startedAt + settings.gapMs;
      try {
        const changes = session.connected ? await (leading ? lead() : follow()) : 0;
        // Under many writers a tick for every few changes would take up to a tenth of what the writes take.
        nextAt = Math.max(nextAt, startedAt + Math.min(changes, settings.gapMaxMs));
        // Where a tick takes long, the machine has enough to do: at most half of the time goes into ticks, and what is
        // written meanwhile shares the next one.
        nextAt = Math.max(nextAt, 2 * clock.monotonicMs() - startedAt);
      } catch (error) {
        // Still leader, if the lease says so; but what is known must be looked at afresh before the next tick.
        stale = true;
        renewAt = 0;
        log.warn({ err: error }, "change log: tick failed, trying again");
        await pause(settings.gapMs * 10);
      }
    }
  }

  function interval(): number {
    if (leading) return settings.pollMs;
    return session.listening ? settings.followerPollMs : settings.deafPollMs;
  }

  async function follow(): Promise<number> {
    const seen = await glance(session);
    if (seen.free && (await takeLease(session, holder, settings.leaseMs))) {
      leading = true;
      renewAt = clock.monotonicMs() + settings.leaseMs / 2;
      checkAt = 0;
      return lead();
    }
    if (rung) {
      rung = false;
      await session.query(notify(channels.ring, ""));
    }
    if (stale || seen.epoch !== head.epoch?.id || seen.head !== head.newest?.id) await head.refresh(session);
    stale = false;
    return 0;
  }

  /** Gives the number of changes that became visible. */
  async function lead(): Promise<number> {
    const expected = rung;
    rung = false;
    const now = clock.monotonicMs();
    if (now >= renewAt) await renew();
    if (!leading) return 0;
    if (stale || now >= checkAt) await checkEpoch();
    const last = head.newest;
    // Unless somebody rang, most looks find nothing: one statement, no transaction.
    if (!last || !(expected || (await isTickDue(session, last)))) return 0;
    const lease = { holder, leaseMs: settings.leaseMs, channel: channels.tick };
    const { ours, tick } = await writeTick(session, last, word(), lease);
    if (tick) return hear(last, tick);
    if (ours === undefined) return 0;
    leading = ours;
    if (ours) await lookAgain(last);
    return 0;
  }

  async function hear(last: Tick, tick: Tick): Promise<number> {
    ticks += 1;
    renewAt = clock.monotonicMs() + settings.leaseMs / 2;
    // Whatever becomes of it, readers can read for themselves.
    await readAhead(last, tick).catch(() => {});
    head.push(tick);
    return tick.changes;
  }

  /** Something is new and the lease is ours, but no tick was written. */
  async function lookAgain(last: Tick): Promise<void> {
    const newest = await newestTick(session);
    if (newest?.id === last.id && newest.nonce === last.nonce) return;
    // Another leader has ticked, or this is another history.
    stale = true;
    bell.ring();
  }

  async function stillLeading(): Promise<boolean> {
    leading = await holdLease(session, holder);
    return leading;
  }

  async function renew(): Promise<void> {
    leading = await takeLease(session, holder, settings.leaseMs);
    renewAt = clock.monotonicMs() + settings.leaseMs / 2;
  }

  async function checkEpoch(): Promise<void> {
    const reason = await session.transaction(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}`, async () => {
      if (!(await stillLeading())) return null;
      const broken = await epochBreak(session, head.newest);
      if (broken) await beginEpoch(session, broken, { epoch: word(), nonce: word() });
      return broken;
    });
    if (reason && reason !== "first")
      log.error({ reason }, "change log: a new epoch begins, every reader starts from a snapshot");
    checkAt = clock.monotonicMs() + settings.maintainMs;
    await head.refresh(session);
    stale = false;
    if (reason) await session.query(notify(channels.tick, "epoch"));
  }

  return {
    get leading() {
      return leading;
    },
    get ticks() {
      return ticks;
    },
    start() {
      loop ??= run();
      bell.ring();
    },
    ring() {
      rung = true;
      bell.ring();
    },
    look() {
      stale = true;
      bell.ring();
    },
    async stop() {
      stopped = true;
      bell.ring();
      await loop;
      if (leading && session.connected) await releaseLease(session, holder).catch(() => {});
      leading = false;
    },
  };
}
