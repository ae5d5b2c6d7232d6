// A Postgres of the benchmark's own, with a captured and an uncaptured table of 300-byte rows, and its CPU time.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import {
  type ChangeLog,
  type ChangeLogSettings,
  createChangeLog,
  installCapture,
} from "../../../../server/kernel/changelog/index.ts";
import { migrate } from "../../../../server/kernel/db/migrate.ts";
import { createDb, type PooledDb } from "../../../../server/kernel/db/pool.ts";
import { startEmbedded } from "../../../../server/kernel/postgres/embedded.ts";

export interface Bench {
  readonly db: PooledDb;
  readonly connect: () => Promise<pg.Client>;
  changeLog(settings?: Partial<ChangeLogSettings>, connect?: () => Promise<pg.Client>): Promise<ChangeLog>;
  /** CPU seconds of all Postgres processes so far, those that have ended included. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

const columns = ["a", "b", "c", "d"];
const ddl = (table: string) => `CREATE TABLE public.${table} (id text COLLATE "C" PRIMARY KEY,
  "createdAt" timestamptz(3) NOT NULL DEFAULT now(), "updatedAt" timestamptz(3) NOT NULL DEFAULT now(),
  version int8 NOT NULL DEFAULT 1, a text, b text, c text, d text, n int8)`;

/** `plain` has no trigger, `stamped` only the system columns', `captured` all of it. */
export async function startBench(options: { readonly fsync: boolean; readonly connections?: number }): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "lf-bench-"));
  const postgres = await startEmbedded({
    dataDir: join(folder, "pg"),
    socketDir: join(folder, "s"),
    settings: [
      `fsync=${options.fsync ? "on" : "off"}`,
      "max_connections=100",
      "shared_buffers=256MB",
      "max_wal_size=4GB",
    ],
  });
  const connection = { host: postgres.host, user: "postgres", database: "postgres" };
  const limits = {
    statementTimeoutMs: 300_000,
    lockTimeoutMs: 30_000,
    idleInTransactionTimeoutMs: 60_000,
    acquireTimeoutMs: 30_000,
  };
  const db = createDb({ connection, max: options.connections ?? 10, prepare: true, ...limits });
  await migrate(db);
  await db.transaction(async (tx) => {
    for (const table of ["plain", "stamped", "captured"]) await tx.query({ text: ddl(table) });
    await tx.query({
      text: "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON public.stamped FOR EACH ROW EXECUTE FUNCTION landfall.stamp()",
    });
    const captured = [
      ...columns.map((name) => ({ name, type: "text", sealed: false })),
      { name: "n", type: "int8", sealed: false },
    ];
    await installCapture(tx, { id: 1, table: "captured", schemaVersion: 1, columns: captured, joins: [] });
  });
  const connect = async () => {
    const client = new pg.Client({ ...connection, pipeline: true } as pg.ClientConfig);
    await client.connect();
    return client;
  };
  return {
    db,
    connect,
    async changeLog(settings = {}, connectWith = connect) {
      const log = createChangeLog({ db, connect: connectWith, log: pino({ level: "silent" }), settings });
      await log.run();
      return log;
    },
    cpuSeconds: () => cpuOf(postgres.pid),
    async stop() {
      await db.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ticksPerSecond = 100;

function cpuOf(postmaster: number): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      const [parent, own, ended] = [
        fields[1],
        (fields[11] ?? 0) + (fields[12] ?? 0),
        (fields[13] ?? 0) + (fields[14] ?? 0),
      ];
      if (Number(pid) === postmaster) ticks += own + ended;
      else if (parent === postmaster) ticks += own;
    } catch {
      // Ended between the listing and the reading.
    }
  }
  return ticks / ticksPerSecond;
}

export const insertRows = (table: string, count: number) => ({
  text: `INSERT INTO public.${table} (id, a, b, c, d, n)
         SELECT 'row' || n, repeat('a', 60), repeat('b', 60), repeat('c', 60), repeat('d', 60), n FROM generate_series(1, ${count}) n`,
});

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN);
}

export const rounded = (value: number) => Math.round(value * 100) / 100;

/** The last line of a benchmark: its figures. */
export function report(bench: string, figures: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ bench: `changelog/${bench}`, ...figures })}\n`);
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
