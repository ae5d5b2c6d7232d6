// Is this database one that Landfall can live in? Asked once at start and by `landfall doctor`; every no is one line
// with the way out. Nothing is created here.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Exit } from "../exit.ts";
import { describeConnection } from "./connection.ts";
import { lacksMigrations, type SchemaState, schemaState } from "./migrate.ts";

export interface CheckOptions {
  /** How long a database that does not answer yet is asked again. */
  readonly startTimeoutMs: number;
  readonly progress?: (line: string) => void;
}

export interface DatabaseFacts {
  /** 170002 for 17.2. */
  readonly version: number;
  /** The schema is there and up to date, so that nothing needs to be created. */
  readonly current: boolean;
}

interface Row {
  version: number;
  standby: boolean;
  readOnly: boolean;
  createOnDatabase: boolean;
  createOnPublic: boolean | null;
  database: string;
  role: string;
}

export async function checkDatabase(connection: pg.ClientConfig, options: CheckOptions): Promise<DatabaseFacts> {
  const client = await connect(connection, options);
  try {
    const { rows } = await client.query<Row>(
      `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
              current_setting('transaction_read_only') = 'on' AS "readOnly",
              has_database_privilege(current_database(), 'CREATE') AS "createOnDatabase",
              (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = 'public') AS "createOnPublic",
              current_database() AS database, current_user AS role`,
    );
    const facts = rows[0] as Row;
    judgeServer(facts);
    const state = await readableState(client, facts.role);
    judgeGrants(facts, state);
    return { version: facts.version, current: lacksMigrations(state).length === 0 };
  } finally {
    await client.end().catch(() => {});
  }
}

function judgeServer(facts: Row): void {
  const major = Math.trunc(facts.version / 10_000);
  if (major < 14 || major > 18)
    throw new Exit("database_version", `The database is Postgres ${major}; Landfall needs Postgres 14 to 18.`);
  if (facts.standby)
    throw new Exit("database_read_only", "The database is a hot standby and takes no writes: point DATABASE_URL at the primary."); // biome-ignore format: one line
  if (facts.readOnly)
    throw new Exit("database_read_only", "The database is read-only for this role (default_transaction_read_only): switch that off."); // biome-ignore format: one line
}

/** The schema's state, which a role that did not make it may not be allowed to read. */
async function readableState(client: pg.Client, role: string): Promise<SchemaState> {
  try {
    return await schemaState(async (text) => (await client.query(text)).rows);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== "42501") throw error;
    const { rows } = await client.query<{ owner: string }>("SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = 'landfall'"); // biome-ignore format: one line
    const owner = rows[0]?.owner ?? "its owner";
    throw new Exit("database_privileges", `The schema landfall belongs to the role ${owner}: put that role into DATABASE_URL, or run: GRANT ${pg.escapeIdentifier(owner)} TO ${pg.escapeIdentifier(role)};`, error); // biome-ignore format: one line
  }
}

function judgeGrants(facts: Row, state: SchemaState): void {
  const grants = missingGrants(facts, state.schema === "absent");
  if (grants.length > 0)
    throw new Exit("database_privileges", `The role ${facts.role} lacks privileges. As the database's owner run: ${grants.join(" ")}`); // biome-ignore format: one line
}

/** CREATE on the database makes the system schema; once that is there, it is not needed any more. */
function missingGrants(facts: Row, schemaAbsent: boolean): string[] {
  const [database, role] = [pg.escapeIdentifier(facts.database), pg.escapeIdentifier(facts.role)];
  const missing: string[] = [];
  if (schemaAbsent && !facts.createOnDatabase) missing.push(`GRANT CREATE ON DATABASE ${database} TO ${role};`);
  if (facts.createOnPublic === null) missing.push(`CREATE SCHEMA public AUTHORIZATION ${role};`);
  else if (!facts.createOnPublic) missing.push(`GRANT CREATE, USAGE ON SCHEMA public TO ${role};`);
  return missing;
}

/** Containers start together, so what may pass by itself is tried again; a wrong password does not. */
async function connect(connection: pg.ClientConfig, options: CheckOptions): Promise<pg.Client> {
  const deadline = performance.now() + options.startTimeoutMs;
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      if (!mayPass(error) || performance.now() >= deadline) throw unreachable(connection, error);
      if (attempt === 0) options.progress?.(`Waiting for the database at ${describeConnection(connection)} …`);
    }
    await sleep(Math.min(1_000, 100 * 2 ** attempt, Math.max(0, deadline - performance.now())));
  }
}

/** Not there yet, still starting (57P03), or full for the moment (53300). A name that does not resolve may yet appear. */
function mayPass(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return ["57P03", "53300", "57P01"].includes(error.code ?? "");
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    ["ECONNREFUSED", "ENOENT", "ENOTFOUND", "EAI_AGAIN", "ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT"].includes(
      code ?? "",
    ) || /^(Connection terminated|timeout expired)/.test(message)
  );
}

function unreachable(connection: pg.ClientConfig, error: unknown): Exit {
  const place = describeConnection(connection);
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    "28P01": "refuses the user or password in DATABASE_URL",
    "28000": "refuses this user or host (see its pg_hba.conf)",
    "3D000": "has no database of that name; create it first",
    "53300": "has no free connection (max_connections)",
    ECONNREFUSED: "does not accept connections; is it running?",
    ENOENT: "has no socket there; is it running?",
    ENOTFOUND: "is a host name that does not resolve",
    DEPTH_ZERO_SELF_SIGNED_CERT: "shows a certificate that no known authority signed; add sslrootcert=/its/ca.pem",
    SELF_SIGNED_CERT_IN_CHAIN: "shows a certificate that no known authority signed; add sslrootcert=/its/ca.pem",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "shows a certificate that no known authority signed; add sslrootcert=/its/ca.pem",
    ERR_TLS_CERT_ALTNAME_INVALID: "shows a certificate for another host name",
    EACCES: "has a socket this user may not open",
  };
  if (message.includes("does not support SSL")) return unreachableLine(place, "does not speak TLS; use sslmode=disable if the network is private", error); // biome-ignore format: one line
  const asked = /password must be a (non-empty )?string/.test(message) ? "asks for a password and DATABASE_URL has none" : undefined; // biome-ignore format: one line
  const reason = asked ?? reasons[code ?? ""] ?? `cannot be used: ${message || code}`;
  return unreachableLine(place, reason, error);
}

function unreachableLine(place: string, reason: string, error: unknown): Exit {
  return new Exit("database_unreachable", `The database at ${place} ${reason}.`.replace(/\?\.$/, "?"), error);
}
