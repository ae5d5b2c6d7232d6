// The drill: a backup is worth what its restore is worth, so it is restored, into a database made for this and dropped again,
// and every table is read back after the commit. Where the role of DATABASE_URL may create databases the drill happens on that
// server, with its version and its settings; otherwise, and where that server has too few locks for so many tables, on an
// embedded Postgres of its own in a temporary folder.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { Exit } from "../kernel/exit.ts";
import { openCluster } from "../kernel/postgres/cluster.ts";
import { tableText } from "./archive-format.ts";
import type { Contents } from "./archive-read.ts";
import { openSession } from "./database-session.ts";
import { checkArchive, digest, lockSettings, type RestoreOptions, restoreBackup } from "./restore-run.ts";

export interface DrillOptions extends Pick<RestoreOptions, "read" | "passphrase" | "progress"> {
  /** Of DATABASE_URL, when there is one. */
  readonly server?: pg.ClientConfig | undefined;
  readonly nowMs: number;
}

export interface Drill {
  readonly contents: Contents;
  readonly where: "embedded" | "server";
  readonly postgres: string;
  /** How old the backup is: what would be lost if the database were lost now. */
  readonly rpoMs: number;
  /** How long this restore took, reading the file included. */
  readonly rtoMs: number;
  /** Tables compared after the commit, all equal. */
  readonly tables: number;
}

export async function runDrill(options: DrillOptions): Promise<Drill> {
  const startedAt = performance.now();
  const contents = await checkArchive(options);
  try {
    return await rehearse(contents, options, startedAt);
  } catch (error) {
    if (!options.server || !(error instanceof Exit && error.reason === "restore_failed")) throw error;
    return rehearse(contents, { ...options, server: undefined }, performance.now());
  }
}

async function rehearse(contents: Contents, options: DrillOptions, startedAt: number): Promise<Drill> {
  const scratch = await openScratch(options.server, lockSettings(contents.header));
  try {
    const restored = await restoreBackup({ ...options, connection: scratch.connection, checked: contents });
    const rtoMs = performance.now() - startedAt;
    const postgres = await compareAll(scratch.connection, restored.contents);
    const rpoMs = Math.max(0, options.nowMs - Date.parse(contents.header.createdAt));
    return { contents, where: scratch.where, postgres, rpoMs, rtoMs, tables: contents.header.tables.length };
  } finally {
    await scratch.drop();
  }
}

/** A second look, from outside the restore's transaction. What a restore changes on purpose is left out. */
async function compareAll(connection: pg.ClientConfig, { header, totals }: Contents): Promise<string> {
  const session = await openSession(connection, "landfall drill");
  try {
    for (const [index, table] of header.tables.entries()) {
      if (table.schema === "landfall" && table.name === "meta") continue;
      const [wanted, found] = [totals[index], await digest(await session.copyOut(table))];
      if (wanted?.rows !== found.rows || wanted.sha256 !== found.sha256)
        throw new Exit("drill_failed", `${tableText(table)} differs after the restore: ${found.rows} rows instead of ${wanted?.rows}. Take a new backup, and keep this one for a report.`); // biome-ignore format: one line
    }
    const [row] = await session.db.query<{ v: string }>({ text: "SELECT current_setting('server_version') AS v" });
    return row?.v ?? "";
  } finally {
    await session.close();
  }
}

interface Scratch {
  readonly connection: pg.ClientConfig;
  readonly where: Drill["where"];
  drop(): Promise<void>;
}

async function openScratch(server: pg.ClientConfig | undefined, settings: readonly string[]): Promise<Scratch> {
  return (server && (await onServer(server))) ?? embedded(settings);
}

async function onServer(server: pg.ClientConfig): Promise<Scratch | undefined> {
  const session = await openSession(server, "landfall drill");
  const name = `landfall_drill_${randomBytes(6).toString("hex")}`;
  try {
    const [role] = await session.db.query<{ may: boolean }>({
      text: "SELECT rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user",
    });
    if (!role?.may) {
      await session.close();
      return undefined;
    }
    await session.db.query({ text: `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'` });
  } catch (error) {
    await session.close();
    throw error;
  }
  return {
    connection: { ...server, database: name },
    where: "server",
    async drop() {
      await session.db.query({ text: `DROP DATABASE IF EXISTS ${name} WITH (FORCE)` });
      await session.close();
    },
  };
}

async function embedded(settings: readonly string[]): Promise<Scratch> {
  const dataDir = await mkdtemp(join(tmpdir(), "landfall-drill-"));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const cluster = await openCluster({ dataDir, create: true, settings });
    return {
      connection: cluster.connection,
      where: "embedded",
      async drop() {
        await cluster.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
