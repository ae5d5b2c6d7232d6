// A backup that breaks off while a table is under way: the caller is told, and nothing else happens. An error that nobody listens
// for would end the whole server.
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { fillWorld } from "../../test/support/backup-world.ts";
import { testDatabase } from "../../test/support/database.ts";
import { takeBackup } from "./backup-take.ts";

const database = testDatabase();
const unheard: unknown[] = [];
const hear = (error: unknown) => void unheard.push(error);
let own: NodeJS.UncaughtExceptionListener[] = [];

beforeAll(async () => {
  await fillWorld(database.db, 20);
  await database.db.query({ text: "ALTER TABLE public.empty DISABLE TRIGGER USER" });
  // More than all buffers between Postgres and the file hold.
  await database.db.query({ text: `INSERT INTO public.empty (id, a) SELECT 'e' || n, (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 32) k) FROM generate_series(1, 20000) n` }); // biome-ignore format: one statement
}, 60_000);
beforeEach(() => {
  own = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", hear);
});
afterEach(() => {
  process.removeListener("uncaughtException", hear);
  for (const listener of own) process.on("uncaughtException", listener);
});

/** What came up after the rejection comes with the connection's end. */
async function settled(): Promise<readonly unknown[]> {
  const open = async () => (await database.db.query<{ n: number }>({ text: `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'landfall backup' AND datname = current_database()` }))[0]?.n; // biome-ignore format: one statement
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  return unheard.splice(0);
}

test.each([3, 8, 12, 14, 16, 20])("the disk fails at write %i", async (at) => {
  let writes = 0;
  const sink = async () => {
    if (++writes === at) throw new Error("the disk failed");
  };
  await expect(takeBackup({ connection: database.connection, sink })).rejects.toThrow("the disk failed");
  expect(await settled()).toEqual([]);
});

test.each([1, 3, 8, 12, 14, 16, 20])("it is stopped at write %i, while the write is under way", async (at) => {
  let writes = 0;
  const stop = new AbortController();
  const sink = async () => {
    if (++writes === at) stop.abort(new Error("stopped"));
    if (writes >= at) await new Promise((resolve) => setTimeout(resolve, 30));
  };
  await expect(takeBackup({ connection: database.connection, sink, signal: stop.signal })).rejects.toThrow("stopped");
  expect(await settled()).toEqual([]);
});
