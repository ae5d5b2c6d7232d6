// Many at once on one thing: one idempotency key, one row, one place in the queue.
import { beforeAll, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { type Answer, call, masterKey, type ServerProcess, startServer, testServer } from "../support/server.ts";

const settings = { LANDFALL_MASTER_KEY: masterKey, LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "warn" };
const server = testServer(settings);
const crashed = testDatabase();
const records = "/v1/collections/counters/records";
const definition = {
  name: "counters",
  fields: [
    { name: "n", type: "integer", required: true },
    { name: "who", type: "text" },
  ],
};
beforeAll(async () => {
  expect((await server.call("POST", "/v1/collections", definition)).status).toBe(201);
});

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

/** Repeats while told that the first is still being worked on. */
async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 409 || answer.json.code !== "idempotency_in_flight") return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("E01 one idempotency key 100 times in parallel: one effect, one answer", async () => {
  const key = keyed("e01-parallel");
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => insist(() => server.call("POST", records, { n: 7 }, key))),
  );
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(new Set(answers.map(({ headers }) => headers.get("etag"))).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") !== "true")).toHaveLength(1);
  const rows = await server.database.db.query({ text: "SELECT id FROM public.counters WHERE n = 7" });
  expect(rows).toHaveLength(1);
  const entries = await server.database.db.query<{ count: number }>({ text: `SELECT count(*)::int AS count FROM landfall.change WHERE after->>'n' = '7'` }); // biome-ignore format: one line
  expect(entries).toEqual([{ count: 1 }]);
  // The same key for something else, and of somebody else.
  expect((await server.call("POST", records, { n: 8 }, key)).status).toBe(422);
  const own = await server.call("POST", "/v1/api-keys", { name: "other", collections: { "*": ["create"] } });
  const other = await server.call("POST", records, { n: 9 }, { ...key, as: own.json.secret });
  expect([other.status, other.headers.get("idempotency-replayed")]).toEqual([201, null]);
});

test("O08 200 parallel increments of one row: the sum is exact", async () => {
  await server.call("POST", records, { id: "sum", n: 0 });
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => server.call("PATCH", `${records}/sum`, { n: { $increment: 1 } })),
  );
  const done = answers.filter(({ status }) => status === 200);
  // One that could not get its turn is told so, and has had no effect.
  for (const { status } of answers) expect([200, 409, 503]).toContain(status);
  expect(done.length).toBeGreaterThan(100);
  expect((await server.call("GET", `${records}/sum`)).json.n).toBe(done.length);
  expect(new Set(done.map(({ json }) => json.n)).size).toBe(done.length);
});

test("O08 200 parallel version-checked updates of one row: one wins each version, every loser is told", async () => {
  const made = await server.call("POST", records, { id: "checked", n: 0 });
  let etag = made.headers.get("etag") as string;
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, who) =>
        server.call("PATCH", `${records}/checked`, { n: round, who: String(who) }, { headers: { "if-match": etag } }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(39);
    const now = await server.call("GET", `${records}/checked`);
    expect(now.json).toMatchObject({ n: round, who: won[0]?.json.who });
    etag = won[0]?.headers.get("etag") as string;
    expect(now.headers.get("etag")).toBe(etag);
  }
});

test("O08 200 parallel batches that change two rows in opposite order: none waits for the other for ever, the sums are exact", async () => {
  await server.call("POST", records, [
    { id: "left", n: 0 },
    { id: "right", n: 0 },
  ]);
  const add = (id: string) => ({ op: "patch", collection: "counters", id, body: { n: { $increment: 1 } } });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => {
      const operations = n % 2 === 0 ? [add("left"), add("right")] : [add("right"), add("left")];
      // Every other pair in the transaction of its key.
      return server.call("POST", "/v1/batch", { operations }, n % 4 < 2 ? keyed(`opposed-${n}`) : {});
    }),
  );
  const done = answers.filter(({ status }) => status === 200);
  for (const { status, headers } of answers)
    if (status !== 200) expect([[409, 503].includes(status), headers.get("retry-after")]).toEqual([true, expect.any(String)]); // biome-ignore format: one line
  expect(done.length).toBeGreaterThan(100);
  const sums = await Promise.all(["left", "right"].map((id) => server.call("GET", `${records}/${id}`)));
  expect(sums.map(({ json }) => json.n)).toEqual([done.length, done.length]);
});

test("B04 T11 upserts, creates and deletes of one id at once leave one whole history", async () => {
  const ask = (n: number): Promise<Answer> => {
    if (n % 4 === 0) return server.call("POST", records, { id: "one", n });
    if (n % 4 === 1) return server.call("PUT", `${records}/one`, { n });
    if (n % 4 === 2) return server.call("PATCH", `${records}/one?upsert=true`, { n });
    return server.call("DELETE", `${records}/one`);
  };
  const answers = await Promise.all(Array.from({ length: 120 }, (_, n) => ask(n)));
  for (const { status, text } of answers) if (![200, 201, 204, 404, 409].includes(status)) throw new Error(`${status} ${text}`); // biome-ignore format: one line
  const created = answers.filter(({ status }) => status === 201).length;
  const deleted = answers.filter(({ status }) => status === 204).length;
  const there = (await server.call("GET", `${records}/one`)).status === 200 ? 1 : 0;
  expect(created - deleted).toBe(there);
});

test("E01 one idempotency key across kill -9: one effect, one answer", async () => {
  const first = await startServer({ ...settings, DATABASE_URL: crashed.url });
  let running: ServerProcess = first;
  try {
    expect((await call(first.url, "POST", "/v1/collections", definition)).status).toBe(201);
    const ask = (n: number) => call(running.url, "POST", records, { n }, keyed(`crash-${n}`));
    // Some are answered, some are cut off at any point of their work.
    const before = Promise.all(Array.from({ length: 60 }, (_, n) => ask(n).catch(() => undefined)));
    await Promise.race([before, crashed.db.query({ text: waitForRow })]);
    await first.stop("SIGKILL");
    const answered = await before;
    running = await startServer({ ...settings, DATABASE_URL: crashed.url });
    const repeated = await Promise.all(answered.map((_, n) => insist(() => ask(n))));
    for (const [n, answer] of answered.entries())
      if (answer?.status === 201) expect([repeated[n]?.text, repeated[n]?.headers.get("etag")]).toEqual([answer.text, answer.headers.get("etag")]); // biome-ignore format: one line
    expect(repeated.map(({ status }) => status)).toEqual(Array(60).fill(201));
    const rows = await crashed.db.query({ text: "SELECT n FROM public.counters ORDER BY n" });
    expect(rows).toEqual(Array.from({ length: 60 }, (_, n) => ({ n })));
  } finally {
    await running.stop("SIGKILL");
  }
}, 120_000);

/** Returns when the first of them has been committed. */
const waitForRow = `DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM public.counters) LOOP PERFORM pg_sleep(0.001); END LOOP; END $$`;

test("O01 what comes on top of the places there are is told so at once, and health is answered", async () => {
  const small = await startServer({ ...settings, DATABASE_URL: server.database.url, LANDFALL_IN_FLIGHT_MAX: "4", LANDFALL_DB_POOL_SIZE: "8", LANDFALL_DB_LOCK_TIMEOUT_MS: "60000" }); // biome-ignore format: one line
  try {
    // The four must go on waiting, for the row and not for a connection, however long the machine takes to be asked.
    await inFlight(small);
    const key = await server.call("POST", "/v1/api-keys", {
      name: "load",
      collections: { "*": ["list", "get", "update"] },
    });
    const as = { as: key.json.secret as string };
    await server.call("POST", records, { id: "held", n: 0 });
    // Somebody holds the row, so that four requests wait and take all the places.
    await server.database.db.transaction(async (tx) => {
      await tx.query({ text: "SELECT id FROM public.counters WHERE id = 'held' FOR UPDATE" });
      const waiting = Array.from({ length: 4 }, () => call(small.url, "PATCH", `${records}/held`, { n: { $increment: 1 } }, as)); // biome-ignore format: one line
      await expect.poll(() => inFlight(small)).toBe(4);
      const startedMs = performance.now();
      const refused = await Promise.all(
        Array.from({ length: 20 }, () => call(small.url, "GET", records, undefined, as)),
      );
      for (const answer of refused) {
        expect([answer.status, answer.json.code]).toEqual([503, "overloaded"]);
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect((await call(small.url, "GET", "/livez", undefined, { as: null })).status).toBe(200);
      void Promise.all(waiting);
    });
    await expect.poll(() => inFlight(small)).toBe(0);
    expect((await call(small.url, "GET", records, undefined, as)).status).toBe(200);
  } finally {
    await small.stop("SIGKILL");
  }
}, 60_000);

async function inFlight({ url }: ServerProcess): Promise<number> {
  const { text } = await call(url, "GET", "/metrics");
  return Number(/^landfall_http_in_flight (\d+)/m.exec(text)?.[1]);
}
