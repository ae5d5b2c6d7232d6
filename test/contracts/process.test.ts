// The server as a process on real folders and databases: starts, restarts, shares, refuses, ends.
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodes } from "../../server/kernel/exit.ts";
import { asSuperuser, testDatabase } from "../support/database.ts";
import { processes, type Running } from "../support/process.ts";

const { run, folder } = processes();
const database = testDatabase({ empty: true });
const free = { PORT: "0" };

/** Where the server says it listens. */
async function urlOf(server: Running): Promise<string> {
  await server.says("API      ");
  return /API +(http:\S+)\/v1/.exec(server.out())?.[1] as string;
}
const get = async (url: string) => (await fetch(url)).status;
const count = async (url: string) => ((await (await fetch(`${url}/count`)).json()) as { n: number }[])[0]?.n;

test("an empty folder becomes an installation, and a restart finds everything again", async () => {
  const dataDir = join(folder(), "new");
  const env = { ...free, LANDFALL_DATA_DIR: dataDir };
  const first = run(["start"], { env });
  const url = await urlOf(first);
  await first.says("Make the first admin");
  expect(first.out()).toContain(`${dataDir} (new)`);
  for (const part of ["/console", "/v1", "/docs"]) expect(first.out()).toContain(url + part);
  expect(await count(url)).toBe(1);
  expect(await first.stop()).toBe(0);

  const second = run(["start"], { env });
  expect(await count(await urlOf(second))).toBe(2);
  expect(second.out()).toContain(`${dataDir} (existing)`);
  expect(await second.stop()).toBe(0);
});

test("without a terminal the set-up secret goes into a private file, and is gone when there is an admin", async () => {
  const env = { ...free, LANDFALL_DATA_DIR: folder() };
  const file = join(env.LANDFALL_DATA_DIR, "setup-url");
  const first = run(["start"], { env });
  await first.says("Make the first admin");
  expect(first.out() + first.err()).not.toContain("lf_setup_");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toMatch(/^http:\/\/localhost:\d+\/console\/setup#setup=lf_setup_test\n$/);

  const shown = run(["setup-url", "--json"], { env });
  expect(await shown.ended).toBe(0);
  expect(JSON.parse(shown.out())).toEqual({ url: readFileSync(file, "utf8").trim() });

  const made = run(["admin", "create", "owner@example.com"], { env, input: "a good password\n" });
  expect(await made.ended).toBe(0);
  expect(made.out()).toContain("owner@example.com can sign in now.");
  const closed = run(["setup-url"], { env });
  expect(await closed.ended).toBe(0);
  expect(closed.out()).toContain("There is an admin already");
  await first.stop();
  const second = run(["start"], { env });
  await urlOf(second);
  await expect.poll(() => statSync(file, { throwIfNoEntry: false })).toBeUndefined();
});

test("a guest takes over within 3 s when the owner is killed by -9", async () => {
  const env = { ...free, LANDFALL_DATA_DIR: folder() };
  const owner = run(["start"], { env });
  await urlOf(owner);
  const guest = run(["start"], { env });
  const url = await urlOf(guest);
  expect(guest.out()).toContain("shared with the process that started it");
  expect(await count(url)).toBe(1);
  const killedAt = performance.now();
  owner.child.kill("SIGKILL");
  await expect.poll(() => guest.err(), { interval: 20, timeout: 10_000 }).toContain("started again");
  await expect.poll(() => get(`${url}/`), { interval: 20, timeout: 10_000 }).toBe(200);
  expect(performance.now() - killedAt).toBeLessThan(3_000);
  expect(await count(url)).toBe(2);
  expect(await guest.stop()).toBe(0);
});

test("U03 four processes that start at once on an empty folder all come up, on one Postgres", async () => {
  const env = { ...free, LANDFALL_DATA_DIR: folder() };
  const servers = [1, 2, 3, 4].map(() => run(["start"], { env }));
  const urls = await Promise.all(servers.map(urlOf));
  for (const url of urls) expect(await get(`${url}/`)).toBe(200);
  expect(servers.filter((server) => server.out().includes("started here"))).toHaveLength(1);
  expect(await count(urls[0] as string)).toBe(1);
  expect(await count(urls[3] as string)).toBe(2);
});

test("Ctrl-C, which reaches the whole process group, ends the server in order", async () => {
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder() } });
  await urlOf(server);
  process.kill(-server.pid, "SIGINT");
  expect(await server.ended).toBe(0);
  expect(server.out()).toContain("Stopped.");
});

test("an uncaught exception is told, the server stops in order, and the exit code says so", async () => {
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder() } });
  await fetch(`${await urlOf(server)}/fault`);
  expect(await server.ended).toBe(1);
  expect(server.err()).toContain("a seeded fault");
});

test("a server whose output nobody reads any more goes on, and still ends after a fault", async () => {
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder() } });
  const url = await urlOf(server);
  server.child.stdout?.destroy();
  server.child.stderr?.destroy();
  expect(await count(url)).toBe(1);
  await fetch(`${url}/fault`);
  // `ended` waits for the streams, which are gone.
  await expect.poll(() => server.child.exitCode, { timeout: 10_000 }).toBe(1);
});

const refusals: [string, () => Promise<{ env: Record<string, string> }>, keyof typeof exitCodes, string][] = [
  ["a wrong setting", async () => ({ env: { PORT: "x", LANDFALL_DB_PREPARE: "x" } }), "config_invalid", "PORT: "],
  ["a database that is down", async () => down(), "database_unreachable", "does not accept connections"],
  ["a taken port", async () => takenPort(), "port_taken", "is taken"],
  ["a foreign schema", async () => foreignSchema(), "schema_foreign", "that Landfall did not make"],
  ["a newer schema", async () => newerSchema(), "schema_newer", "newer Landfall"],
  ["another master key", async () => otherKey(), "master_key_wrong", "is not the key"],
  [
    "a file as data folder",
    async () => ({ env: { LANDFALL_DATA_DIR: "/etc/passwd" } }),
    "data_dir_refused",
    "/etc/passwd",
  ],
];

test.each(refusals)("%s is refused with its exit code and no stack", async (_name, prepare, reason, says) => {
  const { env } = await prepare();
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder(), ...env } });
  expect(await server.ended).toBe(exitCodes[reason].code);
  expect(server.err()).toContain(says);
  expect(server.err()).not.toContain("    at ");
});

test("a plain role on a given database with other people's tables works, and nothing embedded starts", async () => {
  await clean();
  await asSuperuser(database.connection.host as string, "CREATE TABLE public.theirs (n int)", database.name);
  const dataDir = folder();
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: dataDir, DATABASE_URL: database.url } });
  expect(await get(`${await urlOf(server)}/`)).toBe(200);
  expect(statSync(join(dataDir, "pg"), { throwIfNoEntry: false })).toBeUndefined();
  expect(await server.stop()).toBe(0);
});

test("with database and master key from outside the data folder may be unwritable", async () => {
  await clean();
  // Below a file: nobody can make a folder there, not even root.
  const env = { ...free, LANDFALL_DATA_DIR: "/etc/passwd/below", DATABASE_URL: database.url };
  const refused = run(["start"], { env });
  expect(await refused.ended).toBe(exitCodes.data_dir_refused.code);
  expect(refused.err()).toContain("or give LANDFALL_MASTER_KEY");
  const server = run(["start"], { env: { ...env, LANDFALL_MASTER_KEY: "11".repeat(32) } });
  await server.says("landfall setup-url makes a link");
});

test("a given database that restarts is found again within 10 s", async () => {
  await clean();
  const env = { ...free, LANDFALL_DATA_DIR: folder(), DATABASE_URL: database.url };
  const server = run(["start"], { env });
  const url = await urlOf(server);
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`;
  await asSuperuser(database.connection.host as string, text);
  await expect.poll(() => get(`${url}/`), { timeout: 10_000 }).toBe(200);
});

async function clean(): Promise<void> {
  await database.db.query({ text: "DROP SCHEMA IF EXISTS landfall CASCADE" });
}

async function down() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { env: { DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/d`, LANDFALL_DB_START_TIMEOUT_MS: "0" } };
}

async function takenPort() {
  await clean();
  const server = createServer().unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { env: { PORT: String(port), DATABASE_URL: database.url } };
}

async function foreignSchema() {
  await clean();
  await database.db.query({ text: "CREATE SCHEMA landfall" });
  return { env: { DATABASE_URL: database.url } };
}

async function newerSchema() {
  await clean();
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder(), DATABASE_URL: database.url } });
  await urlOf(server);
  await server.stop();
  await database.db.query({ text: "INSERT INTO landfall.migration (name) VALUES ('9000_future')" });
  return { env: { DATABASE_URL: database.url } };
}

async function otherKey() {
  await clean();
  const env = { DATABASE_URL: database.url, LANDFALL_MASTER_KEY: "11".repeat(32) };
  const server = run(["start"], { env: { ...free, LANDFALL_DATA_DIR: folder(), ...env } });
  await urlOf(server);
  await server.stop();
  return { env: { ...env, LANDFALL_MASTER_KEY: "22".repeat(32) } };
}
