// The ring: turns only into empty slots, empties only what every reader has behind it, and says so when it cannot.
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ChangeLog, Cursor } from "../../server/kernel/changelog/index.ts";
import { testDatabase } from "../support/database.ts";
import { changeLogOn, collector, createItems, until } from "./changelog-support.ts";

// Trimming waits for every transaction of the whole cluster, also for those of other test files.
const database = testDatabase({ alone: true });
const sql = <Row extends object>(text: string) => database.db.query<Row>({ text });
const hour = 3_600_000;
const running: ChangeLog[] = [];
let made = false;
let n = 0;

beforeEach(async () => {
  if (!made) await createItems(database.db);
  made = true;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((log) => log.stop()));
  await sql("DELETE FROM landfall.reader");
});

async function started(settings: Parameters<typeof changeLogOn>[2]): Promise<ChangeLog> {
  const log = changeLogOn(database.db, database.connection, { maintainMs: hour, ...settings });
  running.push(log);
  await log.run();
  return log;
}

/** One change, ticked. */
async function change(log: ChangeLog): Promise<Cursor> {
  const before = log.head().tick;
  n += 1;
  await sql(`INSERT INTO public.items (id, title) VALUES ('r${n}', 'x')`);
  await until(() => log.head().tick > before);
  return log.head();
}

/** As if the log had been written long ago. */
const age = (ms: number) =>
  sql(`UPDATE landfall.tick SET at = at - ${ms} * interval '1 millisecond';
       UPDATE landfall.ring SET "advancedAt" = "advancedAt" - ${ms} * interval '1 millisecond'`);

/** The slots left by the test before, gone; the next change goes into the current one. */
async function emptied(): Promise<void> {
  for (let slot = 0; slot < 16; slot += 1) await sql(`TRUNCATE landfall.change_${slot}`);
}

test("past retention a slot is emptied, cursors before it expire, and cursors after it read on", async () => {
  const log = await started({ retentionMs: 14 * hour });
  const old = log.head();
  await change(log);
  await age(2 * hour);
  const moved = await log.maintain();
  expect(moved).toMatchObject({ used: 1, full: false });
  const between = await change(log);
  await age(14 * hour);
  const current = await change(log);
  const kept = await log.maintain();
  expect(kept.used).toBe(1);
  expect(await log.read(old)).toEqual({ kind: "resync", reason: "expired" });
  const later = await log.read(between);
  expect(later.kind === "entries" && later.entries.length).toBe(1);
  expect(later.kind === "entries" && later.cursor).toEqual(current);
});

test("inside retention nothing is emptied; over the byte cap it is", async () => {
  const patient = await started({ retentionMs: 14 * hour });
  await change(patient);
  await age(2 * hour);
  await patient.maintain();
  const { used } = await patient.maintain();
  await change(patient);
  expect((await patient.maintain()).used).toBeGreaterThanOrEqual(used);
  await patient.stop();
  const tight = await started({ retentionMs: 14 * hour, bytesMax: 1 });
  await tight.maintain();
  await change(tight);
  await tight.maintain();
  expect((await tight.maintain()).used).toBeLessThanOrEqual(1);
});

test("a durable reader holds up trimming until twice the retention; then it is left behind and told to start over", async () => {
  const log = await started({ retentionMs: 14 * hour, retryMs: 5 });
  await emptied();
  let hold = true;
  const seen = collector();
  log.durable("test.behind", async (batch) => {
    await until(() => !hold);
    await seen.handler(batch);
  });
  await until(() => log.stats().readers[0]?.active === true);
  await log.maintain();
  await log.maintain();
  for (const used of [1, 2]) {
    await change(log);
    await age(10 * hour);
    expect((await log.maintain()).used).toBe(used);
  }
  await change(log);
  await age(20 * hour);
  expect((await log.maintain()).used).toBe(1);
  expect(await sql("SELECT lost FROM landfall.reader")).toEqual([{ lost: true }]);
  hold = false;
  await change(log);
  await until(() => seen.entries.at(-1)?.id === `r${n}` || seen.resyncs.length > 0);
  expect(seen.resyncs).toEqual(["expired"]);
  const mine = await change(log);
  await until(() => seen.entries.at(-1)?.id === `r${n}`);
  await until(async () => (await sql<{ tick: number }>("SELECT tick FROM landfall.reader"))[0]?.tick === mine.tick);
  expect(await sql("SELECT lost FROM landfall.reader")).toEqual([{ lost: false }]);
});

test("an open transaction that wrote into a slot keeps it from being emptied, and its change is read", async () => {
  const log = await started({ retentionMs: 14 * hour, lockTimeoutMs: 50 });
  let before = log.head();
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "INSERT INTO public.items (id, title) VALUES ('open', 'x')" });
    const { current } = await log.maintain();
    before = await change(log);
    await age(15 * hour);
    await log.maintain();
    await change(log);
    await age(30 * hour);
    await log.maintain();
    const rows = await tx.query<{ n: number }>({ text: `SELECT count(*) AS n FROM landfall.change_${current}` });
    expect(rows[0]?.n).toBeGreaterThan(0);
  });
  await until(async () => {
    const batch = await log.read(before);
    return batch.kind === "entries" && batch.entries.some((entry) => entry.id === "open");
  });
});

test("when no slot is empty the current one keeps filling and the state says so", async () => {
  const log = await started({ retentionMs: 14 * hour });
  await emptied();
  const before = log.head().tick;
  await sql(
    `INSERT INTO landfall.change (slot, collection, "schemaVersion", op) SELECT s, 9, 1, 's' FROM generate_series(0, 15) s`,
  );
  await sql(`UPDATE landfall.ring SET "advancedAt" = now() - interval '10 hours'`);
  await until(() => log.head().tick > before);
  const state = await log.maintain();
  expect(state).toMatchObject({ full: true, used: 16 });
  const from = await change(log);
  await change(log);
  expect((await log.maintain()).current).toBe(state.current);
  const batch = await log.read(from);
  expect(batch.kind === "entries" && batch.entries).toHaveLength(1);
});

test("seeded bug: trimming without raising the oldest tick hands out a gap as if it were nothing", async () => {
  const log = await started({ retentionMs: 14 * hour });
  await emptied();
  const from = log.head();
  await change(log);
  const slot = (await sql<{ current: number }>("SELECT current FROM landfall.ring"))[0]?.current;
  const other = changeLogOn(database.db, database.connection);
  running.push(other);
  await other.run();
  await sql(`TRUNCATE landfall.change_${slot}`);
  const fooled = await other.read(from);
  expect(fooled.kind === "entries" && fooled.entries).toEqual([]);
  await sql(`DELETE FROM landfall.tick WHERE id < ${log.head().tick}`);
  await sql(`UPDATE landfall.epoch SET "oldestTick" = ${log.head().tick}`);
  const third = changeLogOn(database.db, database.connection);
  running.push(third);
  await third.run();
  expect(await third.read(from)).toEqual({ kind: "resync", reason: "expired" });
});
