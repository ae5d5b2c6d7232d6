// K06: an upgrade killed by -9 at random points leaves the old schema or the new one, and the next start goes on from there.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "@landfall/migrations";
import { afterAll, expect, test } from "vitest";
import { generatorVersion } from "../../server/kernel/changelog/capture-sql.ts";
import { testDatabase } from "../support/database.ts";
import { nodeFlags } from "../support/node-flags.ts";
import { freePort } from "../support/ports.ts";
import { seeded } from "../support/random.ts";
import { laterRelease, migrationsAfter, type Release, versionAfter } from "../support/release.ts";
import { call, masterKey, type ServerProcess, serviceKey, startServer } from "../support/server.ts";

const database = testDatabase();
const random = seeded(Number(process.env.SEED ?? 6));
const kills = Number(process.env.MIGRATION_KILLS ?? 20);
const collections = ["one", "two", "three"];
/** The users' own is there from the start. */
const captured = ["users", ...collections];
const settings = { DATABASE_URL: database.url, LANDFALL_MASTER_KEY: masterKey, LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "warn" }; // biome-ignore format: one line

/** After what every later version does, tables to fill: long enough to be killed in. */
const filling = Array.from({ length: 4 }, (_, k) => ({
  name: `${String(migrations().length + 2 + k).padStart(4, "0")}_filling`,
  sql: `-- breaks: nothing
CREATE TABLE landfall.filling_${k} (id text PRIMARY KEY, label text);
INSERT INTO landfall.filling_${k} SELECT g::text || label, label FROM generate_series(1, 20) g, public.${collections[k % 3]};`,
}));
const next = { migrations: [...migrationsAfter(1), ...filling] };
const later = laterRelease(versionAfter(1), next);
const recapturing = laterRelease(versionAfter(1), { ...next, capture: true });
/** The contracting migration of the version after takes away what the expanding one had made. */
const undo = `${migrationsAfter(2)[2]?.sql}
${filling.map((_, k) => `DROP TABLE landfall.filling_${k};`).join("\n")}
DELETE FROM landfall.migration WHERE version = '${versionAfter(1)}'`;
const folder = mkdtempSync(join(tmpdir(), "lf-k-"));
const running: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop("SIGKILL")));
  for (const release of [later, recapturing]) release.remove();
  rmSync(folder, { recursive: true, force: true });
});

const rowsOf = <Row extends object>(text: string) => database.db.query<Row>({ text });
const records = (n: number) => Array.from({ length: n }, (_, at) => ({ id: `r${at}`, label: `l${at}`, n: at }));

async function fill(): Promise<void> {
  const server = await startServer(settings);
  const fields = [{ name: "label", type: "text" }, { name: "n", type: "integer" }]; // biome-ignore format: one line
  for (const name of collections) {
    const { status, text } = await call(server.url, "POST", "/v1/collections", { name, kind: "base", fields, indexes: [{ fields: ["n"] }] }); // biome-ignore format: one line
    expect([status, text]).toMatchObject([201, expect.anything()]);
    expect((await call(server.url, "POST", `/v1/collections/${name}/records`, records(1_000))).status).toBe(201);
  }
  await server.stop();
}

/** Everything that a migration could leave behind: relations, columns, functions, rows of ours, and each collection's data. */
async function fingerprint(): Promise<string> {
  const [row] = await rowsOf<{ print: string }>(
    `SELECT md5(string_agg(thing, ',' ORDER BY thing)) AS print FROM (
       SELECT relname || relkind::text FROM pg_class WHERE relnamespace IN ('landfall'::regnamespace, 'public'::regnamespace)
       UNION ALL SELECT attrelid::regclass || attname FROM pg_attribute WHERE NOT attisdropped AND attnum > 0
         AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('landfall'::regnamespace, 'public'::regnamespace))
       UNION ALL SELECT oid::regprocedure || md5(prosrc) FROM pg_proc WHERE pronamespace = 'landfall'::regnamespace
       UNION ALL SELECT 'migration ' || name FROM landfall.migration
       ${collections.map((name) => `UNION ALL SELECT '${name} ' || md5(string_agg(t::text, ',' ORDER BY id)) FROM public.${name} t`).join(" ")}
     ) AS things (thing)`,
  );
  return (row as { print: string }).print;
}

const script = new URL("../support/migrate-process.ts", import.meta.url).pathname;
const wholeServer = (release: Release) => [...nodeFlags, join(release.root, "server/bin/landfall.mjs"), "start"];
const migrationsAlone = (release: Release) => [script, release.root];

/** Starts it, and kills it a moment after it has said the word. */
async function startAndKill(args: readonly string[], word: RegExp, delayMs: number): Promise<void> {
  const before = await backends();
  const env = { ...process.env, ...settings, NODE_ENV: "production", PORT: String(await freePort()), LANDFALL_DATA_DIR: join(folder, "data"), LANDFALL_SERVICE_KEY: serviceKey }; // biome-ignore format: one line
  const child: ChildProcess = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let out = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      out += chunk;
      if (word.test(out)) resolve();
    });
    void ended.then(() => reject(new Error(`ended by itself:\n${out}`)));
  });
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  child.kill("SIGKILL");
  await ended;
  // Postgres notices a moment later, and rolls back or has committed.
  await expect.poll(async () => (await backends()).filter((pid) => !before.includes(pid)), { timeout: 20_000 }).toEqual([]); // biome-ignore format: one question
}

const backends = async () =>
  (
    await rowsOf<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = '${database.name}' AND pid <> pg_backend_pid()`,
    )
  ).map(({ pid }) => pid);

test(`K06 ${kills} kill -9 within migrations: the old schema or the new one, and the next start goes on`, async () => {
  await fill();
  const old = await fingerprint();
  let fresh: string | undefined;
  let within = 0;
  for (let kill = 0; kill < kills; kill++) {
    // Every fifth is the whole start; the others are the same migrations without the rest of it.
    const args = kill % 5 === 0 ? wholeServer(later) : migrationsAlone(later);
    await startAndKill(args, /^Schema /m, random() * 400);
    const now = await fingerprint();
    if (now === old) within++;
    else {
      // It had committed: this must be all of it, the same each time.
      fresh ??= await migratedWhole();
      expect(now).toBe(fresh);
      await database.db.query({ text: undo });
      expect(await fingerprint()).toBe(old);
    }
  }
  // The kills did hit migrations under way, or nothing was tested.
  expect(within).toBeGreaterThan(kills / 4);
  const server = await startServer(settings, later.root);
  running.push(server);
  fresh ??= await migratedWhole();
  expect(await fingerprint()).toBe(fresh);
  for (const name of collections) {
    const path = `/v1/collections/${name}/records`;
    const { json } = await call(server.url, "GET", `${path}?filter=n >= 999&count=exact`);
    expect(json.items).toMatchObject([{ id: "r999", label: "l999", n: 999 }]);
    expect((await call(server.url, "GET", `${path}?limit=1&count=exact`)).json.count).toBe(1_000);
  }
  await server.stop();
}, 240_000);

/** The schema is whole: every migration is noted and what it makes is there. */
async function migratedWhole(): Promise<string> {
  const names = (await rowsOf<{ name: string }>("SELECT name FROM landfall.migration ORDER BY name")).map(
    ({ name }) => name,
  );
  expect(names).toEqual([...migrations(), ...next.migrations].map(({ name }) => name));
  const counts = filling.map((_, k) => `(SELECT count(*)::int FROM landfall.filling_${k})`);
  expect(await rowsOf(`SELECT ARRAY[${counts.join(", ")}] AS filled, landfall.later_1() AS later`)).toEqual([{ filled: [20_000, 20_000, 20_000, 20_000], later: 1 }]); // biome-ignore format: one line
  return fingerprint();
}

test("K06 kill -9 while capture is made anew: each collection has the old functions or the new ones, and captures", async () => {
  const state = async () => {
    const rows = await rowsOf<{ generators: string[] }>(
      `SELECT array_agg(DISTINCT substring(obj_description(oid, 'pg_proc') FROM 'generator (\\d+)')) AS generators
       FROM pg_proc WHERE pronamespace = 'landfall'::regnamespace AND proname ~ '^capture_\\d+_'
       GROUP BY substring(proname FROM '^capture_(\\d+)_')::int ORDER BY substring(proname FROM '^capture_(\\d+)_')::int`,
    );
    // Within one collection all are of one generator.
    for (const { generators } of rows) expect(generators).toHaveLength(1);
    return rows.map(({ generators: [generator] }) => Number(generator));
  };
  const was = `${generatorVersion}`;
  const reset = `DO $$ DECLARE f record; BEGIN
    FOR f IN SELECT oid::regprocedure AS name, obj_description(oid, 'pg_proc') AS note FROM pg_proc
             WHERE pronamespace = 'landfall'::regnamespace AND proname ~ '^capture_\\d+_' LOOP
      EXECUTE format('COMMENT ON FUNCTION %s IS %L', f.name, regexp_replace(f.note, 'generator \\d+', 'generator ${was}'));
    END LOOP; END $$`;
  const seen = new Set<string>();
  for (let kill = 0; kill < 3; kill++) {
    await database.db.query({ text: reset });
    // A write under way keeps the refresh from this table, so that the kill finds it between two others.
    const written = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<void>();
    const held = database.db.transaction(async (tx) => {
      await tx.query({ text: `UPDATE public.${collections[kill % 3]} SET label = 'held' WHERE id = 'r1'` });
      written.resolve();
      await killed.promise;
    });
    await written.promise;
    await startAndKill(wholeServer(recapturing), /^Ready in/m, random() * 300).finally(killed.resolve);
    await held;
    seen.add((await state()).join());
    for (const name of collections) await expectCaptured(name, kill);
  }
  expect([...seen].some((one) => one.includes(was))).toBe(true);
  const server = await startServer(settings, recapturing.root);
  running.push(server);
  await expect.poll(state, { timeout: 20_000 }).toEqual(captured.map(() => generatorVersion + 1));
  for (const name of collections) await expectCaptured(name, 99);
  // A server of the version before may still serve, and does not take the new functions back.
  const before = await startServer(settings, later.root);
  running.push(before);
  const changed = await call(before.url, "PATCH", "/v1/collections/one", { fields: [{ name: "label", type: "text" }, { name: "n", type: "integer" }, { name: "more", type: "text" }] }); // biome-ignore format: one line
  expect([changed.status, changed.json.code, changed.headers.get("retry-after")]).toEqual([
    503,
    "newer_server_running",
    "5",
  ]);
  expect((await call(before.url, "POST", "/v1/collections/one/records", { id: "after", label: "x" })).status).toBe(201);
  expect(await state()).toEqual(captured.map(() => generatorVersion + 1));
}, 180_000);

/** An insert, an update and a delete are one entry each. */
async function expectCaptured(table: string, kill: number): Promise<void> {
  const id = `k${kill}`;
  await database.db.query({ text: `INSERT INTO public.${table} (id, label) VALUES ('${id}', 'a')` });
  await database.db.query({ text: `UPDATE public.${table} SET label = 'b' WHERE id = '${id}'` });
  await database.db.query({ text: `DELETE FROM public.${table} WHERE id = '${id}'` });
  const rows = await rowsOf<{ op: string }>(`SELECT op::text AS op FROM landfall.change WHERE collection = (SELECT id FROM landfall.collection WHERE name = '${table}') AND id = '${id}' ORDER BY seq`); // biome-ignore format: one line
  expect(rows.map(({ op }) => op).join("")).toBe("iud");
}
