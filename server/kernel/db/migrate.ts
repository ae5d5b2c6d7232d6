// Brings the `landfall` schema up to date: one transaction under one advisory lock, so that N processes starting
// together run each migration once, and a process killed half-way leaves nothing, no lock row either
// (docs/decisions/010-migrations.md says why not knex's migrator). Forward only.
import { type Migration, migrations } from "@landfall/migrations";
import { Exit } from "../exit.ts";
import { uuidv7 } from "../ids.ts";
import { product } from "../product.ts";
import type { Db } from "./index.ts";

const lockKey = 7_104_710_001;
/** The comment on the schema by which we know it again. */
const marker = `${product.name} system schema`;

export interface MigrateOptions {
  /** Told before each migration. */
  readonly progress?: (migration: string, done: number, total: number) => void;
  readonly migrations?: readonly Migration[];
}

/** What stands in the database before anything is done. */
export interface SchemaState {
  readonly schema: "absent" | "ours" | "foreign";
  readonly applied: readonly string[];
}

/** Returns the names of the migrations applied now. Refuses a foreign or newer schema before it changes anything. */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<string[]> {
  const known = (options.migrations ?? migrations()).map(checked);
  return db.transaction(async (tx) => {
    // Waiting for another process's migrations is no fault, so neither timeout may end it.
    await tx.query({ text: "SET LOCAL lock_timeout = 0" });
    await tx.query({ text: "SET LOCAL statement_timeout = 0" });
    await tx.query({ text: "SELECT pg_advisory_xact_lock($1)", values: [lockKey] });
    const state = await schemaState((text) => tx.query({ text }));
    const open = lacksMigrations(state, known);
    if (open.length === 0) return [];
    if (state.schema === "absent") await createSchema(tx);
    for (const [index, migration] of open.entries()) {
      options.progress?.(migration.name, index, open.length);
      await apply(tx, migration);
    }
    await tx.query({
      text: "INSERT INTO landfall.meta (key, value) VALUES ('installation', $1) ON CONFLICT (key) DO NOTHING",
      values: [JSON.stringify({ id: uuidv7() })],
    });
    return open.map((migration) => migration.name);
  });
}

async function createSchema(tx: Db): Promise<void> {
  await tx.query({ text: "CREATE SCHEMA landfall" });
  await tx.query({ text: `COMMENT ON SCHEMA landfall IS '${marker}'` });
  await tx.query({
    text: `CREATE TABLE landfall.migration (
             name text PRIMARY KEY, "appliedAt" timestamptz NOT NULL DEFAULT clock_timestamp())`,
  });
}

async function apply(tx: Db, migration: Migration): Promise<void> {
  try {
    await tx.query({ text: migration.sql });
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${(error as Error).message}`, { cause: error });
  }
  await tx.query({ text: "INSERT INTO landfall.migration (name) VALUES ($1)", values: [migration.name] });
}

type Ask = (text: string) => Promise<object[]>;

export async function schemaState(ask: Ask): Promise<SchemaState> {
  const rows = await ask(
    "SELECT obj_description(oid, 'pg_namespace') AS note FROM pg_namespace WHERE nspname = 'landfall'",
  );
  const found = rows[0] as { note: string | null } | undefined;
  if (!found) return { schema: "absent", applied: [] };
  if (found.note !== marker) return { schema: "foreign", applied: [] };
  const applied = (await ask("SELECT name FROM landfall.migration ORDER BY name LIMIT 10000")) as { name: string }[];
  return { schema: "ours", applied: applied.map((row) => row.name) };
}

/** The migrations still to run, or the refusal. */
export function lacksMigrations(state: SchemaState, known: readonly Migration[] = migrations()): Migration[] {
  if (state.schema === "foreign")
    throw new Exit("schema_foreign", "The database has a schema named landfall that Landfall did not make: rename it (ALTER SCHEMA landfall RENAME TO …), or give Landfall another database."); // biome-ignore format: one line
  const names = new Set(known.map((migration) => migration.name));
  const stranger = state.applied.find((name) => !names.has(name));
  if (stranger !== undefined)
    throw new Exit("schema_newer", `The database was made by a newer Landfall (migration ${stranger}; this is ${product.version}): start that version or a later one.`); // biome-ignore format: one line
  return known.filter((migration) => !state.applied.includes(migration.name));
}

/** A migration says in its first line which older servers it breaks; one that forgot is a bug in the release. */
function checked(migration: Migration): Migration {
  if (!/^-- breaks: \S/.test(migration.sql))
    throw new Error(`migration ${migration.name} must begin with "-- breaks: nothing" or say what it breaks`);
  return migration;
}
