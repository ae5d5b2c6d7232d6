// The way back, from outside: commands on real databases and servers, killed in the middle too.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { readBackupFile, restoreBackup, takeBackup, writeBackupFile } from "../../server/backup/tools.ts";
import { createDb, type PooledDb } from "../../server/kernel/db/pool.ts";
import { exitCodes } from "../../server/kernel/exit.ts";
import { checksums, fillWorld } from "../support/backup-world.ts";
import { asSuperuser, testDatabase } from "../support/database.ts";
import { poolDefaults } from "../support/pool-defaults.ts";
import { call, masterKey, type ServerProcess, startServer } from "../support/server.ts";

const source = testDatabase();
const killed = testDatabase({ empty: true });
const folder = mkdtempSync(join(tmpdir(), "lf-backups-"));
const file = join(folder, "one.lfbackup");
const large = join(folder, "large.lfbackup");
const email = "owner@example.com";
const password = "correct horse battery";
const passphrase = "a passphrase of a backup";
const made: { name: string; db: PooledDb }[] = [];
let key = "";
let listed = "";
let etag = "";

const settings = { LANDFALL_MASTER_KEY: masterKey, LANDFALL_ADMIN_EMAIL: email, LANDFALL_ADMIN_PASSWORD: password };
const list = "/v1/collections/posts/records?limit=1000&sort=title";
const connectionOf = (database: string) => ({ host: inject("postgresHost"), user: "landfall", database });
const urlOf = (database: string) => `postgres://landfall@localhost/${database}?host=${encodeURIComponent(inject("postgresHost"))}`; // biome-ignore format: one line

/** An empty database, gone with the file. */
async function fresh(name: string): Promise<PooledDb> {
  await asSuperuser(inject("postgresHost"), `CREATE DATABASE ${name} OWNER landfall`);
  const db = createDb({ ...poolDefaults, connection: connectionOf(name), max: 2 });
  made.push({ name, db });
  return db;
}

async function withServer<T>(url: string, work: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = await startServer({ ...settings, DATABASE_URL: url, LANDFALL_RATE_PER_CREDENTIAL: "0" });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function signIn(server: ServerProcess): Promise<string> {
  const answer = await call(server.url, "POST", "/v1/admin/sign-in", { email, password }, { as: null });
  expect(answer.status).toBe(200);
  return answer.json.token;
}

beforeAll(async () => {
  await fillWorld(source.db, 60);
  await source.db.query({ text: "DELETE FROM landfall.admin" });
  await withServer(source.url, async (server) => {
    const token = await signIn(server);
    const body = { name: "reader", collections: { posts: ["list", "create"] } };
    const answer = await call(server.url, "POST", "/v1/api-keys", body, { as: token });
    expect(answer.status).toBe(201);
    key = answer.json.secret;
    const page = await call(server.url, "GET", list, undefined, { as: key });
    expect(page.status).toBe(200);
    [listed, etag] = [page.text, page.headers.get("etag") ?? ""];
  });
  await writeBackupFile(file, (sink) => takeBackup({ connection: source.connection, sink }));
}, 240_000);

afterAll(async () => {
  for (const { name, db } of made) {
    await db.stop();
    await asSuperuser(inject("postgresHost"), `DROP DATABASE ${name} WITH (FORCE)`);
  }
  rmSync(folder, { recursive: true, force: true });
});

test("U05 20 restores, each of the one before: checksums equal; then keys, sign-in and lists as before", async () => {
  const wanted = await checksums(source.db);
  let from = source.connection;
  let last = source.name;
  for (let n = 1; n <= 20; n++) {
    const next = join(folder, `chain-${n}.lfbackup`);
    const secret = n % 5 === 0 ? passphrase : undefined;
    await writeBackupFile(next, (sink) => takeBackup({ connection: from, sink, passphrase: secret }));
    last = `chain_${n}_${source.name}`;
    const db = await fresh(last);
    from = connectionOf(last);
    await restoreBackup({ connection: from, read: () => readBackupFile(next), passphrase: secret });
    expect(await checksums(db), `restore ${n}`).toEqual(wanted);
    rmSync(next);
  }
  await withServer(urlOf(last), async (server) => {
    const page = await call(server.url, "GET", list, undefined, { as: key });
    expect(page.status).toBe(200);
    expect(page.text).toBe(listed);
    // The same rows, another history: what a client kept of the old one is worth nothing.
    expect(page.headers.get("etag")).not.toBe(etag);
    const token = await signIn(server);
    expect((await call(server.url, "GET", "/v1/api-keys", undefined, { as: token })).json.items).toHaveLength(2);
    const author = { author: "p1", title: "after the restore" };
    const created = await call(server.url, "POST", "/v1/collections/posts/records", author);
    expect(created.status).toBe(201);
    expect(created.json.version).toBeGreaterThan(20 * 2 ** 32);
  });
}, 240_000);

test("a session that was open when the backup was taken does not come back", async () => {
  const open = await withServer(source.url, signIn);
  const next = join(folder, "sessions.lfbackup");
  await writeBackupFile(next, (sink) => takeBackup({ connection: source.connection, sink }));
  const name = `sessions_${source.name}`;
  await fresh(name);
  await restoreBackup({ connection: connectionOf(name), read: () => readBackupFile(next) });
  await withServer(urlOf(name), async (server) => {
    expect((await call(server.url, "GET", "/v1/admin/me", undefined, { as: open })).status).toBe(401);
  });
}, 60_000);

function landfall(args: readonly string[], database: string) {
  return command(args, { LANDFALL_DATA_DIR: join(folder, "data"), LANDFALL_MASTER_KEY: masterKey, DATABASE_URL: urlOf(database) }); // biome-ignore format: one line
}

function command(args: readonly string[], settings: Record<string, string>) {
  const env = { PATH: process.env.PATH ?? "", ...settings };
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../server/bin/landfall.mjs"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const ended = new Promise<number | string>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? ""))); // biome-ignore format: one line
  return { child, ended, out: () => out, err: () => err };
}

/** Enough that a backup and a restore take a while. */
async function grow(): Promise<void> {
  await source.db.query({ text: "ALTER TABLE public.empty DISABLE TRIGGER USER" });
  await source.db.query({ text: "INSERT INTO public.empty (id, a) SELECT 'e' || n, (SELECT string_agg(md5(n::text || k::text), '') FROM generate_series(1, 16) k) FROM generate_series(1, 30000) n" }); // biome-ignore format: one statement
  await source.db.query({ text: "ALTER TABLE public.empty ENABLE TRIGGER USER" });
}

test("kill -9 in the middle of a backup leaves no file under its name", async () => {
  await grow();
  for (const [n, bytes] of [1, 500_000, 4_000_000].entries()) {
    const half = join(folder, `half-${n}.lfbackup`);
    const backup = landfall(["backup", half], source.name);
    await expect.poll(() => (existsSync(`${half}.part`) ? statSync(`${half}.part`).size : 0), { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(bytes); // biome-ignore format: one line
    backup.child.kill("SIGKILL");
    expect(await backup.ended).toBe("SIGKILL");
    expect(existsSync(half)).toBe(false);
  }
  // The draft of a killed backup is in nobody's way.
  const again = landfall(["backup", join(folder, "half-0.lfbackup")], source.name);
  expect([await again.ended, again.err()]).toEqual([0, expect.stringContaining("not encrypted")]);
  expect(readdirSync(folder)).not.toContain("half-0.lfbackup.part");
}, 240_000);

test("kill -9 in the middle of a restore leaves an empty database, into which the next restore goes", async () => {
  await writeBackupFile(large, (sink) => takeBackup({ connection: source.connection, sink }));
  const state = `SELECT coalesce(string_agg(query, ';'), '') AS query FROM pg_stat_activity WHERE application_name = 'landfall restore' AND datname = current_database()`;
  const running = async () => (await killed.db.query<{ query: string }>({ text: state }))[0]?.query ?? "";
  for (const stage of [/CREATE|COPY landfall/, /COPY public/, /CREATE INDEX|ALTER TABLE|setval|CREATE OR REPLACE/i]) {
    const restore = landfall(["restore", large], killed.name);
    await expect.poll(running, { timeout: 30_000, interval: 3 }).toMatch(stage);
    restore.child.kill("SIGKILL");
    expect(await restore.ended).toBe("SIGKILL");
    await expect.poll(running, { timeout: 30_000 }).toBe("");
    const left = await killed.db.query({ text: "SELECT FROM pg_namespace WHERE nspname = 'landfall' UNION ALL SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace" }); // biome-ignore format: one statement
    expect(left).toEqual([]);
  }
  const whole = landfall(["restore", large], killed.name);
  expect([await whole.ended, whole.err()]).toEqual([0, ""]);
  const again = landfall(["restore", file, "--json"], killed.name);
  expect(await again.ended).toBe(exitCodes.database_not_empty.code);
}, 240_000);

test("backup verify restores into a database of its own, compares, and says what a loss would cost", async () => {
  const verify = landfall(["backup", "verify", file, "--json"], killed.name);
  expect([await verify.ended, verify.err()]).toEqual([0, ""]);
  expect(JSON.parse(verify.out())).toMatchObject({ where: "embedded", masterKey: "opens it", encrypted: false, rows: expect.any(Number), rpoMs: expect.any(Number), rtoMs: expect.any(Number) }); // biome-ignore format: one line
}, 240_000);

test("from a Postgres of one's own to an embedded one and back, the master key in the encrypted file", async () => {
  const [there, back] = [join(folder, "there.lfbackup"), join(folder, "back.lfbackup")];
  const small = await fresh(`small_${source.name}`);
  const wanted = await checksums(made.find(({ name }) => name === `chain_20_${source.name}`)?.db as PooledDb);
  const secret = { LANDFALL_BACKUP_PASSPHRASE: passphrase };
  const own = { ...secret, LANDFALL_MASTER_KEY: masterKey, LANDFALL_DATA_DIR: join(folder, "own") };
  const embedded = { ...secret, LANDFALL_DATA_DIR: join(folder, "embedded") };
  const ends = async (args: string[], settings: Record<string, string>) => {
    const run = command(args, settings);
    expect([await run.ended, run.err()]).toEqual([0, expect.not.stringContaining(" at ")]);
    return run.err();
  };
  await ends(["backup", there, "--with-master-key"], { ...own, DATABASE_URL: urlOf(`chain_20_${source.name}`) });
  expect(await ends(["restore", there], embedded)).toContain("the master key came with the file");
  expect(readFileSync(join(folder, "embedded", "master.key"), "utf8").trim()).toBe(masterKey);
  await ends(["backup", back], embedded);
  await ends(["restore", back], { ...own, DATABASE_URL: urlOf(`small_${source.name}`) });
  expect(await checksums(small)).toEqual(wanted);
}, 240_000);
