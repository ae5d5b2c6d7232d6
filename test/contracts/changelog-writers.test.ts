// The promise of the log under 16 concurrent writers: nothing lost, nothing twice, no stale row, no transaction split.
// Readers built wrong on purpose show that the checker would notice.
import { beforeAll, beforeEach, expect, test } from "vitest";
import { installCapture } from "../../server/kernel/changelog/index.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import { testDatabase } from "../support/database.ts";
import { judge, runWriters, type Seen, seededRandom } from "./changelog-checker.ts";
import { changeLogOn, createItems, items, until } from "./changelog-support.ts";

const database = testDatabase();
const sql = <Row extends object>(text: string, values: unknown[] = []) => database.db.query<Row>({ text, values });
const seed = Number(process.env.LANDFALL_TEST_SEED ?? Date.now() % 1_000_000);
let mark = 0;

beforeAll(async () => {
  await createItems(database.db);
  // Opens the first epoch; what was written before it is in no batch.
  const log = changeLogOn(database.db, database.connection);
  await log.run();
  await log.stop();
});
beforeEach(async () => {
  await sql("DELETE FROM public.items");
  mark = (await sql<{ n: number }>("SELECT coalesce(max(seq), 0) AS n FROM landfall.change"))[0]?.n ?? 0;
});

/** Resolves when it watches; the function it gives resolves when, after the writers' end, it has seen all there is. */
type Observer = () => Promise<(stop: AbortSignal) => Promise<Seen[]>>;

/** Readers run from before the first write until past the last: one that stops early looks lossy. */
async function exercise(observer: Observer, whileWriting?: () => Promise<unknown>) {
  const stop = new AbortController();
  const observe = await observer();
  const observed = observe(stop.signal);
  const db = database.open({ max: 17 });
  const work = [
    runWriters(db, { writers: 16, rounds: 25, random: seededRandom(seed) }),
    Promise.resolve(whileWriting?.()),
  ] as const;
  const [committed] = await Promise.all(work);
  expect(committed).toBeGreaterThan(200);
  stop.abort();
  return judge(database.db, await observed, mark);
}

/** The product's reader, in small pages, with a second process that ticks too. */
async function ours(): ReturnType<Observer> {
  const settings = { page: { entries: 50, bytes: 100_000 }, pollMs: 5 };
  const logs = [
    changeLogOn(database.db, database.connection, settings),
    changeLogOn(database.db, database.connection, settings),
  ];
  for (const log of logs) await log.run();
  const seen: Seen[] = [];
  let batch = 0;
  logs[1]?.live("test.contract", (given) => {
    if (given.kind === "resync") throw new Error(given.reason);
    for (const { seq, xid, id, op, after, collection } of given.entries) {
      if (collection === 1 && seq > mark) seen.push({ seq, xid, id, op, title: after?.title, batch });
    }
    // Pages of one batch belong together.
    if (!given.cursor.page) batch += 1;
  });
  return async (stop) => {
    await until(() => stop.aborted);
    const counted = "SELECT count(*) AS n FROM landfall.change WHERE collection = 1 AND seq > $1";
    const total = (await sql<{ n: number }>(counted, [mark]))[0]?.n ?? 0;
    await until(() => seen.length >= total);
    for (const log of logs) await log.stop();
    return seen;
  };
}

test(`nothing lost, nothing twice, no stale row, no transaction split (seed ${seed})`, async () => {
  expect(await exercise(ours)).toEqual({ lost: 0, twice: 0, staleRows: 0, split: 0 });
});

test("a schema change in mid-run changes nothing about that", async () => {
  const change = async () => {
    const wider = {
      ...items,
      schemaVersion: 2,
      columns: [...items.columns, { name: "extra", type: "text", sealed: false }],
    };
    await database.db.transaction(async (tx) => {
      await tx.query({ text: "ALTER TABLE public.items ADD COLUMN extra text DEFAULT 'e'" });
      await installCapture(tx, wider);
    });
  };
  expect(await exercise(ours, change)).toEqual({ lost: 0, twice: 0, staleRows: 0, split: 0 });
  await sql("INSERT INTO public.items (id) VALUES ('wide')");
  const [entry] = await sql<{ after: object; sv: number }>(
    `SELECT after, "schemaVersion" AS sv FROM landfall.change ORDER BY seq DESC LIMIT 1`,
  );
  expect(entry).toMatchObject({ after: { extra: "e" }, sv: 2 });
});

// Seeded bugs. Each is a reader that many systems ship.

interface RawRow {
  readonly seq: number;
  readonly xid: string;
  readonly id: string | null;
  readonly op: string;
  readonly title: unknown;
}
const letters: Record<string, string> = { d: "delete", t: "truncate" };
const raw = `SELECT seq, xid::text AS xid, id, op::text AS op, after ->> 'title' AS title FROM landfall.change WHERE collection = 1`;

/** Polls a cursor of the reader's own making until the writers have stopped and nothing more comes. */
async function polling(stop: AbortSignal, next: (db: Db) => Promise<RawRow[]>): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let batch = 0, idle = 0; idle < 20; batch += 1) {
    const rows = await next(database.db);
    for (const row of rows) seen.push({ ...row, op: letters[row.op] ?? row.op, title: row.title, batch });
    idle = stop.aborted && rows.length === 0 ? idle + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return seen;
}

test("seeded bug: a serial cursor is caught losing changes", async () => {
  let last = mark;
  const verdict = await exercise(
    async () => (stop) =>
      polling(stop, async (db) => {
        const rows = await db.query<RawRow>({ text: `${raw} AND seq > $1 ORDER BY seq`, values: [last] });
        last = rows.at(-1)?.seq ?? last;
        return rows;
      }),
  );
  expect(verdict.lost).toBeGreaterThan(0);
});

test("seeded bug: transaction order without a guard per row is caught leaving stale rows", async () => {
  let horizon = "0";
  const verdict = await exercise(
    async () => (stop) =>
      polling(stop, async (db) => {
        const rows = await db.query<RawRow & { xmin: string }>({
          text: `SELECT r.*, h.xmin::text AS xmin FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) h
               LEFT JOIN LATERAL (${raw} AND seq > $1 AND xid >= $2::xid8 AND xid < h.xmin) r ON true ORDER BY r.xid::xid8, r.seq`,
          values: [mark, horizon],
        });
        horizon = rows[0]?.xmin ?? horizon;
        return rows.filter((row) => row.seq !== null);
      }),
  );
  expect(verdict.lost).toBe(0);
  expect(verdict.staleRows).toBeGreaterThan(0);
});

test("seeded bug: a cursor saved before the page is caught losing it when the handler's process dies", async () => {
  let crashes = 0;
  const verdict = await exercise(async () => {
    const log = changeLogOn(database.db, database.connection);
    await log.run();
    let cursor = log.head();
    return async (stop) => {
      const seen: Seen[] = [];
      for (let batch = 0, idle = 0; idle < 20; batch += 1) {
        const page = await log.read(cursor, { entries: 50, bytes: 1e6 });
        if (page.kind === "resync") throw new Error(page.reason);
        cursor = page.cursor;
        const dies = page.entries.length > 0 && batch % 7 === 3;
        if (dies) crashes += 1;
        else for (const e of page.entries) if (e.collection === 1) seen.push({ ...e, title: e.after?.title, batch });
        idle = stop.aborted && page.entries.length === 0 ? idle + 1 : 0;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await log.stop();
      return seen;
    };
  });
  expect(crashes).toBeGreaterThan(0);
  expect(verdict.lost).toBeGreaterThan(0);
});
