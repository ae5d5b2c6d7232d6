// Durability under kill -9: of the server beside its Postgres, and of Postgres under the server.
import { afterAll, expect, test } from "vitest";
import { findPostgres } from "../../server/kernel/postgres/binaries.ts";
import { testDatabase } from "../support/database.ts";
import { type KillLoopResult, killLoop, prepareKillLoop } from "../support/kill-loop.ts";
import { postgresUnderKill, serverUnderKill } from "../support/kill-targets.ts";
import { seeded } from "../support/random.ts";
import { call, type ServerProcess, startServer } from "../support/server.ts";

const database = testDatabase();
const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

const options = { writers: 16, acksBetweenMax: 60 };
const quiet = { LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "error" };

/** Nothing lost, torn or twice; and the kills did hit requests under way, or nothing was tested. */
function expectDurable(result: KillLoopResult): void {
  const { lost, torn, duplicated, wrong } = result;
  expect({ lost, torn, duplicated, wrong }).toEqual({ lost: [], torn: [], duplicated: [], wrong: [] });
  expect(result.acked).toBeGreaterThan(result.kills * 10);
  expect(result.unknown).toBeGreaterThan(result.kills);
}

test("K01 20 kill -9 of the server under 16 writers: nothing lost, torn or done twice", async () => {
  const target = await serverUnderKill({ ...quiet, DATABASE_URL: database.url }, database.connection);
  stops.push(target.stop);
  await prepareKillLoop(target.url);
  expectDurable(await killLoop(target, { ...options, kills: 20, random: seeded(1) }));
}, 120_000);

test("K02 kill -9 of Postgres under 16 writers: the server finds back within 10 s, nothing lost, torn or done twice", async () => {
  const server: ServerProcess = await startServer(quiet);
  stops.push(() => server.stop());
  const target = postgresUnderKill(server, findPostgres().major);
  await prepareKillLoop(target.url);
  const result = await killLoop(target, { ...options, kills: 4, random: seeded(2) });
  expectDurable(result);
  expect(result.returnMsMax).toBeLessThan(10_000);
  expect(server.output()).not.toMatch(/"level":60/);
}, 120_000);

test("K01 an import that is killed in mid-run goes on behind its last chunk: every line once", async () => {
  const target = await serverUnderKill({ ...quiet, DATABASE_URL: database.url }, database.connection);
  stops.push(target.stop);
  const collection = { name: "lines", fields: [{ name: "n", type: "integer" }] };
  expect((await call(target.url, "POST", "/v1/collections", collection)).status).toBe(201);
  const count = 20_000;
  const lines = Array.from({ length: count }, (_, n) => `{"n":${n}}`).join("\n");
  const path = "/v1/collections/lines/records:import?importId=i1";
  const send = () => call(target.url, "POST", path, lines, { headers: { "content-type": "application/x-ndjson" } });
  let kills = 0;
  for (let wanted = 0; ; ) {
    const sent = send().catch(() => undefined);
    // Killed whenever a few more chunks are there; the last sending is let through.
    wanted += 3_000;
    const done = await (wanted < count ? Promise.race([sent, rowsReach(wanted)]) : sent);
    if (done) {
      expect(done.json).toMatchObject({ state: "done", lines: count, imported: count, failed: 0 });
      break;
    }
    await target.killAndReturn();
    kills++;
    await sent;
  }
  expect(kills).toBeGreaterThan(1);
  const [row] = await database.db.query({ text: "SELECT count(*)::int AS rows, count(DISTINCT n)::int AS lines FROM public.lines" }); // biome-ignore format: one line
  expect(row).toEqual({ rows: count, lines: count });
}, 120_000);

/** Resolves with nothing once so many lines are committed. */
async function rowsReach(count: number): Promise<undefined> {
  const text = `DO $$ BEGIN WHILE (SELECT count(*) FROM public.lines) < ${count} LOOP PERFORM pg_sleep(0.02); END LOOP; END $$`;
  await database.db.query({ text }).catch(() => undefined);
}

test("K06 kill -9 during changes of a definition: old or new, never half, with every value, and the same change goes through", async () => {
  const target = await serverUnderKill({ ...quiet, DATABASE_URL: database.url }, database.connection);
  stops.push(target.stop);
  const random = seeded(6);
  const rounds = Number(process.env.DEFINITION_KILLS ?? 6);
  const rows = 400;
  const field = (n: number) => ({ name: `f${n}`, type: n % 3 === 0 ? "integer" : "text", ...(n % 2 === 0 ? { many: true } : {}) }); // biome-ignore format: one line
  // Each change takes thirteen columns away, adds as many, fills one, converts one with its values, and exchanges the indexes.
  const shape = (n: number) => ({
    fields: [
      { name: "kept", type: "text" },
      { name: "size", type: "integer" },
      { name: `filled${n}`, type: "integer", required: true, default: n },
      ...(n === 0 ? [] : [{ name: `filled${n - 1}`, type: "decimal", required: true, default: String(n - 1) }]),
      ...Array.from({ length: 12 }, (_, k) => field(n * 12 + k)),
    ],
    indexes: [{ fields: ["kept", "createdAt"], unique: n % 2 === 0 }],
  });
  const path = "/v1/collections/shapes/records";
  expect((await call(target.url, "POST", "/v1/collections", { name: "shapes", ...shape(0) })).status).toBe(201);
  const records = Array.from({ length: rows }, (_, n) => ({ id: `s${n}`, kept: `k${n}`, size: n }));
  expect((await call(target.url, "POST", path, records)).status).toBe(201);

  /** Which round's shape definition, table and records have: all the same one. */
  const shapeNow = async (): Promise<number> => {
    const { json } = await call(target.url, "GET", "/v1/collections/shapes");
    const names = json.fields.map(({ name }: { name: string }) => name) as string[];
    const round = Number(names[2]?.slice("filled".length));
    expect(names).toEqual(shape(round).fields.map(({ name }) => name));
    const all = [...names, "id", "createdAt", "updatedAt", "version"].sort();
    const columns = await database.db.query<{ name: string }>({ text: `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'public.shapes'::regclass AND attnum > 0 AND NOT attisdropped` }); // biome-ignore format: one line
    expect(columns.map(({ name }) => name).sort()).toEqual(all);
    const { items } = (await call(target.url, "GET", `${path}?limit=1000&filter=size >= 0`)).json;
    expect(items).toHaveLength(rows);
    for (const item of items) {
      const n = Number(item.id.slice(1));
      expect(Object.keys(item).sort()).toEqual(all);
      expect(item).toMatchObject({ kept: `k${n}`, size: n, [`filled${round}`]: round });
      if (round > 0) expect(item[`filled${round - 1}`]).toBe(String(round - 1));
    }
    return round;
  };
  let outcomes = "";
  for (let round = 1; round <= rounds; round++) {
    const send = () => call(target.url, "PATCH", "/v1/collections/shapes?confirm=loss", shape(round));
    const change = send().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, random() * 80));
    await target.killAndReturn();
    const answer = await change;
    const now = await shapeNow();
    expect([round - 1, round]).toContain(now);
    if (answer?.status === 200) expect(now).toBe(round);
    outcomes += now === round ? "n" : "o";
    const again = await send();
    expect([again.status, again.status === 200 ? "" : again.text]).toEqual([200, ""]);
    expect(await shapeNow()).toBe(round);
    // The table takes records in its shape of now, captured in it.
    const made = await call(target.url, "POST", path, { id: `new${round}`, kept: "new" });
    expect(made.status).toBe(201);
    const [entry] = await database.db.query<{ after: object }>({ text: "SELECT after FROM landfall.change WHERE id = $1 AND op = 'i'", values: [`new${round}`] }); // biome-ignore format: one line
    expect(Object.keys(entry?.after ?? {})).toContain(`f${round * 12}`);
    expect((await call(target.url, "DELETE", `${path}/new${round}`)).status).toBe(204);
  }
  // Some kills came before the commit, or nothing was tested.
  expect(outcomes).toContain("o");
}, 180_000);
