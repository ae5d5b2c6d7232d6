// The limit against a simulated server on a fake clock: so many a millisecond, each at least so long, first come, first served.
import { expect, test } from "vitest";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./concurrency-limit.ts";

interface World {
  readonly limit: ConcurrencyLimit;
  /** Runs for so long with this many requests a millisecond, and tells what became of them. */
  run(seconds: number, arrivals: number): Seen;
  /** So many come at once, besides. */
  burst(count: number): void;
  waiting(): number;
  /** So many come in that never end. */
  stick(count: number): void;
}

interface Seen {
  readonly perSecond: number;
  readonly refused: number;
  readonly p99Ms: number;
  /** The fewest and the most places there were. */
  readonly places: readonly [number, number];
}

const placesMax = 256;

/** `every`: of so many requests one takes `slowMs` instead, without holding up the rest. */
function world(capacity: number, serviceMs: number, slow?: { every: number; slowMs: number }): World {
  let nowMs = 0;
  let arriving = 0;
  let serving = 0;
  let stuck = 0;
  let arrived = 0;
  const queue: number[] = [];
  const aside: { readonly atMs: number; readonly untilMs: number }[] = [];
  const limit = createConcurrencyLimit({ placesMax, clock: { monotonicMs: () => nowMs } });
  const inside = () => queue.length + aside.length + stuck;

  function arrive(): boolean {
    if (inside() + 1 > limit.places) {
      limit.refused();
      return false;
    }
    arrived += 1;
    if (slow && arrived % slow.every === 0) aside.push({ atMs: nowMs, untilMs: nowMs + slow.slowMs });
    else queue.push(nowMs);
    return true;
  }

  function finish(seen: (ms: number) => void): void {
    for (const one of aside.filter(({ untilMs }) => untilMs <= nowMs)) {
      aside.splice(aside.indexOf(one), 1);
      limit.finished(nowMs - one.atMs, inside());
    }
    serving = Math.min(serving + capacity, Math.max(1, capacity));
    while (serving >= 1 && queue[0] !== undefined && nowMs - queue[0] >= serviceMs) {
      const ms = nowMs - (queue.shift() as number);
      serving -= 1;
      seen(ms);
      limit.finished(ms, inside());
    }
  }

  return {
    limit,
    run(seconds, arrivals) {
      const times: number[] = [];
      let refused = 0;
      let [fewest, most] = [placesMax, 0];
      const endMs = nowMs + seconds * 1_000;
      for (; nowMs < endMs; nowMs++) {
        for (arriving += arrivals; arriving >= 1; arriving--) if (!arrive()) refused += 1;
        finish((ms) => times.push(ms));
        fewest = Math.min(fewest, limit.places);
        most = Math.max(most, limit.places);
      }
      times.sort((a, b) => a - b);
      const p99Ms = times[Math.floor(times.length * 0.99)] ?? 0;
      return { perSecond: times.length / seconds, refused, p99Ms, places: [fewest, most] };
    },
    burst(count) {
      for (let n = 0; n < count; n++) arrive();
    },
    waiting: inside,
    stick(count) {
      stuck = count;
    },
  };
}

test("O01 at three times the capacity the admitted are answered in time, goodput stays, and afterwards all places are open", () => {
  const server = world(1, 3);
  const calm = server.run(5, 0.9);
  expect(calm).toMatchObject({ refused: 0, places: [placesMax, placesMax] });
  const overload = server.run(60, 3);
  // 32 clients in a closed loop wait 32 ms for each answer of a server that gives one a millisecond.
  expect(overload.p99Ms).toBeLessThan(2 * 32);
  expect(overload.perSecond).toBeGreaterThan(950);
  expect(server.run(10, 0.9).places[1]).toBe(placesMax);
  expect(server.run(10, 0.9)).toMatchObject({ refused: 0, places: [placesMax, placesMax] });
});

test("a server that has known nothing but load finds its measure too", () => {
  const server = world(1, 3);
  server.run(2, 3);
  expect(server.run(20, 3).p99Ms).toBeLessThan(2 * 32);
});

test("what bursts have left behind as a measure is not what the limit begins with", () => {
  const server = world(1, 3);
  for (let round = 0; round < 20; round++) {
    server.burst(100);
    server.run(0.3, 0);
  }
  server.run(1, 3);
  expect(server.run(3, 3).p99Ms).toBeLessThan(40);
});

test("a burst is no load: nobody is refused while a place is left", () => {
  const server = world(1, 3);
  server.run(5, 0.5);
  for (let round = 0; round < 20; round++) {
    server.burst(200);
    expect(server.run(2, 0.2)).toMatchObject({ refused: 0, places: [placesMax, placesMax] });
  }
});

test("a busy server that keeps up refuses nobody", () => {
  const server = world(1, 3);
  expect(server.run(60, 0.99)).toMatchObject({ refused: 0, places: [placesMax, placesMax] });
});

test("never fewer than the floor, except for the moment of measuring", () => {
  const server = world(1, 1);
  server.run(5, 0.5);
  let below = 0;
  const ms = 20_000;
  for (let at = 0; at < ms; at++) if (server.run(0.001, 3).places[0] < 20) below += 1;
  expect(below).toBeGreaterThan(0);
  expect(below / ms).toBeLessThan(0.04);
});

test("where a request waits for something far away, more are let in than where it waits for the machine", () => {
  const far = world(1, 40);
  far.run(5, 0.5);
  const overload = far.run(30, 3);
  expect(overload.places[1]).toBeGreaterThanOrEqual(placesMax / 4);
  expect(overload.perSecond).toBeGreaterThan(950);
});

test("slow requests among quick ones do not drag the limit down", () => {
  const server = world(1, 3, { every: 20, slowMs: 1_500 });
  // 0.8 a millisecond, of which 0.04 stay for 1.5 s: about 60 slow ones are inside at any time, and nobody waits.
  expect(server.run(60, 0.8)).toMatchObject({ refused: 0, places: [placesMax, placesMax] });
});

test("those who wait for something else than the machine do not shut the rest out", () => {
  const server = world(1, 3);
  server.run(5, 0.5);
  server.run(5, 3);
  server.stick(100);
  const after = server.run(10, 0.5);
  expect(after.places[1]).toBe(placesMax);
  expect(server.run(5, 0.5).refused).toBe(0);
});

test("a hundred clients that come again as soon as they are answered are let in, however slow the machine", () => {
  const server = world(0.05, 3);
  for (let ms = 0; ms < 60_000; ms++) {
    server.burst(100 - server.waiting());
    expect(server.run(0.001, 0).refused).toBe(0);
  }
  expect(server.limit.places).toBe(placesMax);
});
