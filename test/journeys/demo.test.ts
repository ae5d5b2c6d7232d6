// `npm run demo` with a part of its cities, beside a running server on the same database: what it promises is there, and a
// second run, or one that meets a collection of somebody's own, changes nothing.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allCities, collections } from "../demo/cities.ts";
import { masterKey, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_MASTER_KEY: masterKey });
const wanted = 1_500;

/** As the script in package.json says it, with a data folder of its own. */
async function demo(): Promise<{ code: number | null; output: string }> {
  const root = join(import.meta.dirname, "../..");
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, ...args] = (scripts.demo as string).split(" ");
  const dataDir = mkdtempSync(join(tmpdir(), "lf-demo-"));
  const settings = { DATABASE_URL: server.database.url, LANDFALL_DATA_DIR: dataDir, LANDFALL_MASTER_KEY: masterKey };
  const child = spawn(process.execPath, [...args, String(wanted)], { cwd: root, env: { ...process.env, ...settings } });
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  rmSync(dataDir, { recursive: true, force: true });
  return { code, output };
}

const records = (collection: string, query = "") => `/v1/collections/${collection}/records${query}`;

async function count(collection: string): Promise<number> {
  const { rows } = await server.database.db.pool.query(`SELECT count(*)::int AS n FROM public.${collection}`);
  return rows[0].n;
}

test("a demo that meets a collection of somebody's own changes nothing", async () => {
  const own = { name: "visits", kind: "base", fields: [{ name: "page", type: "text" }] };
  expect((await server.call("POST", "/v1/collections", own)).status).toBe(201);
  const { code, output } = await demo();
  expect([code, output]).toEqual([1, expect.stringContaining(`There is a collection "visits" already`)]);
  const { json } = await server.call("GET", "/v1/collections");
  expect(json.items.map(({ name }: { name: string }) => name)).toEqual(["users", "visits"]);
  const { etag } = Object.fromEntries((await server.call("GET", "/v1/collections/visits")).headers);
  const headers = etag === undefined ? {} : { "if-match": etag };
  expect((await server.call("DELETE", "/v1/collections/visits", undefined, { headers })).status).toBe(204);
}, 60_000);

test("the demo brings cities, countries and visits with their rules, and a second run changes nothing", async () => {
  const first = await demo();
  expect(first.code, first.output).toBe(0);
  expect(first.output).toContain("Done.");
  const step = Math.ceil(allCities().length / wanted);
  const expected = allCities().filter((_, n) => n % step === 0);
  expect(first.output).toContain(`cities     ${expected.length.toLocaleString("en")} of`);

  // The server that was running all the while has them within a second.
  await expect.poll(async () => (await server.call("GET", "/v1/collections/cities")).status).toBe(200);
  for (const { name, rules } of collections) {
    const { json } = await server.call("GET", `/v1/collections/${name}`);
    expect(json.rules, name).toMatchObject(rules);
  }
  const largest = expected.toSorted((a, b) => b.population - a.population)[0];
  const { json } = await server.call("GET", records("cities", "?sort=-population&limit=1&expand=country"), undefined, {
    as: null,
  });
  expect(json.items[0]).toMatchObject({ ...largest, country: expect.anything() });
  expect((await server.call("GET", records("visits"), undefined, { as: null })).json.items).toEqual([]);
  const before = [await count("countries"), await count("cities"), await count("visits")];
  expect(before).toEqual([new Set(expected.map(({ country }) => country)).size, expected.length, 3]);

  const second = await demo();
  expect([second.code, second.output]).toEqual([1, expect.stringContaining("nothing was changed")]);
  expect([await count("countries"), await count("cities"), await count("visits")]).toEqual(before);
}, 60_000);
