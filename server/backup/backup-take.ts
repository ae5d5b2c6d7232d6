// Takes a backup: one snapshot of the whole database, table by table, into a sink. Reads only; writers go on, and only what
// wants a table for itself (a change of its definition) waits until the end.
import { createHash } from "node:crypto";
import type pg from "pg";
import type { Db } from "../kernel/db/index.ts";
import { schemaState } from "../kernel/db/migrate.ts";
import { product } from "../kernel/product.ts";
import type { Cost } from "./archive-cipher.ts";
import { type ArchiveHeader, type TableTotal, tableText } from "./archive-format.ts";
import { archiveWriter, type Sink } from "./archive-write.ts";
import { type Plan, planTables } from "./backup-tables.ts";
import { openSession, type Session } from "./database-session.ts";
import { failedBackup } from "./errors.ts";

export interface TakeOptions {
  readonly connection: pg.ClientConfig;
  readonly sink: Sink;
  /** Encrypts the file. */
  readonly passphrase?: string | undefined;
  readonly cost?: Cost;
  /** Goes into the file, which must be encrypted. */
  readonly masterKey?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each table. */
  readonly progress?: ((done: number, total: number, bytes: number) => void) | undefined;
}

export interface Taken {
  readonly header: ArchiveHeader;
  readonly totals: readonly TableTotal[];
  readonly rows: number;
  /** Before compression. */
  readonly bytes: number;
  readonly fileBytes: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
}

export async function takeBackup(options: TakeOptions): Promise<Taken> {
  const { passphrase, masterKey } = options;
  if (masterKey && passphrase === undefined) throw new Error("a master key goes into encrypted files only");
  const session = await openSession(options.connection, "landfall backup");
  // A backup that waits for a lock, or for a slow table, is not at its sink to notice.
  options.signal?.addEventListener("abort", session.abandon);
  try {
    options.signal?.throwIfAborted();
    const plan = await openSnapshot(session);
    const header = await headerOf(session.db, plan, masterKey);
    const taken = await write(session, header, options);
    await session.commit();
    await session.close();
    return taken;
  } catch (error) {
    session.abandon();
    throw options.signal?.aborted ? options.signal.reason : error;
  } finally {
    options.signal?.removeEventListener("abort", session.abandon);
  }
}

const attemptsMax = 20;

/**
 * Locks come before the snapshot: a table that is rewritten between the two would look empty to it. A table that is locked
 * keeps its shape until the end; one that the snapshot shows and that was not locked (new, or renamed just then) means another
 * attempt.
 */
async function openSnapshot(session: Session): Promise<Plan> {
  const state = await schemaState((text) => session.db.query({ text }));
  if (state.schema !== "ours") throw failedBackup("there is no installation in this database yet.");
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const expected = await planTables(session.db);
    await session.begin("read");
    try {
      await lock(session.db, expected);
      const locked = new Set(expected.tables.map(tableText));
      const plan = await planTables(session.db);
      if (plan.tables.every((table) => locked.has(tableText(table)))) return plan;
    } catch (error) {
      if (isBusy(error)) throw failedBackup("a collection stayed locked for a minute by a change of its definition.", error); // biome-ignore format: one line
      if (!isGone(error)) throw error;
    }
    await session.rollback();
  }
  throw failedBackup("definitions of collections keep changing; try again when they are at rest.");
}

async function lock(db: Db, plan: Plan): Promise<void> {
  const { escapeIdentifier } = (await import("pg")).default;
  const names = plan.tables.map((table) => `${table.schema}.${escapeIdentifier(table.name)}`);
  for (let at = 0; at < names.length; at += 100)
    await db.query({ text: `LOCK TABLE ${names.slice(at, at + 100).join(", ")} IN ACCESS SHARE MODE` });
}

const isBusy = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "55P03";

/** The table was dropped or renamed since the plan was made. */
const isGone = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "42P01";

async function headerOf(db: Db, plan: Plan, masterKey: Uint8Array | undefined): Promise<ArchiveHeader> {
  const [facts] = await db.query<
    Omit<ArchiveHeader, "tables" | "notices" | "sequences"> & { collection: string | null }
  >({
    text: `SELECT '${product.name}' AS product, '${product.version}' AS version, current_setting('server_version') AS postgres,
             to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt",
             (SELECT value ->> 'id' FROM landfall.meta WHERE key = 'installation') AS installation,
             (SELECT value ->> 'sealed' FROM landfall.meta WHERE key = 'masterKeyCheck') AS "masterKeyCheck",
             ARRAY(SELECT name FROM landfall.migration ORDER BY name) AS migrations`,
  });
  if (!facts) throw new Error("a statement without FROM gives one row");
  const last = async (sequence: string) => {
    const [there] = await db.query<{ name: string | null }>({ text: "SELECT to_regclass($1) AS name", values: [sequence] }); // biome-ignore format: one line
    if (!there?.name) return "0";
    const [row] = await db.query<{ last: string }>({ text: `SELECT last_value::text AS last FROM ${sequence}` });
    return row?.last ?? "0";
  };
  return {
    product: facts.product,
    version: facts.version,
    createdAt: facts.createdAt,
    installation: facts.installation,
    postgres: facts.postgres,
    migrations: facts.migrations,
    masterKeyCheck: facts.masterKeyCheck,
    masterKey: masterKey ? Buffer.from(masterKey).toString("hex") : null,
    // Read after the snapshot was taken: no row in it has drawn a greater number.
    sequences: {
      version: await last("landfall.version"),
      seq: await last("landfall.seq"),
      collection: await last("landfall.collection_id_seq"),
    },
    tables: plan.tables,
    notices: plan.notices,
  };
}

async function write(session: Session, header: ArchiveHeader, options: TakeOptions): Promise<Taken> {
  const whole = createHash("sha256");
  const sink: Sink = async (bytes) => {
    options.signal?.throwIfAborted();
    whole.update(bytes);
    await options.sink(bytes);
  };
  const writer = await archiveWriter(sink, options.passphrase, options.cost);
  await writer.header(header);
  const totals: TableTotal[] = [];
  let bytes = 0;
  for (const table of header.tables) {
    const total = await writer.table(table, await session.copyOut(table));
    totals.push(total);
    bytes += total.bytes;
    options.progress?.(totals.length, header.tables.length, bytes);
  }
  const { rows, fileBytes } = await writer.end();
  return { header, totals, rows, bytes, fileBytes, sha256: whole.digest("hex") };
}
