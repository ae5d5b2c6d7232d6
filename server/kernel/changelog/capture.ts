// Installs the capture triggers on a collection's table, so that every committed change stands in the log whoever wrote it:
// the product, psql, a cascade, another role. What the triggers say is written by capture-sql.ts.
import pg from "pg";
import type { Db } from "../db/index.ts";
import { kernelErrors } from "../errors/kernel.ts";
import {
  bulkFunction,
  deletedFunction,
  functionHead,
  generatorVersion,
  insertedFunction,
  joinFunction,
  printSettings,
  quoted,
  truncateFunction,
  updatedFunction,
} from "./capture-sql.ts";
import { stampInsertFunction, stampUpdateFunction } from "./capture-stamp-sql.ts";
import type { CapturedCollection } from "./types.ts";

// AFTER triggers fire in the order of their names. Ours come before the foreign keys' (`RI_…`), so that a deleted owner's
// join rows are still there to be read. The stamp comes last among BEFORE triggers, so that it sees what others changed.
const capturePrefix = "A_landfall";
const stampTrigger = "zz_landfall_stamp";

/** Installs or replaces capture on the collection's table and join tables, inside the transaction that changed them. */
export async function installCapture(tx: Db, c: CapturedCollection): Promise<void> {
  const there = await installed(tx, c.id);
  // Two versions side by side: what a newer server installed is not taken back by an older one, which would know neither
  // all of its triggers nor what its readers rely on.
  if (there.generator > generatorVersion) throw kernelErrors.newer_server_running({ retryAfterSeconds: 5 });
  if (there.generator === 1 || there.generator === 2) await removeFormer(tx, c);
  for (const text of [...functions(c), ...triggers(c)]) await tx.query({ text });
}

/** Ends capture of a table, for a collection about to be dropped or adopted by someone else. */
export async function removeCapture(tx: Db, table: string): Promise<void> {
  const functions = await tx.query<{ id: string }>({
    text: `SELECT DISTINCT substring(p.proname FROM '^capture_(\\d+)_') AS id
           FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           WHERE t.tgrelid = format('public.%I', $1::text)::regclass AND p.pronamespace = 'landfall'::regnamespace
             AND p.proname ~ '^capture_\\d+_truncate$'`,
    values: [table],
  });
  for (const { id } of functions) await dropFunctions(tx, id);
  await tx.query({ text: `DROP TRIGGER IF EXISTS ${stampTrigger} ON public.${quoted(table)}` });
}

/** Statements about a whole collection stand in the log like changes do, in the transaction that makes them true. */
export async function announce(
  tx: Db,
  statement: { readonly collection: number; readonly op: "schema" | "rules" | "drop"; readonly schemaVersion: number },
): Promise<void> {
  await tx.query({
    text: `INSERT INTO landfall.change (slot, collection, "schemaVersion", op, actor, request, mutation)
           SELECT current, $1, $2, $3::text::"char", nullif(current_setting('landfall.actor', true), ''),
                  nullif(current_setting('landfall.request', true), ''), nullif(current_setting('landfall.mutation', true), '')
           FROM landfall.ring`,
    values: [statement.collection, statement.schemaVersion, { schema: "s", rules: "r", drop: "x" }[statement.op]],
  });
}

/** The collections as this process knows them now; asked again for each try. */
export interface CapturedCollections {
  readonly ids: readonly number[];
  captured(id: number): CapturedCollection | undefined;
}

/**
 * Replaces capture functions written by an older generator. Each collection is its own short transaction; a lock that is
 * not had at once is tried again later, so that an upgrade never queues behind a long transaction with writers behind it.
 */
export async function refreshCapture(
  db: Db,
  collections: CapturedCollections,
  pause: (attempt: number) => Promise<void>,
): Promise<number> {
  let refreshed = 0;
  for (const id of collections.ids) {
    for (let attempt = 0; ; attempt += 1) {
      const c = collections.captured(id);
      const outcome = c === undefined ? "current" : await tryInstall(db, c);
      if (outcome === "installed") refreshed += 1;
      if (outcome !== "later") break;
      await pause(attempt);
    }
  }
  return refreshed;
}

async function tryInstall(db: Db, c: CapturedCollection): Promise<"installed" | "current" | "later"> {
  if ((await installed(db, c.id)).generator >= generatorVersion) return "current";
  try {
    return await db.transaction(async (tx) => {
      await tx.query({ text: "SET LOCAL lock_timeout = '200ms'" });
      // From here on neither another server's refresh nor a change of the definition is under way.
      await tx.query({ text: `LOCK TABLE public.${quoted(c.table)} IN SHARE ROW EXCLUSIVE MODE` });
      const there = await installed(tx, c.id);
      if (there.generator >= generatorVersion) return "current";
      // Another process changed the definition, and ours is older: its columns may be gone.
      if (there.schemaVersion > c.schemaVersion) return "later";
      await installCapture(tx, c);
      return "installed";
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError && passing.has(error.code ?? "")) return "later";
    throw error;
  }
}

/** A lock not had, a deadlock, and a table that was renamed or dropped since the definition was read. */
const passing = new Set(["55P03", "40P01", "42P01"]);

async function installed(db: Db, collection: number): Promise<{ generator: number; schemaVersion: number }> {
  const [row] = await db.query<{ comment: string | null }>({
    text: "SELECT obj_description(to_regprocedure(format('landfall.capture_%s_truncate()', $1::int)), 'pg_proc') AS comment",
    values: [collection],
  });
  const [, generator = 0, schemaVersion = 0] = /generator (\d+), schema version (\d+)/.exec(row?.comment ?? "") ?? [];
  return { generator: Number(generator), schemaVersion: Number(schemaVersion) };
}

/**
 * What generators up to 2 left on the table: one row trigger for all operations, statement triggers for updates and deletes,
 * and the checks as constraints. The rows keep to the checks until this transaction commits, so nothing has to be proved.
 */
async function removeFormer(tx: Db, c: CapturedCollection): Promise<void> {
  const table = `public.${quoted(c.table)}`;
  const triggers = [stampTrigger, ...["row", "update", "delete"].map((what) => `${capturePrefix}_${what}`)];
  for (const name of triggers) await tx.query({ text: `DROP TRIGGER IF EXISTS "${name}" ON ${table}` });
  await tx.query({ text: `DROP FUNCTION IF EXISTS landfall.capture_${c.id}_row()` });
  for (const { name } of c.checks ?? [])
    await tx.query({ text: `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${quoted(name)}` });
}

async function dropFunctions(tx: Db, id: string): Promise<void> {
  const names = await tx.query<{ name: string }>({
    text: `SELECT proname AS name FROM pg_proc
           WHERE pronamespace = 'landfall'::regnamespace AND proname ~ ('^capture_' || $1 || '_')`,
    values: [id],
  });
  // CASCADE takes the triggers that call it, those on the join tables too.
  for (const { name } of names) await tx.query({ text: `DROP FUNCTION landfall.${quoted(name)}() CASCADE` });
}

function functions(c: CapturedCollection): string[] {
  const comment = pg.escapeLiteral(
    `Landfall capture, generator ${generatorVersion}, schema version ${c.schemaVersion}`,
  );
  const named = (suffix: string, body: string, settings = printSettings) => {
    const name = functionOf(c, suffix);
    return [
      `${functionHead(name, settings)} AS ${pg.escapeLiteral(body)}`,
      `COMMENT ON FUNCTION landfall.${name}() IS ${comment}`,
    ];
  };
  return [
    ...named("stamp_insert", stampInsertFunction(c), ""),
    ...named("stamp_update", stampUpdateFunction(c), ""),
    ...named("inserted", insertedFunction(c)),
    ...named("updated", updatedFunction(c)),
    ...named("deleted", deletedFunction(c)),
    ...named("bulk", bulkFunction(c)),
    ...named("truncate", truncateFunction(c)),
    ...c.joins.flatMap((join, index) => named(`join_${index}`, joinFunction(c, join))),
  ];
}

const functionOf = (c: CapturedCollection, suffix: string) => quoted(`capture_${c.id}_${suffix}`);

function triggers(c: CapturedCollection): string[] {
  const make = (table: string, name: string, when: string, suffix: string) =>
    `CREATE OR REPLACE TRIGGER "${name}" ${when.replace("ON TABLE", `ON public.${quoted(table)}`)} EXECUTE FUNCTION landfall.${functionOf(c, suffix)}()`;
  const own = (name: string, when: string, suffix: string) => make(c.table, name, when, suffix);
  // No WHEN clauses: Postgres parses their stored form anew for every statement, which costs more than the call they save.
  return [
    own(`${stampTrigger}_insert`, "BEFORE INSERT ON TABLE FOR EACH ROW", "stamp_insert"),
    own(`${stampTrigger}_update`, "BEFORE UPDATE ON TABLE FOR EACH ROW", "stamp_update"),
    own(`${capturePrefix}_inserted`, "AFTER INSERT ON TABLE FOR EACH ROW", "inserted"),
    own(`${capturePrefix}_updated`, "AFTER UPDATE ON TABLE FOR EACH ROW", "updated"),
    own(`${capturePrefix}_deleted`, "AFTER DELETE ON TABLE FOR EACH ROW", "deleted"),
    own(`${capturePrefix}_truncate`, "AFTER TRUNCATE ON TABLE", "truncate"),
    own(
      `${capturePrefix}_insert`,
      "AFTER INSERT ON TABLE REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
      "bulk",
    ),
    ...c.joins.flatMap((join, index) => {
      const call = `join_${index}`;
      return [
        ...perStatement(`${capturePrefix}_join`).map(([name, when]) => make(join.table, name, when, call)),
        make(join.table, `${capturePrefix}_join_truncate`, "BEFORE TRUNCATE ON TABLE", call),
      ];
    }),
  ];
}

/** One trigger per operation: Postgres gives transition tables to triggers of a single event only. */
function perStatement(prefix: string): [name: string, when: string][] {
  return [
    [`${prefix}_insert`, "AFTER INSERT ON TABLE REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"],
    [
      `${prefix}_update`,
      "AFTER UPDATE ON TABLE REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT",
    ],
    [`${prefix}_delete`, "AFTER DELETE ON TABLE REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT"],
  ];
}
