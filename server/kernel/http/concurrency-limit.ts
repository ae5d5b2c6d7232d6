// How many requests are worked on at once while more come than can be. A fixed bound is right for bursts, but under load
// that lasts all of its places are a queue, and those who are let in wait in it. What is needed then is as many as keep the
// machine busy: the throughput times the time one request takes when none waits (Little's law). Both are measured as BBR
// measures a network path: the highest rate, the shortest time, and now and then a moment with few inside to see that time
// again (Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016).
//
//   open        all places. A queue that stands (many inside, slow, three windows long) ends it
//   limited     (after a measure) gain x rate x time, never below a floor; ends after a second without refusals, and when hardly anybody
//               finishes for three: those inside wait for something else than the machine
//   trying      limited, but with a quarter of all places until somebody is refused
//   measuring   limited, a few places until the queue is empty and for a window more, which is the measure
//
// Gradient2 and Vegas of Netflix' concurrency-limits were the other candidates: the one takes a queue that lasts for the
// new normal, the other takes the fastest request of a mix for the time of all.
import type { Clock } from "../clock.ts";

export interface ConcurrencyLimit {
  /** How many may be inside now. */
  readonly places: number;
  /** One has left that took this long, with so many still inside. Not for work whose pace the client sets. */
  finished(ms: number, inside: number): void;
  refused(): void;
}

export interface ConcurrencyLimitOptions {
  /** All places there are. Half of them in use without a pause is what may be called a queue. */
  readonly placesMax: number;
  readonly clock: Pick<Clock, "monotonicMs">;
}

const windowMs = 100;
/** Fewer say little; a window waits for them, but not longer than this. */
const samplesMin = 10;
const windowMsMax = 1_000;
/** More are not looked at, in a window of so many. */
const samplesMax = 500;
const floorPlaces = 20;
const measuringPlaces = 4;
const gain = 5;
/** Faster than this nobody waits long, however many there are. */
const slowMs = 20;
const queueWindows = 3;
/** So long the queue may take to empty before a measure; what stays inside longer waits for something else. */
const drainingWindowsMax = 10;
const calmWindows = 10;
const stuckWindows = 3;
const tryEveryMs = 4_000;
const measureEveryMs = 10_000;
/** Weight of a window in the time that one takes: what was measured is forgotten in some seconds of calm. */
const forgetting = 0.02;
const rateDecay = 0.98;

type State = "open" | "limited" | "trying" | "measuring";

export function createConcurrencyLimit({ placesMax, clock }: ConcurrencyLimitOptions): ConcurrencyLimit {
  const standing = Math.ceil(placesMax / 2);
  const quarter = Math.ceil(placesMax / 4);
  const floor = Math.min(floorPlaces, quarter);
  let state: State = "open";
  let window = emptyWindow(clock.monotonicMs());
  /** Windows in a row: with a queue while open, without refusals while limited, in which hardly anybody finished. */
  let queued = 0;
  let calm = 0;
  let stuck = 0;
  /** What one takes when none waits, and how many a millisecond brings at most. */
  let aloneMs: number | undefined;
  let rate = 0;
  let triedAtMs = 0;
  let measuredAtMs = Number.NEGATIVE_INFINITY;
  let measuring = 0;
  let draining = 0;

  const places: Record<State, () => number> = {
    open: () => placesMax,
    limited: () => Math.min(quarter, Math.max(floor, Math.ceil(gain * rate * (aloneMs ?? 0)))),
    trying: () => quarter,
    measuring: () => Math.min(floor, measuringPlaces),
  };

  function look(): void {
    const nowMs = clock.monotonicMs();
    const ageMs = nowMs - window.startedMs;
    if (ageMs >= windowMsMax || (ageMs >= windowMs && window.count >= samplesMin)) close(nowMs);
  }

  function close(nowMs: number): void {
    const seen = summary(window, nowMs);
    stuck = window.count < samplesMin ? stuck + 1 : 0;
    if (state === "open") open(seen, nowMs);
    else if (stuck >= stuckWindows) reopen();
    else if (state === "measuring") measure(seen, nowMs);
    else limited(seen, nowMs);
    window = emptyWindow(nowMs);
  }

  function open(seen: Summary, nowMs: number): void {
    const slow = seen.medianMs > slowMs && seen.medianMs > gain * (aloneMs ?? 0);
    queued = slow && seen.lowest >= standing ? queued + 1 : 0;
    // Few inside at some moment of the window: nobody waited for long.
    if (seen.lowest < measuringPlaces) learn(seen.medianMs, nowMs);
    if (queued < queueWindows) return;
    // What was learned while nobody was counted may be the time of a burst; it is looked at again at once.
    state = "measuring";
    measuring = 0;
    calm = 0;
    rate = seen.rate;
    triedAtMs = nowMs;
  }

  function reopen(): void {
    state = "open";
    queued = 0;
  }

  function learn(medianMs: number, nowMs: number): void {
    measuredAtMs = nowMs;
    aloneMs = aloneMs === undefined ? medianMs : Math.min(medianMs, aloneMs + (medianMs - aloneMs) * forgetting);
  }

  function limited(seen: Summary, nowMs: number): void {
    rate = Math.max(seen.rate, rate * rateDecay);
    calm = seen.refusals === 0 ? calm + 1 : 0;
    if (calm >= calmWindows) reopen();
    else if (nowMs - measuredAtMs >= measureEveryMs) {
      state = "measuring";
      measuring = 0;
    } else if (nowMs - triedAtMs >= tryEveryMs) {
      state = "trying";
      triedAtMs = nowMs;
    }
  }

  function measure(seen: Summary, nowMs: number): void {
    draining = measuring === 0 && seen.lowest > measuringPlaces && draining < drainingWindowsMax ? draining + 1 : 0;
    if (draining > 0) return;
    measuring += 1;
    if (measuring < 2) return;
    if (stuck === 0) aloneMs = seen.medianMs;
    measuredAtMs = nowMs;
    state = "limited";
  }

  return {
    get places() {
      return places[state]();
    },
    finished(ms, inside) {
      add(window, ms, inside);
      look();
    },
    refused() {
      window.refusals += 1;
      if (state === "trying") state = "limited";
      look();
    },
  };
}

interface Window {
  readonly startedMs: number;
  readonly times: number[];
  count: number;
  lowest: number;
  refusals: number;
}

interface Summary {
  readonly medianMs: number;
  /** Finished in a millisecond. */
  readonly rate: number;
  /** The fewest inside at any moment: what never goes away is a queue (CoDel, RFC 8289). */
  readonly lowest: number;
  readonly refusals: number;
}

const emptyWindow = (startedMs: number): Window => ({
  startedMs,
  times: [],
  count: 0,
  lowest: Number.POSITIVE_INFINITY,
  refusals: 0,
});

function add(window: Window, ms: number, inside: number): void {
  window.count += 1;
  if (window.times.length < samplesMax) window.times.push(ms);
  if (inside < window.lowest) window.lowest = inside;
}

/** The median, so that neither a few slow requests nor a few that need no database speak for the rest. */
function summary({ startedMs, times, count, lowest, refusals }: Window, nowMs: number): Summary {
  times.sort((a, b) => a - b);
  const medianMs = times[Math.floor(times.length / 2)] ?? 0;
  return { medianMs, rate: count / (nowMs - startedMs), lowest, refusals };
}
