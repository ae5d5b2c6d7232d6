// Brings the `landfall` schema up to date: one transaction under one advisory lock, so that N processes starting
// together run each migration once, and a process killed half-way leaves nothing, no lock row either
// (docs/decisions/010-migrations.md says why not knex's migrator). Forward only, while servers of the version before
// go on serving (compatibility.ts).
import { setTimeout as sleep } from "node:timers/promises";
import { type Migration, migrations } from "@landfall/migrations";
import { Exit } from "../exit.ts";
import { uuidv7 } from "../ids.ts";
import { product } from "../product.ts";
import {
  type AppliedMigration,
  breaksServer,
  type DeclaredMigration,
  declared,
  refusesServer,
} from "./compatibility.ts";
import type { Db } from "./index.ts";

const lockKey = 7_104_710_001;
/** The comment on the schema by which we know it again. */
const marker = `${product.name} system schema`;

/**
 * Locks not had soon are given up: whoever waits for one has all later writers of that table wait behind it. Sooner than
 * Postgres looks for deadlocks (1 s), so that it is never a writer who has to give way to a migration.
 */
const lockTimeoutMs = 500;
const lockTriesMax = 60;
/** A server that was killed counts as running until its last sign of life is this old (instances.ts). */
const silentMs = 15_000;

export interface MigrateOptions {
  /** Told before each migration. */
  readonly progress?: (migration: string, done: number, total: number) => void;
  /** Told once what is waited for. */
  readonly waiting?: (line: string) => void;
  readonly migrations?: readonly Migration[];
  /** Called once, under the lock, before a schema that is there is changed; what it throws keeps everything as it is. */
  readonly before?: (tx: Db) => Promise<void>;
  /** Of the server that migrates. Default: the product's. */
  readonly version?: string;
  /** How long servers that the migrations would break are given to end. */
  readonly patienceMs?: number;
}

/** What stands in the database before anything is done. */
export interface SchemaState {
  readonly schema: "absent" | "ours" | "foreign";
  readonly applied: readonly AppliedMigration[];
}

/** Returns the names of the migrations applied now. Refuses a foreign or newer schema before it changes anything. */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<string[]> {
  const known = (options.migrations ?? migrations()).map(declared);
  const waiting = once(options.waiting ?? (() => {}));
  let prepared = false;
  const before = async (tx: Db) => {
    if (!prepared) await options.before?.(tx);
    prepared = true;
  };
  for (let tries = 1; ; tries++) {
    try {
      return await migrateOnce(db, known, { ...options, waiting, before });
    } catch (error) {
      if (!isBlocked(error) || tries === lockTriesMax) throw error;
      waiting("Waiting for a long transaction, which holds a lock that a migration needs …");
      await sleep(Math.min(5_000, 100 * 2 ** tries) * (0.5 + Math.random() / 2));
    }
  }
}

async function migrateOnce(db: Db, known: readonly DeclaredMigration[], options: MigrateOptions): Promise<string[]> {
  const version = options.version ?? product.version;
  return db.transaction(async (tx) => {
    // Waiting for another process's migrations is no fault, so neither timeout may end it.
    await tx.query({ text: "SET LOCAL lock_timeout = 0" });
    await tx.query({ text: "SET LOCAL statement_timeout = 0" });
    await tx.query({ text: "SELECT pg_advisory_xact_lock($1)", values: [lockKey] });
    const state = await schemaState((text) => tx.query({ text }));
    const open = lacksMigrations(state, known, version);
    if (open.length === 0) return [];
    if (state.schema === "absent") await createSchema(tx);
    else {
      await olderServersGone(tx, open, { ...options, version });
      await options.before?.(tx);
      await lockTables(tx, open);
    }
    await keepVersions(tx);
    for (const [index, migration] of open.entries()) {
      options.progress?.(migration.name, index, open.length);
      await apply(tx, migration, version);
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

/** The runner's own table is not in a migration: it must be whole before the first one. */
async function keepVersions(tx: Db): Promise<void> {
  await tx.query({
    text: `ALTER TABLE landfall.migration ADD COLUMN IF NOT EXISTS version text,
             ADD COLUMN IF NOT EXISTS "oldestServer" text`,
  });
}

async function apply(tx: Db, migration: DeclaredMigration, version: string): Promise<void> {
  try {
    await tx.query({ text: migration.sql });
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${(error as Error).message}`, { cause: error });
  }
  await tx.query({
    text: 'INSERT INTO landfall.migration (name, version, "oldestServer") VALUES ($1, $2, $3)',
    values: [migration.name, version, migration.oldestServer ?? null],
  });
}

interface OlderServersOptions extends MigrateOptions {
  readonly version: string;
}

/** Servers that would not survive what comes may end first, in order or by their silence; then it is refused. */
async function olderServersGone(
  tx: Db,
  open: readonly DeclaredMigration[],
  { version, patienceMs = silentMs + 5_000, waiting }: OlderServersOptions,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const broken = (await runningServers(tx)).flatMap((server) => breaksServer(server, version, open) ?? []);
    const [because] = broken;
    if (because === undefined) return;
    const many = broken.length === 1 ? "An older server" : `${broken.length} older servers`;
    if (performance.now() >= deadline)
      throw new Exit("older_servers", `${many} still running on this database would break (${because}): stop them first, or go through the version between.`); // biome-ignore format: one line
    waiting?.(`${many} may be running, and ${because}; waiting for the end …`);
    await sleep(250);
  }
}

/** Versions of the servers that gave a sign of life lately; one without a version is from before it was written. */
async function runningServers(tx: Db): Promise<string[]> {
  const [there] = await tx.query<{ is: boolean }>({
    text: "SELECT to_regclass('landfall.instance') IS NOT NULL AS is",
  });
  if (there?.is !== true) return [];
  const rows = await tx.query<{ version: string }>({
    text: `SELECT coalesce(to_jsonb(i) ->> 'version', '0.1.0') AS version FROM landfall.instance i
           WHERE "seenAt" > clock_timestamp() - $1 * interval '1 millisecond' LIMIT 1000`,
    values: [silentMs],
  });
  return rows.map(({ version }) => version);
}

const changedTable = /\b(?:TABLE(?: ONLY| IF EXISTS)?|REFERENCES|ON) (landfall\.(?:"[^"]+"|\w+))/gi;

/**
 * All at once and before anything is done: a writer that has one table and waits for another, which the migrations have,
 * would be in a circle with them. A name in a comment or a function's body costs a lock too many, which does no harm.
 */
async function lockTables(tx: Db, open: readonly DeclaredMigration[]): Promise<void> {
  const named = new Set(open.flatMap(({ sql }) => [...sql.matchAll(changedTable)].map(([, table]) => table as string)));
  const tables = await tx.query<{ name: string }>({
    text: `SELECT name FROM unnest($1::text[]) AS u(name) JOIN pg_class c ON c.oid = to_regclass(name)
           WHERE relkind IN ('r', 'p') ORDER BY name`,
    values: [["landfall.migration", ...named]],
  });
  await tx.query({ text: `SET LOCAL statement_timeout = ${lockTimeoutMs}` });
  await tx.query({ text: `LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN ACCESS EXCLUSIVE MODE` });
  await tx.query({ text: "SET LOCAL statement_timeout = 0" });
  await tx.query({ text: `SET LOCAL lock_timeout = ${lockTimeoutMs}` });
}

type Ask = (text: string) => Promise<object[]>;

export async function schemaState(ask: Ask): Promise<SchemaState> {
  const rows = await ask(
    "SELECT obj_description(oid, 'pg_namespace') AS note FROM pg_namespace WHERE nspname = 'landfall'",
  );
  const found = rows[0] as { note: string | null } | undefined;
  if (!found) return { schema: "absent", applied: [] };
  if (found.note !== marker) return { schema: "foreign", applied: [] };
  // By way of jsonb, because a schema from before versions were kept lacks the columns.
  const applied = await ask(
    `SELECT name, to_jsonb(m) ->> 'version' AS version, to_jsonb(m) ->> 'oldestServer' AS "oldestServer"
     FROM landfall.migration m ORDER BY name LIMIT 10000`,
  );
  return { schema: "ours", applied: applied as AppliedMigration[] };
}

/** The migrations still to run, or the refusal. */
export function lacksMigrations(
  state: SchemaState,
  known: readonly DeclaredMigration[] = migrations().map(declared),
  version: string = product.version,
): DeclaredMigration[] {
  if (state.schema === "foreign")
    throw new Exit("schema_foreign", "The database has a schema named landfall that Landfall did not make: rename it (ALTER SCHEMA landfall RENAME TO …), or give Landfall another database."); // biome-ignore format: one line
  const names = new Set(known.map((migration) => migration.name));
  const strangers = state.applied.filter(({ name }) => !names.has(name));
  const [refused] = strangers.flatMap((migration) => refusesServer(version, migration) ?? []);
  if (refused !== undefined)
    throw new Exit("schema_newer", `The database was made by a newer Landfall (${refused}): start that version or a later one.`); // biome-ignore format: one line
  const applied = new Set(state.applied.map(({ name }) => name));
  return known.filter(({ name }) => !applied.has(name));
}

/** Locks that were not had in time, or a deadlock: the same migrations may succeed later. */
function isBlocked(error: unknown): boolean {
  const { code = "" } = ((error as Error).cause ?? error) as { code?: string };
  return ["55P03", "57014", "40P01"].includes(code);
}

function once(tell: (line: string) => void): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    if (!told.has(line)) tell(line);
    told.add(line);
  };
}
