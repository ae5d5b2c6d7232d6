// N01: what the pool does when the database is slow, resets connections or falls silent. A relay on a socket of its own
// stands between the pool and Postgres.
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { isConnectionLost } from "./connection-lost.ts";
import type { PooledDb } from "./pool.ts";

const database = testDatabase();
const folder = mkdtempSync(join(tmpdir(), "lf-relay-"));
const pairs = new Set<[Socket, Socket]>();
let silent = false;
let db: PooledDb;

const relay = createServer((near) => {
  const far = createConnection(join(inject("postgresHost"), ".s.PGSQL.5432"));
  const pair: [Socket, Socket] = [near, far];
  pairs.add(pair);
  for (const [from, to] of [pair, [far, near] as const]) {
    from.on("data", (chunk) => silent || to.write(chunk));
    from.on("error", () => {});
    from.on("close", () => {
      to.destroy();
      pairs.delete(pair);
    });
  }
});

beforeAll(async () => {
  await new Promise<void>((resolve) => relay.listen(join(folder, ".s.PGSQL.5432"), resolve));
  db = database.open({
    connection: { ...database.connection, host: folder },
    max: 2,
    acquireTimeoutMs: 300,
    queryTimeoutMs: 500,
  });
});
afterAll(() => {
  relay.close();
  rmSync(folder, { recursive: true });
});

const one = () => db.query({ text: "SELECT 1 AS one" });

test("N01 a caller who finds no free connection is refused after the acquire timeout", async () => {
  let free = () => {};
  const until = new Promise<void>((resolve) => {
    free = resolve;
  });
  const holders = [1, 2].map(() => db.transaction(() => until));
  await expect(one()).rejects.toSatisfy(isConnectionLost);
  await expect(db.transaction(async () => {})).rejects.toSatisfy(isConnectionLost);
  free();
  await Promise.all(holders);
  expect(await one()).toEqual([{ one: 1 }]);
});

test("N01 a reset in mid-statement fails the statement and the next statement works", async () => {
  const slow = db.query({ text: "SELECT pg_sleep(20)" });
  const slowTransaction = db.transaction((tx) =>
    tx.transaction((inner) => inner.query({ text: "SELECT pg_sleep(20)" })),
  );
  const both = Promise.allSettled([slow, slowTransaction]);
  await expect.poll(() => pairs.size).toBe(2);
  await expect.poll(sleepers).toBe(2);
  for (const [near] of pairs) near.destroy();
  for (const outcome of await both) expect((outcome as PromiseRejectedResult).reason).toSatisfy(isConnectionLost);
  expect(await one()).toEqual([{ one: 1 }]);
});

test("N01 a blackhole costs each caller a bounded wait, and the pool is back when it ends", async () => {
  await one();
  silent = true;
  const started = performance.now();
  const outcomes = await Promise.allSettled([
    one(),
    one(),
    db.transaction(async (tx) => tx.query({ text: "SELECT 1" })),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(performance.now() - started).toBeLessThan(3_000);
  silent = false;
  await expect.poll(() => one().catch(() => undefined), { timeout: 10_000 }).toEqual([{ one: 1 }]);
});

test("a backend ended by an administrator fails one statement", async () => {
  const outcome = db.query({ text: "SELECT pg_terminate_backend(pg_backend_pid())" });
  await expect(outcome).rejects.toSatisfy(isConnectionLost);
  expect(await one()).toEqual([{ one: 1 }]);
});

test("a refused statement keeps its connection", async () => {
  const single = database.open({ max: 1 });
  const pid = { text: "SELECT pg_backend_pid() AS pid" };
  const before = await single.query(pid);
  await expect(single.query({ text: "SELECT 1/0" })).rejects.toMatchObject({ code: "22012" });
  await expect(single.transaction((tx) => tx.query({ text: "SELECT 1/0" }))).rejects.toMatchObject({ code: "22012" });
  expect(await single.query(pid)).toEqual(before);
});

async function sleepers(): Promise<number> {
  const text = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = $1";
  return (await database.db.query<{ n: number }>({ text, values: [database.name] }))[0]?.n ?? 0;
}
