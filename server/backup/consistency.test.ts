// A backup under fire: writers go on, and the file shows one moment.
import { beforeAll, expect, test } from "vitest";
import { fillWorld } from "../../test/support/backup-world.ts";
import { testDatabase } from "../../test/support/database.ts";
import type { ArchiveTable } from "./archive-format.ts";
import { readArchive } from "./archive-read.ts";
import { takeBackup } from "./tools.ts";

const accounts = 50;
const database = testDatabase();
const wide = testDatabase();

beforeAll(async () => {
  await fillWorld(database.db, accounts);
  await database.db.query({ text: "DELETE FROM public.posts" });
  await database.db.query({ text: "UPDATE public.people SET name = '1000'" });
});

/** Moves money from one row to another, in one transaction, for ever. */
async function transfer(stopped: () => boolean): Promise<number> {
  let done = 0;
  for (; !stopped(); done++) {
    const [a, b] = [1 + Math.floor(Math.random() * accounts), 1 + Math.floor(Math.random() * accounts)].sort((x, y) => x - y); // biome-ignore format: one line
    await database.db.transaction(async (tx) => {
      await tx.query({
        text: "UPDATE public.people SET name = (name::int - 7)::text WHERE id = $1",
        values: [`p${a}`],
      });
      await tx.query({
        text: "UPDATE public.people SET name = (name::int + 7)::text WHERE id = $1",
        values: [`p${b}`],
      });
      // A second table that must agree with the first.
      await tx.query({ text: "INSERT INTO public.empty (id, a) SELECT 't' || nextval('landfall.seq'), sum(name::int)::text FROM public.people" }); // biome-ignore format: one statement
    });
  }
  return done;
}

test("writers go on while a backup is taken, and it holds one moment of all tables", async () => {
  let stopped = false;
  const writers = Array.from({ length: 6 }, () => transfer(() => stopped));
  const seen: { sum: number; moves: number }[] = [];
  const locks = new Set<string>();
  const watch = (async () => {
    const other = database.open({ max: 1 });
    while (!stopped) {
      const rows = await other.query<{ mode: string }>({ text: "SELECT DISTINCT mode FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'landfall backup' AND a.datname = current_database() AND l.locktype = 'relation'" }); // biome-ignore format: one statement
      for (const { mode } of rows) locks.add(mode);
    }
  })();
  for (let n = 0; n < 6; n++) {
    const parts: Buffer[] = [];
    await takeBackup({ connection: database.connection, sink: async (bytes) => void parts.push(bytes) });
    const tables = await rowsOf(Buffer.concat(parts));
    const sum = (tables.get("people") ?? []).reduce((all, row) => all + Number(row.name), 0);
    const logged = tables.get("empty") ?? [];
    seen.push({ sum, moves: logged.length });
  }
  stopped = true;
  const moves = (await Promise.all(writers)).reduce((all, done) => all + done, 0);
  await watch;
  expect(seen.map((one) => one.sum)).toEqual(seen.map(() => accounts * 1000));
  expect(moves).toBeGreaterThan(seen.length);
  expect((seen.at(-1)?.moves ?? 0) > (seen[0]?.moves ?? 0)).toBe(true);
  expect([...locks]).toEqual(["AccessShareLock"]);
}, 60_000);

test("a definition that changes while a backup begins is in it or not, never half", async () => {
  await fillWorld(wide.db, 20);
  let stopped = false;
  const changing = (async () => {
    for (let n = 0; !stopped; n++)
      await wide.db.transaction(async (tx) => {
        await tx.query({ text: "UPDATE landfall.schema_version SET version = version + 1" });
        await tx.query({ text: `ALTER TABLE public.people ADD COLUMN IF NOT EXISTS x${n} text DEFAULT md5('${n}')` });
        await tx.query({ text: `ALTER TABLE public.people ALTER COLUMN x${n} TYPE varchar(40)` });
        await tx.query({ text: `ALTER TABLE public.people DROP COLUMN x${n}` });
      });
  })();
  for (let n = 0; n < 4; n++) {
    const parts: Buffer[] = [];
    const { totals, header } = await takeBackup({
      connection: wide.connection,
      sink: async (bytes) => void parts.push(bytes),
    });
    expect(totals[header.tables.findIndex((table) => table.name === "people")]?.rows).toBe(20);
  }
  stopped = true;
  await changing;
}, 60_000);

async function rowsOf(bytes: Buffer): Promise<Map<string, Record<string, string>[]>> {
  const tables = new Map<string, Record<string, string>[]>();
  async function* whole() {
    yield bytes;
  }
  await readArchive(whole(), undefined, {
    async table(table: ArchiveTable, text) {
      let all = "";
      for await (const chunk of text) all += chunk.toString();
      const rows = all.split("\n").slice(0, -1);
      tables.set(table.name, rows.map((row) => Object.fromEntries(row.split("\t").map((value, at) => [table.columns[at], value])))); // biome-ignore format: one line
    },
  });
  return tables;
}
