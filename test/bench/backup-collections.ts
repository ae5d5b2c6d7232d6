// `npm run bench backup-collections`: a project of many collections: how long it takes to save, to rehearse and to restore it,
// and how far the process grows. COLLECTIONS says how many (1,000); each has nine fields, two indexes, a relation and 20 records.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkArchive, lockSettings, readBackupFile, restoreBackup, runDrill, takeBackup, writeBackupFile } from "../../server/backup/tools.ts"; // biome-ignore format: one line
import { definitionTools } from "../../server/collections/definition-tools.ts";
import { createCollection } from "../../server/collections/definition-write.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import { migrate } from "../../server/kernel/db/migrate.ts";
import { createDb } from "../../server/kernel/db/pool.ts";
import { openCluster } from "../../server/kernel/postgres/cluster.ts";
import { poolDefaults } from "../support/pool-defaults.ts";

const collections = Number(process.env.COLLECTIONS ?? 1_000);
const folder = mkdtempSync(join(tmpdir(), "lfc-"));
const file = join(folder, "many.lfbackup");
const read = () => readBackupFile(file);
const seconds = (ms: number) => Math.round(ms / 100) / 10;
const rssBefore = process.memoryUsage.rss();
let rssMost = rssBefore;
const watch = setInterval(() => {
  rssMost = Math.max(rssMost, process.memoryUsage.rss());
}, 50);

try {
  const source = await openCluster({ dataDir: join(folder, "source"), create: true });
  const db = createDb({ ...poolDefaults, statementTimeoutMs: 600_000, connection: source.connection, max: 2 });
  await migrate(db);
  const madeMs = await timed(() => fill(db));
  rssMost = rssBefore;
  const takeMs = await timed(() =>
    writeBackupFile(file, (sink) => takeBackup({ connection: source.connection, sink })),
  );
  await db.stop();
  await source.stop();
  const checked = await checkArchive({ read });
  const settings = lockSettings(checked.header);
  const target = await openCluster({ dataDir: join(folder, "target"), create: true, settings });
  const restoreMs = await timed(() => restoreBackup({ connection: target.connection, read, checked }));
  await target.stop();
  const verifyMs = await timed(() => runDrill({ read, nowMs: Date.now() }));
  const grewMb = Math.round((rssMost - rssBefore) / 1e6);
  const { trailer, header } = checked;
  const figures = { collections, tables: header.tables.length, rows: trailer.rows, fileKilobytes: Math.round(statSync(file).size / 1e3), madeSeconds: seconds(madeMs), takeSeconds: seconds(takeMs), restoreSeconds: seconds(restoreMs), verifySeconds: seconds(verifyMs), memoryGrewMegabytes: grewMb, settings }; // biome-ignore format: one line
  process.stdout.write(`${JSON.stringify({ bench: "backup-collections", figures })}\n`);
} finally {
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true });
}

async function fill(db: Db): Promise<void> {
  const tools = definitionTools({ lockTimeoutMs: 30_000 });
  const tags = { actor: "service", request: "bench" };
  for (let n = 0; n < collections; n++) {
    const definition = {
      name: `things${n}`,
      kind: "base",
      fields: [
        ...["title", "body", "status"].map((name) => ({ name, type: "text" })),
        ...["likes", "rank"].map((name) => ({ name, type: "integer" })),
        { name: "open", type: "bool" },
        { name: "price", type: "decimal" },
        { name: "due", type: "datetime" },
        { name: "next", type: "relation", collection: `things${Math.max(0, n - 1)}` },
      ],
      indexes: [{ fields: ["status", "createdAt"] }, { fields: ["title"], unique: true }],
      rules: {},
      preconditionRequired: false,
    };
    await createCollection(db, definition as never, tools, tags);
    await db.query({ text: `INSERT INTO public.things${n} (id, title, likes) SELECT 't' || k, 'title ' || k, k FROM generate_series(1, 20) k` }); // biome-ignore format: one statement
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
