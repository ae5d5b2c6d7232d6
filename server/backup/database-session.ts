// One connection of its own for a backup or a restore: no timeouts, the settings that make values print alike everywhere, and
// what COPY streams. Beside it the same connection as the kernel's Db, for the statements other rooms run in the transaction.
import type { Duplex } from "node:stream";
import type pg from "pg";
import type { Db, Statement, TransactionOptions } from "../kernel/db/index.ts";
import type { ArchiveTable } from "./archive-format.ts";

export interface Session {
  readonly db: Db;
  begin(mode: "read" | "write"): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  copyOut(table: ArchiveTable): Promise<AsyncIterable<Buffer>>;
  copyIn(table: ArchiveTable, text: AsyncIterable<Buffer>): Promise<void>;
  close(): Promise<void>;
  /** Hangs up. Postgres rolls back; a COPY that has long to go yet would have to be read to its end otherwise. */
  abandon(): void;
}

// A plain scan of the rows as they lie, by one process from the first page on: what is copied into an empty table in this
// order lies in this order again, so that one digest holds for both.
const settings = `SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 1;
  SET client_encoding = 'UTF8'; SET bytea_output = 'hex'; SET xmloption = 'content'; SET client_min_messages = warning; SET jit = off;
  SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off;
  SET statement_timeout = 0; SET lock_timeout = '60s'; SET idle_in_transaction_session_timeout = 0`;

export async function openSession(connection: pg.ClientConfig, name: string): Promise<Session> {
  const [{ default: driver }, streams, { pipeline }, { Readable }] = await Promise.all([
    import("pg"),
    import("pg-copy-streams"),
    import("node:stream/promises"),
    import("node:stream"),
  ]);
  const client = new driver.Client({ ...connection, application_name: name, keepAlive: true });
  // The statement that runs fails with the reason; an idle connection that breaks fails the next one.
  client.on("error", () => {});
  await client.connect();
  await client.query(settings);
  const listOf = (table: ArchiveTable) => table.columns.map(driver.escapeIdentifier).join(", ");
  const nameOf = (table: ArchiveTable) => `${table.schema}.${driver.escapeIdentifier(table.name)}`;
  return {
    db: dbOn(client),
    begin: async (mode) => {
      await client.query(mode === "read" ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN");
    },
    commit: async () => void (await client.query("COMMIT")),
    rollback: async () => void (await client.query("ROLLBACK").catch(() => {})),
    async copyOut(table) {
      const copy = client.query(streams.to(`COPY (SELECT ${listOf(table)} FROM ONLY ${nameOf(table)}) TO STDOUT`));
      // The connection may end before anybody reads, or after the reader gave up. Unheard, that would end the process; and a
      // reader that comes later would wait for ever, since the driver tells of it but does not destroy the stream.
      copy.on("error", (error) => copy.destroy(error));
      return copy;
    },
    copyIn: async (table, text) => {
      const copy = client.query(streams.from(`COPY ${nameOf(table)} (${listOf(table)}) FROM STDIN`));
      copy.on("error", () => {}); // The pipeline hears it, until it has failed for another reason.
      await pipeline(Readable.from(text), copy);
    },
    close: () => client.end(),
    abandon: () => void (client as unknown as { connection: { stream: Duplex } }).connection.stream.destroy(),
  };
}

const int8 = 20;

function dbOn(client: pg.Client): Db {
  const types = {
    getTypeParser: (oid: number, form?: "text" | "binary") =>
      oid === int8 && form !== "binary" ? Number : client.getTypeParser(oid, form as "text"),
  } as pg.CustomTypesConfig;
  const unneeded = () => Promise.reject(new Error("a session has no texts"));
  let depth = 0;
  const db: Db = {
    inTransaction: true,
    async query<Row extends object>({ text, values }: Statement): Promise<Row[]> {
      const { rows } = await client.query({ text, types, ...(values && { values: [...values] }) });
      return rows as Row[];
    },
    texts: unneeded,
    octets: unneeded,
    async transaction<T>(work: (tx: Db) => Promise<T>, _options?: TransactionOptions): Promise<T> {
      const savepoint = `backup_${++depth}`;
      await client.query(`SAVEPOINT ${savepoint}`);
      try {
        const result = await work(db);
        await client.query(`RELEASE SAVEPOINT ${savepoint}`);
        return result;
      } catch (error) {
        await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`).catch(() => {});
        throw error;
      }
    },
  };
  return db;
}
