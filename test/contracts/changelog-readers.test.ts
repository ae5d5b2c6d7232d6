// How readers follow the log: from the head, from a saved cursor, page by page, through failures and take-overs.
import { afterEach, beforeAll, expect, test } from "vitest";
import { type ChangeLog, type Cursor, decodeCursor, encodeCursor } from "../../server/kernel/changelog/index.ts";
import { testDatabase } from "../support/database.ts";
import { changeLogOn, collector, createItems, until } from "./changelog-support.ts";

const database = testDatabase();
const running: ChangeLog[] = [];
const sql = (text: string) => database.db.query<Record<string, number>>({ text });

async function started(settings: Parameters<typeof changeLogOn>[2] = {}): Promise<ChangeLog> {
  const log = changeLogOn(database.db, database.connection, settings);
  running.push(log);
  await log.run();
  return log;
}

beforeAll(() => createItems(database.db));
afterEach(async () => {
  await Promise.all(running.splice(0).map((log) => log.stop()));
  await sql("DELETE FROM landfall.reader");
});

const insert = (count: number, prefix: string) =>
  sql(`INSERT INTO public.items (id, title) SELECT '${prefix}' || n, 'x' FROM generate_series(1, ${count}) n`);

test("a live reader gets every change from the head on, and nothing is ticked while nothing happens", async () => {
  await insert(1, "early");
  const log = await started({ pollMs: 5 });
  await until(async () => log.head().tick > 0);
  const seen = collector();
  const reader = log.live("test.live", seen.handler);
  await insert(3, "live");
  await until(() => seen.entries.length >= 3);
  expect(seen.entries.map(({ op, id, after }) => [op, id, after?.title])).toEqual(
    [1, 2, 3].map((n) => ["insert", `live${n}`, "x"]),
  );
  expect(seen.entries[0]?.after?.version).toBe(seen.entries[0]?.version);
  await until(() => reader.stats().lagEntries === 0);
  const { ticks } = log.stats();
  for (let round = 0; round < 20; round += 1) await sql("SELECT pg_current_xact_id()");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(log.stats().ticks).toBe(ticks);
  expect(log.stats().readers).toMatchObject([{ name: "test.live", lagEntries: 0, lagMs: 0, failures: 0 }]);
});

test("in the leader's process even the only live reader finds its batch read ahead", async () => {
  const log = await started();
  await until(() => log.stats().leading);
  const seen = collector();
  log.live("test.ahead", seen.handler);
  await insert(3, "ahead");
  await until(() => seen.entries.filter(({ id }) => id?.startsWith("ahead")).length === 3);
  expect(log.stats().cache.hits).toBeGreaterThan(0);
});

test("a transaction larger than a page is paged by entries and by bytes, in order, each entry once", async () => {
  const log = await started();
  const from = log.head();
  await insert(100, "page");
  await sql("UPDATE public.items SET title = repeat('y', 900) WHERE id LIKE 'page%'");
  await until(() => log.head().tick > from.tick);
  for (const limits of [
    { entries: 7, bytes: 1e9 },
    { entries: 1e6, bytes: 5_000 },
    { entries: 1e6, bytes: 1 },
    { entries: 1e6, bytes: 1e9 },
  ]) {
    const seen: number[] = [];
    let cursor: Cursor = from;
    for (let more = true; more; ) {
      const batch = await log.read(decodeCursor(encodeCursor(cursor)) as Cursor, limits);
      if (batch.kind !== "entries") throw new Error(batch.reason);
      expect(batch.entries.length).toBeLessThanOrEqual(limits.entries);
      seen.push(...batch.entries.map((entry) => entry.seq));
      ({ cursor, more } = batch);
    }
    expect(seen).toHaveLength(200);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  }
});

test("many transactions in one span are paged too", async () => {
  const log = await started({ pollMs: 10_000, gapMs: 1 });
  const from = log.head();
  for (let n = 0; n < 40; n += 1) await insert(5, `many${n}.`);
  log.ring();
  await until(() => log.head().tick > from.tick);
  const seen: (string | null)[] = [];
  let cursor: Cursor = from;
  for (let more = true; more; ) {
    const batch = await log.read(cursor, { entries: 3, bytes: 1e6 });
    if (batch.kind !== "entries") throw new Error(batch.reason);
    seen.push(...batch.entries.map((entry) => entry.id));
    ({ cursor, more } = batch);
  }
  expect(seen).toHaveLength(200);
  expect(new Set(seen).size).toBe(200);
});

test("a tick of many changes is followed by a longer gap, a tick of few is not", async () => {
  const log = await started({ gapMs: 1, gapMaxMs: 2_000 });
  await until(() => log.stats().leading);
  const gapAfter = async (count: number, prefix: string) => {
    const before = log.head().tick;
    await insert(count, prefix);
    log.ring();
    await until(() => log.head().tick > before);
    const { tick } = log.head();
    await insert(1, `${prefix}.late`);
    log.ring();
    await until(() => log.head().tick > tick);
    const [row] = await sql(
      `SELECT extract(epoch FROM b.at - a.at)::float8 * 1000 AS ms FROM landfall.tick a, landfall.tick b
       WHERE a.id = ${tick} AND b.id = ${tick} + 1`,
    );
    return row?.ms;
  };
  expect(await gapAfter(3, "few")).toBeLessThan(1_000);
  expect(await gapAfter(2_000, "burst")).toBeGreaterThan(500);
});

test("readers of one process share what they read", async () => {
  const log = await started();
  const all = [1, 2, 3, 4].map((n) => ({ n, ...collector() }));
  for (const { n, handler } of all) log.live(`test.share${n}`, handler);
  const { misses } = log.stats().cache;
  await insert(20, "share");
  await until(() => all.every(({ entries }) => entries.length === 20));
  expect(log.stats().cache.misses - misses).toBe(1);
});

test("a durable reader resumes where it stopped, in another process", async () => {
  const first = await started();
  const seen = collector();
  first.durable("test.resume", seen.handler);
  await until(() => first.stats().readers[0]?.active === true);
  await insert(2, "resume");
  await until(() => seen.entries.length === 2);
  await first.stop();
  await insert(3, "later");
  const second = await started();
  const after = collector();
  second.durable("test.resume", after.handler);
  await until(() => after.entries.length === 3);
  expect(after.entries.map((entry) => entry.id)).toEqual(["later1", "later2", "later3"]);
});

test("a durable reader runs in one process at a time, and another takes over", async () => {
  const [one, two] = [await started(), await started()];
  const [left, right] = [collector(), collector()];
  one.durable("test.one", left.handler);
  await until(() => one.stats().readers[0]?.active === true);
  two.durable("test.one", right.handler);
  await insert(5, "one");
  await until(() => left.entries.length === 5);
  expect(right.entries).toEqual([]);
  await one.stop();
  await insert(5, "two");
  await until(() => right.entries.length === 5);
  expect(left.entries).toHaveLength(5);
});

test("a failing handler gets the same page again, and nothing is skipped", async () => {
  const log = await started();
  const seen = collector();
  let failures = 3;
  log.durable("test.fails", (batch) => {
    if (batch.kind === "entries" && batch.entries.length > 0 && failures > 0) {
      failures -= 1;
      throw new Error("not now");
    }
    return seen.handler(batch);
  });
  await until(() => log.stats().readers[0]?.active === true);
  await insert(4, "fails");
  await until(() => seen.entries.length === 4);
  expect(failures).toBe(0);
  expect(log.stats().readers[0]?.failures).toBe(0);
});

test("a slow reader lags and holds up nobody", async () => {
  const log = await started();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = collector();
  log.live("test.slow", async (batch) => {
    await held;
    await slow.handler(batch);
  });
  const quick = collector();
  log.live("test.quick", quick.handler);
  for (let n = 0; n < 5; n += 1) {
    await insert(1, `slow${n}.`);
    await until(() => quick.entries.length === n + 1);
  }
  const lag = log.stats().readers.find((reader) => reader.name === "test.slow");
  expect(lag?.lagEntries).toBe(5);
  expect(lag?.lagMs).toBeGreaterThan(0);
  release();
  await until(() => slow.entries.length === 5);
});

test("a cursor that is not ours is no cursor; one with another nonce or epoch is told to start over", async () => {
  const log = await started();
  for (const text of ["", "x", "bm90IGpzb24", encodeCursor({ epoch: "a b", tick: 1, nonce: "x" }), "W10"])
    expect(decodeCursor(text)).toBeNull();
  const head = log.head();
  expect(await log.read({ ...head, nonce: "other" })).toEqual({ kind: "resync", reason: "forked" });
  expect(await log.read({ ...head, tick: head.tick + 1000 })).toEqual({ kind: "resync", reason: "forked" });
  expect(await log.read({ ...head, tick: 0 })).toEqual({ kind: "resync", reason: "expired" });
  expect(await log.read({ ...head, epoch: "other" })).toEqual({ kind: "resync", reason: "epoch" });
});

test("a cursor of an epoch that this process has not heard of yet is read, not refused", async () => {
  const [one, two] = [await started(), await started({ followerPollMs: 60_000 })];
  const follower = one.stats().leading ? two : one;
  await sql(
    `INSERT INTO landfall.epoch (id, reason, "oldestTick") SELECT 'newer', 'forked', max(id) FROM landfall.tick`,
  );
  const { tick, nonce } = follower.head();
  expect(await follower.read({ epoch: "newer", tick, nonce })).toMatchObject({ kind: "entries" });
});

test("a leader that goes silent is replaced, and its followers go on", async () => {
  const [one, two] = [await started(), await started()];
  const [leader, follower] = one.stats().leading ? [one, two] : [two, one];
  const seen = collector();
  follower.live("test.follower", seen.handler);
  await insert(1, "before");
  await until(() => seen.entries.length === 1);
  await sql(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%landfall.%' AND pid <> pg_backend_pid() AND datname = current_database()",
  );
  await insert(1, "cut");
  await until(() => seen.entries.length === 2);
  await leader.stop();
  await insert(1, "after");
  await until(() => seen.entries.length === 3);
  expect(follower.stats().leading).toBe(true);
});
