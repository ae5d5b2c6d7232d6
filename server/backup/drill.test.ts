// Where a rehearsal happens: on the server of DATABASE_URL when that has room for it, otherwise on a Postgres of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { poolDefaults } from "../../test/support/pool-defaults.ts";
import { definitionTools } from "../collections/definition-tools.ts";
import { createCollection } from "../collections/definition-write.ts";
import { migrate } from "../kernel/db/migrate.ts";
import { createDb } from "../kernel/db/pool.ts";
import { type EmbeddedPostgres, startEmbedded } from "../kernel/postgres/embedded.ts";
import { readBackupFile, writeBackupFile } from "./backup-file.ts";
import { takeBackup } from "./backup-take.ts";
import { runDrill } from "./drill.ts";

const folder = mkdtempSync(join(tmpdir(), "lf-drill-"));
const file = join(folder, "many.lfbackup");
let postgres: EmbeddedPostgres;
const server = () => ({ host: postgres.host, user: "postgres", database: "postgres" });

beforeAll(async () => {
  const settings = [
    "max_connections=10",
    "max_locks_per_transaction=10",
    "max_wal_senders=0",
    "max_worker_processes=2",
  ];
  postgres = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s"), settings });
  const db = createDb({ ...poolDefaults, connection: server(), max: 2 });
  await migrate(db);
  const tools = definitionTools({ lockTimeoutMs: 10_000 });
  for (let n = 0; n < 120; n++) {
    const whole = { name: `things${n}`, kind: "base", fields: [{ name: "a", type: "text" }], indexes: [], rules: {}, preconditionRequired: false }; // biome-ignore format: one definition
    await createCollection(db, whole as never, tools, { actor: "service", request: "setup" });
  }
  await writeBackupFile(file, (sink) => takeBackup({ connection: server(), sink }));
  await db.stop();
}, 120_000);
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a server with too few locks for so many tables is left alone: the rehearsal makes its own", async () => {
  const { where, tables } = await runDrill({ read: () => readBackupFile(file), server: server(), nowMs: Date.now() });
  expect({ where, tables }).toEqual({ where: "embedded", tables: expect.any(Number) });
  expect(tables).toBeGreaterThan(120);
}, 120_000);
