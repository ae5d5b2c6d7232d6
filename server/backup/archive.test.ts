// Damaged, cut off, foreign and forged files, all refused before a database is touched, in bounded memory.
import { hash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { accidents, foreign, forged, layout, lies, noteOf, withNote } from "../../test/support/archive-damage.ts";
import { fillWorld } from "../../test/support/backup-world.ts";
import { testDatabase } from "../../test/support/database.ts";
import { seeded } from "../../test/support/random.ts";
import { frameTypes } from "./archive-format.ts";
import { readArchive } from "./archive-read.ts";
import { checkArchive, restoreBackup, takeBackup } from "./tools.ts";

const source = testDatabase();
const target = testDatabase({ empty: true });
const passphrase = "correct horse battery";
let plain = Buffer.alloc(0);
let sealed = Buffer.alloc(0);

beforeAll(async () => {
  await fillWorld(source.db);
  // More than one frame of a table.
  await source.db.query({ text: "INSERT INTO public.empty (id, a) SELECT 'e' || n, repeat(md5(n::text), 40) FROM generate_series(1, 1000) n" }); // biome-ignore format: one statement
  plain = await taken();
  sealed = await taken(passphrase);
});

async function taken(secret?: string): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  await takeBackup({
    connection: source.connection,
    sink: async (bytes) => void parts.push(bytes),
    passphrase: secret,
    cost: { memoryKiB: 64, passes: 1, lanes: 1 },
  });
  return Buffer.concat(parts);
}

/** In chunks of another size than any part of the file. */
async function* stream(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007);
}

const check = (bytes: Buffer, secret?: string) => checkArchive({ read: () => stream(bytes), passphrase: secret });

test("a whole file is read, and says what it holds", async () => {
  const contents = await check(plain);
  expect(contents.fileBytes).toBe(plain.length);
  expect(contents.totals).toHaveLength(contents.header.tables.length);
  expect(layout(plain).frames.filter((frame) => frame.type === frameTypes.data).length).toBeGreaterThan(8);
});

test("48 accidents, 32 of a plain file and 16 of an encrypted one, are each told as damage", async () => {
  const random = seeded(20_261_120);
  for (const [bytes, secret, count] of [[plain, undefined, 32], [sealed, passphrase, 16]] as const) // biome-ignore format: one table
    for (const { name, bytes: damaged } of take(accidents(bytes, random), count)) {
      if (damaged.equals(bytes)) continue;
      await expect(check(damaged, secret), name).rejects.toMatchObject({ name: "Exit", reason: "archive_refused" });
    }
});

test("files of others are refused", async () => {
  for (const { name, bytes } of foreign) await expect(check(bytes), name).rejects.toMatchObject({ reason: "archive_refused" }); // biome-ignore format: one line
  const dump = foreign.find(({ name }) => name === "a pg_dump")?.bytes as Buffer;
  await expect(check(dump)).rejects.toThrow("it is no backup of Landfall.");
});

test("lies with checksums that agree are refused, and the database stays empty", async () => {
  for (const { name, bytes } of lies(plain))
    await expect(restoreBackup({ connection: target.connection, read: () => stream(bytes) }), name).rejects.toMatchObject({ reason: "archive_refused" }); // biome-ignore format: one line
  const found = await target.db.query({ text: "SELECT FROM pg_namespace WHERE nspname = 'landfall' UNION ALL SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace" }); // biome-ignore format: one statement
  expect(found).toEqual([]);
});

test("rows that Postgres does not take leave the database empty", async () => {
  const bad = forged(plain, (frames) => {
    const at = frames.findIndex((frame) => frame.type === frameTypes.table && noteOf(frame).name === "people");
    const data = frames[at + 1] as { body: Buffer };
    data.body = Buffer.from(data.body.toString().replace(/^p1\t/m, "p2\t"));
    const end = frames[at + 2] as { body: Buffer };
    end.body = withNote({ ...noteOf(end), sha256: sha256(data.body) });
  });
  await check(bad);
  await expect(restoreBackup({ connection: target.connection, read: () => stream(bad) })).rejects.toThrow("Postgres does not take its rows"); // biome-ignore format: one line
});

test("a file of the next format says so", async () => {
  const text = JSON.stringify({ format: 2, anything: true });
  const head = Buffer.concat([plain.subarray(0, 8), Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  const newer = Buffer.concat([head, Buffer.from(sha256(head), "hex")]);
  await expect(check(newer)).rejects.toThrow("it has format 2 and this version reads 1: use a newer Landfall.");
});

test("bounded memory: an unpacking bomb is refused while it unpacks", async () => {
  const bombs = lies(plain).filter(({ name }) => name.includes("200 MB"));
  const before = process.memoryUsage.rss();
  for (const { bytes } of bombs) await expect(check(bytes)).rejects.toThrow("cannot be unpacked");
  expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
});

test("two encrypted files of one passphrase share no key, and a frame of one does not open in the other", async () => {
  const other = await taken(passphrase);
  const [a, b] = [layout(sealed), layout(other)];
  expect(sealed.subarray(0, a.prelude).equals(other.subarray(0, b.prelude))).toBe(false);
  const [one, two] = [a.frames[1], b.frames[1]];
  if (!one || !two) throw new Error("no frames");
  const spliced = Buffer.concat([
    sealed.subarray(0, one.at),
    other.subarray(two.at, two.end),
    sealed.subarray(one.end),
  ]);
  await expect(readArchive(stream(spliced), passphrase)).rejects.toThrow("was altered or is not in its place");
});

const sha256 = (bytes: Buffer): string => hash("sha256", bytes);

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}
