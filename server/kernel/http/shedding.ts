// Admission: how many requests this process works on at once. What comes on top is told so at once, so that those who
// are let in are answered in time (goodput instead of a queue); how many that is under lasting load, concurrency-limit.ts
// says. Admins have a few places of their own; health none, as it is answered before anyone counts.
import type { Clock } from "../clock.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { createConcurrencyLimit } from "./concurrency-limit.ts";

export interface SheddingOptions {
  readonly inFlightMax: number;
  readonly inFlightReserved: number;
  readonly loopDelayMaxMs: number;
  readonly clock: Clock;
  /** 0 to 1; spreads the retries of those who were refused. */
  readonly random: () => number;
}

/** `receiving`: a body that is read whole. `streaming`: records in or out for as long as it takes. */
export type Pace = "receiving" | "streaming";

export interface Client {
  readonly address: string;
  readonly isAdmin: boolean;
  /** How long `aside` has waited for this request's client. */
  waitedMs: number;
}

export interface Shedding {
  readonly inFlight: number;
  readonly shed: number;
  /** Nobody but an admin would be let in now. */
  readonly crowded: boolean;
  /** Counts a refusal without `enter`; gives the seconds of its Retry-After. */
  refuseEarly(): number;
  /** Takes a place, or throws `overloaded` when even the reserved ones are gone. */
  enter(): void;
  /** Asked once it is known that the caller is no admin: throws when only reserved places were left. */
  confirm(): void;
  /** Gives the place back; `ms` is how long it was worked for, where that says something about load. */
  leave(ms?: number): void;
  /** How many strangers may be inside now. */
  readonly places: number;
  /**
   * Work whose pace the client sets. Its place is given back meanwhile, or a few hundred slow clients would take them all;
   * those who wait are bounded by themselves, in all and for each address. Admins are never refused here.
   */
  aside<T>(kind: Pace, client: Client, work: () => Promise<T>): Promise<T>;
  /** Watches the event loop until stopped. */
  watch(): () => void;
}

const sampleMs = 100;

/** Share of the waiting that one address may have. */
const addressShare = 1 / 2;

export function createShedding(options: SheddingOptions): Shedding {
  const waiting = {
    receiving: waitingRoom(options.inFlightMax * 4),
    streaming: waitingRoom(Math.max(16, Math.ceil(options.inFlightMax / 4))),
  };
  const limit = createConcurrencyLimit({ placesMax: options.inFlightMax, clock: options.clock });
  let inFlight = 0;
  let shed = 0;
  let loopDelayMs = 0;
  const waitSeconds = () => 1 + Math.floor(options.random() * 4);
  const refuse = (): never => {
    shed++;
    throw kernelErrors.overloaded({ retryAfterSeconds: waitSeconds() });
  };
  return {
    get inFlight() {
      return inFlight;
    },
    get shed() {
      return shed;
    },
    get crowded() {
      return inFlight >= limit.places || loopDelayMs > options.loopDelayMaxMs;
    },
    refuseEarly() {
      shed++;
      limit.refused();
      return waitSeconds();
    },
    enter() {
      if (inFlight >= options.inFlightMax + options.inFlightReserved) {
        limit.refused();
        refuse();
      }
      inFlight++;
    },
    confirm() {
      if (inFlight <= limit.places && loopDelayMs <= options.loopDelayMaxMs) return;
      limit.refused();
      refuse();
    },
    leave(ms) {
      inFlight--;
      if (ms !== undefined) limit.finished(ms, inFlight);
    },
    get places() {
      return limit.places;
    },
    async aside(kind, client, work) {
      const { address, isAdmin } = client;
      const startedMs = options.clock.monotonicMs();
      const room = waiting[kind];
      if (!isAdmin && !room.hasPlace(address)) refuse();
      room.enter(address);
      inFlight--;
      try {
        return await work();
      } finally {
        room.leave(address);
        inFlight++;
        client.waitedMs += options.clock.monotonicMs() - startedMs;
      }
    },
    watch() {
      let expectedMs = options.clock.monotonicMs() + sampleMs;
      let lastMs = 0;
      const timer = setInterval(() => {
        const nowMs = options.clock.monotonicMs();
        const delayMs = Math.max(0, nowMs - expectedMs);
        // One late sample is a pause that is over when it is seen (a collection of garbage, a busy machine); load lasts.
        loopDelayMs = Math.min(lastMs, delayMs);
        lastMs = delayMs;
        expectedMs = nowMs + sampleMs;
      }, sampleMs).unref();
      return () => clearInterval(timer);
    },
  };
}

function waitingRoom(max: number) {
  const byAddress = new Map<string, number>();
  let inside = 0;
  const change = (address: string, by: 1 | -1) => {
    const own = (byAddress.get(address) ?? 0) + by;
    inside += by;
    if (own === 0) byAddress.delete(address);
    else byAddress.set(address, own);
  };
  return {
    hasPlace: (address: string) => inside < max && (byAddress.get(address) ?? 0) < max * addressShare,
    enter: (address: string) => change(address, 1),
    leave: (address: string) => change(address, -1),
  };
}
