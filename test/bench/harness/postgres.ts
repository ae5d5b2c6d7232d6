// The Postgres all contestants of a benchmark share, each with a database of its own, in a folder that goes when it stops.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../../../server/kernel/postgres/embedded.ts";

export interface BenchPostgres {
  readonly pid: number;
  /** For what else a benchmark puts on disk. */
  readonly folder: string;
  /** Makes an empty database and gives its address. */
  database(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function benchPostgres(settings: readonly string[]): Promise<BenchPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "lfb-"));
  const { host, pid, stop } = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s"), settings }); // biome-ignore format: one line
  return {
    pid,
    folder,
    async database(name) {
      const admin = new pg.Client({ host, user: "postgres", database: "postgres" });
      await admin.connect();
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.end();
      return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(host)}`;
    },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
