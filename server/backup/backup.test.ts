// Backup and restore on real databases: what comes back is what was there, and what must not be touched is not.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checksums, fillWorld, shape } from "../../test/support/backup-world.ts";
import { asSuperuser, testDatabase } from "../../test/support/database.ts";
import { type ChangeLog, createChangeLog } from "../kernel/changelog/index.ts";
import { openMasterKey } from "../kernel/master-key.ts";
import type { Sink } from "./archive-write.ts";
import { judgeMasterKey } from "./restore-judge.ts";
import { readBackupFile, restoreBackup, runDrill, takeBackup, writeBackupFile } from "./tools.ts";

const source = testDatabase();
const target = testDatabase({ empty: true });
const second = testDatabase({ empty: true });
const folder = mkdtempSync(join(tmpdir(), "lf-backup-"));
const file = join(folder, "all.lfbackup");
const masterKey = Buffer.alloc(32, 7);

beforeAll(async () => {
  await openMasterKey(source.db, { given: masterKey, dataDir: folder });
  await fillWorld(source.db);
  await writeBackupFile(file, (sink) => takeBackup({ connection: source.connection, sink }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (path = file) => ({ read: () => readBackupFile(path) });
const count = async (db: typeof source.db, text: string) => (await db.query<{ n: number }>({ text }))[0]?.n;

test("U05 a restored database has the same rows, the same shape, and a log of its own", async () => {
  const { contents } = await restoreBackup({ connection: target.connection, ...read() });
  expect(contents.trailer.rows).toBeGreaterThan(900);
  expect(await checksums(target.db)).toEqual(await checksums(source.db));
  expect(await shape(target.db)).toEqual(await shape(source.db));
  const versions = "SELECT last_value AS n FROM landfall.version";
  expect(await count(target.db, versions)).toBeGreaterThanOrEqual(Number(await count(source.db, versions)) + 2 ** 32);
  expect(await count(target.db, "SELECT count(*) AS n FROM landfall.change")).toBe(0);
  expect(await target.db.query({ text: "SELECT reason FROM landfall.epoch" })).toEqual([{ reason: "restored" }]);
});

test("a restored database captures what is written to it, with versions above all earlier ones", async () => {
  await target.db.query({ text: "UPDATE public.posts SET likes = 5 WHERE id = 'x1'" });
  await target.db.query({ text: "INSERT INTO public.posts__readers VALUES ('x2', 'p9', 9)" });
  const entries = await target.db.query<{ id: string; version: number }>({ text: "SELECT id, version FROM landfall.change ORDER BY seq" }); // biome-ignore format: one line
  expect(entries.map((entry) => entry.id)).toEqual(["x1", "x2"]);
  expect(Number(entries[0]?.version)).toBeGreaterThan(2 ** 32);
  await expect(target.db.query({ text: "UPDATE public.posts SET author = 'nobody' WHERE id = 'x1'" })).rejects.toThrow("author_fkey"); // biome-ignore format: one line
});

test("a cursor into the log of before is answered resync_required", async () => {
  const withLog = async <T>(db: typeof source, work: (log: ChangeLog) => Promise<T>): Promise<T> => {
    const connect = async () => {
      const client = new pg.Client({ ...db.connection, pipeline: true } as pg.ClientConfig);
      await client.connect();
      return client;
    };
    const log = createChangeLog({ db: db.db, connect, log: pino({ level: "silent" }) });
    await log.run();
    try {
      return await work(log);
    } finally {
      await log.stop();
    }
  };
  const cursor = await withLog(source, async (log) => log.head());
  expect(await withLog(target, (log) => log.read(cursor))).toEqual({ kind: "resync", reason: "epoch" });
  const own = await withLog(target, async (log) => log.head());
  expect(await withLog(target, (log) => log.read(own))).toMatchObject({ kind: "entries" });
});

test("a restored collection's id is not handed out again, nor that of one dropped before the backup", async () => {
  const next = "SELECT nextval('landfall.collection_id_seq') AS n";
  expect(await count(target.db, next)).toBeGreaterThan(Number(await count(target.db, "SELECT max(id) AS n FROM landfall.collection"))); // biome-ignore format: one line
});

test("a database that holds something is refused by name and left alone", async () => {
  const before = await checksums(target.db);
  await expect(restoreBackup({ connection: target.connection, ...read() })).rejects.toMatchObject({
    reason: "database_not_empty",
    message: expect.stringMatching(/the schema landfall, public\.empty, public\.people/),
  });
  expect(await checksums(target.db)).toEqual(before);
  await second.db.query({ text: "CREATE TABLE public.theirs (n int)" });
  await expect(restoreBackup({ connection: second.connection, ...read() })).rejects.toThrow("holds public.theirs:");
  await second.db.query({ text: "DROP TABLE public.theirs" });
});

test("a file that changes between the check and the restore leaves the database empty", async () => {
  const bytes = readFileSync(file);
  const bad = join(folder, "bad.lfbackup");
  writeFileSync(bad, bytes);
  let reads = 0;
  const options = {
    connection: second.connection,
    read: () => {
      if (reads++ > 0) writeFileSync(bad, Buffer.concat([bytes.subarray(0, -200), Buffer.alloc(200)]));
      return readBackupFile(bad);
    },
  };
  await expect(restoreBackup(options)).rejects.toMatchObject({ reason: "archive_refused" });
  expect(await isEmpty(second.db)).toBe(true);
});

test("a restore that fails at its very end leaves the database empty, and the next one works", async () => {
  const late = async () => {
    throw new Error("late");
  };
  await expect(restoreBackup({ connection: second.connection, ...read(), beforeCommit: late })).rejects.toThrow("late");
  expect(await isEmpty(second.db)).toBe(true);
  await restoreBackup({ connection: second.connection, ...read() });
  expect(await checksums(second.db)).toEqual(await checksums(source.db));
});

test("an encrypted file opens with its passphrase only, shows no text, and may carry the master key", async () => {
  const sealed = join(folder, "sealed.lfbackup");
  const passphrase = "correct horse battery";
  await writeBackupFile(sealed, (sink) => takeBackup({ connection: source.connection, sink, passphrase, masterKey }));
  expect(readFileSync(sealed).includes("migrations")).toBe(false);
  const { checkArchive } = await import("./tools.ts");
  await expect(checkArchive({ ...read(sealed), passphrase: "wrong horse battery" })).rejects.toMatchObject({ reason: "passphrase_wrong" }); // biome-ignore format: one line
  await expect(checkArchive(read(sealed))).rejects.toThrow("it is encrypted; set LANDFALL_BACKUP_PASSPHRASE");
  const { header, encrypted } = await checkArchive({ ...read(sealed), passphrase });
  expect(encrypted).toBe(true);
  expect(judgeMasterKey(header, { given: undefined, dataDir: join(folder, "none") })).toEqual({ key: masterKey, fromFile: true }); // biome-ignore format: one line
});

test("another master key, or none, is refused with what to do", async () => {
  const { checkArchive } = await import("./tools.ts");
  const { header } = await checkArchive(read());
  const none = join(folder, "none");
  const judge = (given?: Buffer) => () => judgeMasterKey(header, { given, dataDir: none });
  expect(judge(masterKey)()).toEqual({ key: masterKey, fromFile: false });
  expect(judge()).toThrow(`a master key that is not here: set LANDFALL_MASTER_KEY to it, or put it into ${none}/master.key. Nothing was changed.`); // biome-ignore format: one line
  expect(judge(Buffer.alloc(32, 8))).toThrow("sealed with another master key than the one in LANDFALL_MASTER_KEY");
  expect(readFileSync(file).includes(masterKey)).toBe(false);
});

test("a drill on a server whose role may create databases leaves none behind, whether it holds or not", async () => {
  const role = `drill_${source.name}`;
  const host = String(source.connection.host);
  await asSuperuser(host, `CREATE ROLE ${role} LOGIN CREATEDB`);
  const server = { ...source.connection, user: role };
  try {
    const drill = await runDrill({ ...read(), server, nowMs: Date.now() + 60_000 });
    expect(drill).toMatchObject({ where: "server", tables: drill.contents.header.tables.length });
    expect(drill.rpoMs).toBeGreaterThan(60_000);
    const bytes = readFileSync(file);
    let reads = 0;
    const changing = async function* () {
      yield reads++ === 0 ? bytes : bytes.subarray(0, -1);
    };
    await expect(runDrill({ read: changing, server, nowMs: 0 })).rejects.toMatchObject({ reason: "archive_refused" });
    const { rows } = await asSuperuser(host, `SELECT datname FROM pg_database WHERE datdba = '${role}'::regrole`);
    expect(rows).toEqual([]);
  } finally {
    await asSuperuser(host, `DROP ROLE ${role}`);
  }
});

test("a backup that breaks off leaves no file, and one that is whole is its owner's alone", async () => {
  const broken = join(folder, "broken.lfbackup");
  const failing = writeBackupFile(broken, async (sink: Sink) => {
    let left = 3;
    return takeBackup({
      connection: source.connection,
      sink: async (bytes) => {
        if (left-- === 0) throw new Error("the disk is gone");
        await sink(bytes);
      },
    });
  });
  await expect(failing).rejects.toThrow("the disk is gone");
  expect(readdirSync(folder).filter((name) => name.startsWith("broken"))).toEqual([]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(writeBackupFile(join(folder, "no", "x"), (sink) => takeBackup({ connection: source.connection, sink }))).rejects.toMatchObject({ reason: "file_unusable" }); // biome-ignore format: one line
});

test("a backup that is stopped in the middle of a large table ends at once, and its connection with it", async () => {
  await source.db.query({ text: "ALTER TABLE public.empty DISABLE TRIGGER USER" });
  await source.db.query({ text: "INSERT INTO public.empty (id, a) SELECT 'z' || n, repeat(md5(n::text), 60) FROM generate_series(1, 20000) n" }); // biome-ignore format: one statement
  const controller = new AbortController();
  let bytes = 0;
  const stopped = takeBackup({
    connection: source.connection,
    signal: controller.signal,
    sink: async (chunk) => {
      bytes += chunk.length;
      if (bytes > 100_000) controller.abort(new Error("stopped"));
    },
  });
  await expect(stopped).rejects.toThrow("stopped");
  const left = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'landfall backup' AND datname = current_database()"; // biome-ignore format: one line
  await expect.poll(() => count(source.db, left), { timeout: 20_000 }).toBe(0);
  await source.db.query({ text: "DELETE FROM public.empty" });
  await source.db.query({ text: "ALTER TABLE public.empty ENABLE TRIGGER USER" });
});

test("what is no collection's is named, and stays out", async () => {
  await source.db.query({ text: "CREATE TABLE public.theirs (n int)" });
  await source.db.query({ text: "ALTER TABLE public.people ADD COLUMN theirs int" });
  const { header } = await takeBackup({ connection: source.connection, sink: async () => {} });
  expect(header.notices).toEqual([
    "public.people: theirs is no field of the collection and is not in the backup.",
    "public.theirs is no collection and is not in the backup.",
  ]);
  await source.db.query({ text: "DROP TABLE public.theirs" });
  await source.db.query({ text: "ALTER TABLE public.people DROP COLUMN theirs" });
});

async function isEmpty(db: typeof source.db): Promise<boolean> {
  const found = await db.query({
    text: `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace
           UNION ALL SELECT FROM pg_namespace WHERE nspname = 'landfall'`,
  });
  return found.length === 0;
}
