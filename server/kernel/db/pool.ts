// Db over a pg pool. One instance per process; rooms get it handed in.
import pg from "pg";
import { coded, isConnectionLost } from "./connection-lost.ts";
import type { Db, Statement, TextResult, TransactionOptions, WriteTags } from "./index.ts";
import { createLending, type Lending, type Lent } from "./lending.ts";
import { dropName, holdName, isLostStatement } from "./statement-names.ts";
import { octetsOfRow, sendTexts, textValues } from "./text-query.ts";

export interface PoolOptions {
  /** Anything pg's ClientConfig takes, or a connection string. */
  readonly connection: pg.ClientConfig;
  readonly max: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
  /** A connection silent for this long is lost (a blackholed network). Default: 5 s above the statement timeout. */
  readonly queryTimeoutMs?: number;
  /** False behind a transaction pooler: no statement is named. */
  readonly prepare: boolean;
}

export interface PooledDb extends Db {
  readonly pool: pg.Pool;
  /** Callers that wait for a connection, besides those the pool knows of. */
  readonly waitingCount: number;
  stop(): Promise<void>;
}

const int8 = 20;
const parsed = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 && format !== "binary" ? Number : pg.types.getTypeParser(oid, format as "text"),
} as pg.CustomTypesConfig;
const verbatim = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

export function createDb(options: PoolOptions): PooledDb {
  const pool = new pg.Pool({
    ...options.connection,
    max: options.max,
    connectionTimeoutMillis: options.acquireTimeoutMs,
    query_timeout: options.queryTimeoutMs ?? options.statementTimeoutMs + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: "landfall",
    onConnect: async (client: pg.ClientBase) => {
      // SET instead of start-up options: poolers refuse the latter. Compiling a rule's statement just in time takes a
      // hundred times as long as running it, where a Postgres has it switched on.
      await client.query(
        `SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET jit = off;
         SET client_min_messages = warning;
         SET statement_timeout = ${options.statementTimeoutMs}; SET lock_timeout = ${options.lockTimeoutMs};
         SET idle_in_transaction_session_timeout = ${options.idleInTransactionTimeoutMs}`,
      );
    },
  } as pg.PoolConfig);
  // An idle connection that breaks is replaced by the pool; without a listener Node would exit.
  pool.on("error", () => {});
  const lending = createLending({ pool, max: options.max, timeoutMs: options.acquireTimeoutMs });

  return {
    ...runner((send, name) => onePooled(lending, send, name), options.prepare),
    pool,
    get waitingCount() {
      return lending.waitingCount;
    },
    inTransaction: false,
    transaction: async (work, settings) => {
      const lent = await lending.take();
      try {
        return await runTransaction(lent, options.prepare, work, settings);
      } finally {
        lending.giveBack(lent);
      }
    },
    stop: () => pool.end(),
  };
}

/** Sends one statement, by its name or, when that is undefined, without one. */
type Send<Result> = (client: pg.PoolClient, name: string | undefined) => Promise<Result>;
/** Finds the connection for it. */
type Run = <Result>(send: Send<Result>, name: string | undefined) => Promise<Result>;

/**
 * One statement on a pooled connection. Not `pool.query`, which throws the connection and its prepared statements away
 * after every refused statement, so that a burst of taken unique values would cost a reconnect each.
 */
async function onePooled<Result>(lending: Lending, send: Send<Result>, name: string | undefined): Promise<Result> {
  const lent = await lending.take();
  try {
    return await sendOrAgain(lent.client, send, name);
  } catch (error) {
    if (isConnectionLost(error)) lent.broken ??= error as Error;
    throw coded(error);
  } finally {
    lending.giveBack(lent);
  }
}

/** A named statement that the connection has lost, or whose result type changed, runs once more without its name. */
async function sendOrAgain<Result>(client: pg.PoolClient, send: Send<Result>, name: string | undefined) {
  if (name === undefined) return send(client, undefined);
  const dropped = holdName(client, name);
  if (dropped) await dropped;
  try {
    return await send(client, name);
  } catch (error) {
    if (!isLostStatement(error)) throw error;
    await dropName(client, name);
    return send(client, undefined);
  }
}

function runner(run: Run, prepare: boolean): Pick<Db, "query" | "texts" | "octets"> {
  const texts = ({ text, values = [], name }: Statement, octets: boolean): Promise<TextResult> => {
    const given = textValues(values);
    const send: Send<TextResult> = (client, named = "") =>
      given ? sendTexts(client, { text, name: named, values: given, octets }) : mappedTexts(client, { text, values, name: named }, octets); // biome-ignore format: one statement
    return run(send, prepare ? name : undefined);
  };
  return {
    async query<Row extends object>({ text, values, name }: Statement): Promise<Row[]> {
      const send: Send<pg.QueryResult> = (client, named) =>
        client.query({ text, values: values as unknown[], types: parsed, ...(named === undefined ? {} : { name: named }) }); // biome-ignore format: one statement
      return (await run(send, prepare ? name : undefined)).rows as Row[];
    },
    texts: (statement) => texts(statement, false),
    octets: (statement) => texts(statement, true),
  };
}

/** The same for values that pg has to put into Postgres' form: lists, dates, bytes. */
async function mappedTexts(
  client: pg.PoolClient,
  { text, values, name }: Required<Statement>,
  octets: boolean,
): Promise<TextResult> {
  const config = { text, values: values as unknown[], types: verbatim, rowMode: "array" as const };
  const { rows, rowCount } = await client.query(name === "" ? config : { ...config, name });
  return { rows: octets ? rows.map(octetsOfRow) : rows, count: rowCount ?? 0 };
}

async function runTransaction<T>(
  lent: Lent,
  prepare: boolean,
  work: (tx: Db) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { client } = lent;
  try {
    await client.query(opening(options));
    if (options.tags) await setTags(client, options.tags);
    const result = await work(inside(client, prepare, 1));
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // The transaction has failed, so nothing can run again; a fresh connection has no statement to mistake.
    if (isLostStatement(error)) lent.broken ??= error as Error;
    // On a lost connection a ROLLBACK would only wait for its own timeout; closing it rolls back as well.
    if (isConnectionLost(error)) lent.broken ??= error as Error;
    if (!lent.broken)
      await client.query("ROLLBACK").catch((failure: Error) => {
        lent.broken = failure;
      });
    throw coded(error);
  }
}

function opening(options: TransactionOptions): string {
  const isolation = options.isolation === "repeatable read" ? "REPEATABLE READ" : "READ COMMITTED";
  return `BEGIN ISOLATION LEVEL ${isolation}${options.readOnly ? " READ ONLY" : ""}`;
}

async function setTags(client: pg.PoolClient, tags: WriteTags): Promise<void> {
  await client.query({
    name: "landfall_tags",
    text: `SELECT set_config('landfall.actor', $1, true), set_config('landfall.request', $2, true),
                  set_config('landfall.mutation', $3, true), set_config('landfall.bulk', $4, true)`,
    values: [tags.actor, tags.request, tags.mutation ?? "", tags.bulk ? "on" : ""],
  });
}

function inside(client: pg.PoolClient, prepare: boolean, depth: number): Db {
  return {
    ...runner((send, name) => {
      const dropped = name === undefined ? undefined : holdName(client, name);
      return dropped ? dropped.then(() => send(client, name)) : send(client, name);
    }, prepare),
    inTransaction: true,
    transaction: async (work, options) => {
      const savepoint = `landfall_${depth}`;
      await client.query(`SAVEPOINT ${savepoint}`);
      try {
        if (options?.tags) await setTags(client, options.tags);
        const result = await work(inside(client, prepare, depth + 1));
        await client.query(`RELEASE SAVEPOINT ${savepoint}`);
        return result;
      } catch (error) {
        await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
        throw error;
      }
    },
  };
}
