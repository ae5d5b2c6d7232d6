// Puts a backup into an empty database: all of it in one transaction, so that a restore that is killed leaves the database as
// empty as it was. The file is read twice, whole both times: once before anything is touched, once while rows go in.
//
//   read and check the file ── judge ── BEGIN
//     migrations of the backup's level ── system rows ── tables of the definitions ── their rows ── each table read back
//     foreign keys and indexes ── later migrations ── capture ── sequences, new epoch ── ANALYZE ── COMMIT
import { createHash, randomBytes } from "node:crypto";
import { migrations } from "@landfall/migrations";
import type pg from "pg";
import { captureOwnedTables, finishOwnedTables, makeOwnedTables, ownedTables } from "../collections/index.ts";
import { beginEpoch } from "../kernel/changelog/epoch.ts";
import type { Db } from "../kernel/db/index.ts";
import { migrate } from "../kernel/db/migrate.ts";
import { Exit } from "../kernel/exit.ts";
import type { Passphrase } from "./archive-cipher.ts";
import { type ArchiveHeader, type ArchiveTable, type TableTotal, tableText } from "./archive-format.ts";
import { type Contents, readArchive } from "./archive-read.ts";
import { linesIn } from "./archive-write.ts";
import { isKept } from "./backup-tables.ts";
import { openSession, type Session } from "./database-session.ts";
import { usedKey } from "./download-ticket.ts";
import { damaged, refusedArchive } from "./errors.ts";
import { judgeLevel, refuseNotEmpty } from "./restore-judge.ts";
import { scheduleStateKey } from "./schedule-state.ts";
import { findingsKey, workStateKey } from "./work-state.ts";

export interface RestoreOptions {
  readonly connection: pg.ClientConfig;
  /** Gives the file's bytes from the beginning, each time it is called. */
  readonly read: () => AsyncIterable<Buffer>;
  readonly passphrase?: Passphrase;
  /** What `checkArchive` found, when it was called already. */
  readonly checked?: Contents;
  /** The last word before the database is touched, and after it would be too late. */
  readonly beforeCommit?: () => Promise<void>;
  readonly progress?: (done: number, total: number, bytes: number) => void;
}

export interface Restored {
  readonly contents: Contents;
  readonly copyMs: number;
  readonly totalMs: number;
}

/** Reads the file to its end and gives what it holds, or refuses it. */
export async function checkArchive(options: Pick<RestoreOptions, "read" | "passphrase">): Promise<Contents> {
  const contents = await readArchive(options.read(), options.passphrase);
  judgeLevel(contents.header);
  return contents;
}

export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const startedAt = performance.now();
  const { header } = options.checked ?? (await checkArchive(options));
  const session = await openSession(options.connection, "landfall restore");
  try {
    await refuseNotEmpty(session.db);
    await session.begin("write");
    await makeSystem(session.db, header);
    const contents = await copyRows(session, header, options);
    const copyMs = performance.now() - startedAt;
    await finish(session.db, header);
    await options.beforeCommit?.();
    await session.commit();
    return { contents, copyMs, totalMs: performance.now() - startedAt };
  } catch (error) {
    await session.rollback();
    throw tooManyLocks(error, header) ?? refusedRows(error);
  } finally {
    await session.close().catch(() => {});
  }
}

/** The system schema as it was, without the rows that migrations put in. */
async function makeSystem(tx: Db, header: ArchiveHeader): Promise<void> {
  const level = migrations().filter(({ name }) => header.migrations.includes(name));
  const applied = await migrate(tx, { migrations: level });
  // A server that started at the same moment was faster, under the same lock.
  if (applied.length < level.length) await refuseNotEmpty(tx);
  const found = await tx.query<{ name: string }>({
    text: "SELECT relname AS name FROM pg_class WHERE relnamespace = 'landfall'::regnamespace AND relkind = 'r'",
  });
  const there = new Set(found.map((row) => row.name).filter(isKept));
  const system = header.tables.filter((table) => table.schema === "landfall");
  const stranger = system.find((table) => !there.has(table.name));
  if (stranger) throw refusedArchive(`${tableText(stranger)} does not belong into a database of its version.`);
  for (const { name } of [...system].reverse()) await tx.query({ text: `DELETE FROM landfall."${name}"` });
}

async function copyRows(session: Session, header: ArchiveHeader, options: RestoreOptions): Promise<Contents> {
  let [done, bytes, made] = [0, 0, false];
  const table = async (one: ArchiveTable, text: AsyncIterable<Buffer>) => {
    if (one.schema === "public" && !made) {
      await makeOwned(session.db, header);
      made = true;
    }
    await session.copyIn(one, text);
    const total = await digest(await session.copyOut(one));
    expected.push({ table: one, total });
    bytes += total.bytes;
    options.progress?.(++done, header.tables.length, bytes);
  };
  const expected: { table: ArchiveTable; total: TableTotal }[] = [];
  const contents = await readArchive(options.read(), options.passphrase, {
    async header(now) {
      // Between the two readings the file must have stayed the same one.
      if (JSON.stringify(now) !== JSON.stringify(header)) throw damaged("it changed while it was read");
    },
    table,
  });
  if (!made) await makeOwned(session.db, header);
  for (const [index, { table: one, total }] of expected.entries()) compare(one, contents.totals[index], total);
  return contents;
}

/** The definitions are in by now; the file must hold exactly the tables they own. */
async function makeOwned(tx: Db, header: ArchiveHeader): Promise<void> {
  const hasCollections = header.tables.some(({ schema, name }) => schema === "landfall" && name === "collection");
  const owned = hasCollections ? await ownedTables(tx) : [];
  const listed = header.tables.filter((table) => table.schema === "public");
  const form = (tables: readonly Pick<ArchiveTable, "name" | "columns">[]) =>
    JSON.stringify(tables.map(({ name, columns }) => [name, [...columns].sort()]).sort());
  if (form(owned) !== form(listed)) throw refusedArchive("its tables are not those of its definitions.");
  if (hasCollections) await makeOwnedTables(tx);
}

/** What a table holds now, read back as the backup read it. */
export async function digest(text: AsyncIterable<Buffer>): Promise<TableTotal> {
  const hashed = createHash("sha256");
  let [rows, bytes] = [0, 0];
  for await (const chunk of text) {
    hashed.update(chunk);
    bytes += chunk.length;
    rows += linesIn(chunk);
  }
  return { rows, bytes, sha256: hashed.digest("hex") };
}

function compare(table: ArchiveTable, wanted: TableTotal | undefined, found: TableTotal): void {
  if (wanted?.rows === found.rows && wanted.sha256 === found.sha256) return;
  throw refusedArchive(`${tableText(table)} reads differently once it is in the database (${found.rows} rows of ${wanted?.rows}).`); // biome-ignore format: one line
}

async function finish(tx: Db, header: ArchiveHeader): Promise<void> {
  const hasCollections = header.tables.some(({ schema, name }) => schema === "landfall" && name === "collection");
  if (hasCollections) await finishOwnedTables(tx);
  await migrate(tx);
  await captureOwnedTables(tx);
  await tx.query({
    text: "DELETE FROM landfall.meta WHERE key = ANY ($1::text[])",
    values: [[scheduleStateKey, workStateKey, findingsKey, usedKey]],
  });
  const { version, seq, collection } = header.sequences;
  await tx.query({
    text: `SELECT setval('landfall.version', greatest($1::int8, 1)), setval('landfall.seq', greatest($2::int8, 1)),
                  setval('landfall.collection_id_seq', greatest($3::int8, (SELECT max(id) FROM landfall.collection), 1))`,
    values: [version, seq, collection],
  });
  // Moves both numbers on by 2^32: past whatever the original handed out after this backup was taken.
  const word = () => randomBytes(9).toString("base64url");
  await beginEpoch(tx, "restored", { epoch: word(), nonce: word() });
  await tx.query({ text: "ANALYZE" });
}

/**
 * A restore holds locks on all it makes until it commits: tables, indexes, functions, about 17 a collection as measured. What
 * Postgres has room for is this setting times its connections (100 in the embedded one).
 */
export function lockSettings(header: ArchiveHeader): string[] {
  return [`max_locks_per_transaction=${locksFor(header)}`];
}

const locksFor = (header: ArchiveHeader) => Math.max(64, Math.ceil((header.tables.length * 25) / 100));

/** Rows that Postgres does not take, though the file is whole: made by hand, or by a version with other types. */
function tooManyLocks(error: unknown, header: ArchiveHeader): Exit | undefined {
  const outOfMemory = error instanceof Error && "code" in error && error.code === "53200";
  return outOfMemory && /max_locks_per_transaction/.test(String((error as { hint?: unknown }).hint))
    ? new Exit("restore_failed", `Postgres has too few locks for ${header.tables.length} tables in one transaction: set max_locks_per_transaction=${locksFor(header)} there for the restore. Nothing was changed.`, error) // biome-ignore format: one line
    : undefined;
}

function refusedRows(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^(22|23|42703)/.test(code)) return error;
  return refusedArchive(`Postgres does not take its rows (${(error as Error).message}).`, error);
}
