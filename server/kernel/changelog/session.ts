// The log's own connection: it listens, ticks and holds the lease, whatever the pool is busy with. It comes back by itself.
import pg from "pg";
import type { Logger } from "pino";
import type { Statement } from "../db/index.ts";
import { createBell, pause } from "./bell.ts";

export interface Session {
  /** False behind a transaction pooler, where a LISTEN hears nothing. */
  readonly listening: boolean;
  readonly connected: boolean;
  query<Row extends object>(statement: Statement): Promise<Row[]>;
  /** All statements or none, each answered in its place, sent without waiting for one another's answers (`pipeline`). */
  together(statements: readonly Statement[]): Promise<object[][]>;
  /** All statements or none; a failure rolls back. `settings` are `SET LOCAL` statements sent with BEGIN. */
  transaction<T>(settings: string, work: () => Promise<T>): Promise<T>;
  start(): void;
  stop(): Promise<void>;
}

export interface SessionOptions {
  /** With `pipeline: true`, or a tick takes four round trips instead of one. */
  readonly connect: () => Promise<pg.Client>;
  readonly channels: readonly string[];
  /** The server ends a transaction that a frozen process leaves open, so that its lease can pass on. */
  readonly idleTimeoutMs: number;
  readonly retryMs: number;
  readonly probe: () => string;
  readonly log: Logger;
  heard(channel: string, payload: string): void;
  changed(connected: boolean): void;
}

const int8 = 20;
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text"),
} as pg.CustomTypesConfig;

export function createSession(options: SessionOptions): Session {
  let client: pg.Client | undefined;
  let listening = false;
  let stopped = false;
  let loop: Promise<void> | undefined;

  async function open(): Promise<pg.Client> {
    const opened = await options.connect();
    opened.on("error", () => {});
    try {
      // Asynchronous commit is for rings and leases; a tick turns it on again for itself. Statements here are planned
      // once, without their bounds, because planning 16 partitions takes five times as long as reading a few entries;
      // without sequential scans that plan is always the index.
      await opened.query(`SET timezone = 'UTC'; SET synchronous_commit = off; SET statement_timeout = 30000;
        SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off;
        SET idle_in_transaction_session_timeout = ${Math.ceil(options.idleTimeoutMs)}`);
      listening = await hears(opened);
    } catch (error) {
      await opened.end().catch(() => {});
      throw error;
    }
    return opened;
  }

  /** Listens, and sends itself a word to learn whether listening works here. */
  async function hears(opened: pg.Client): Promise<boolean> {
    const word = options.probe();
    const heard = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 1_000);
      opened.on("notification", ({ channel, payload = "" }) => {
        if (payload !== word) return options.heard(channel, payload);
        clearTimeout(timer);
        resolve(true);
      });
    });
    for (const channel of options.channels) await opened.query(`LISTEN ${channel}`);
    await opened.query("SELECT pg_notify($1, $2)", [options.channels[0], word]);
    return heard;
  }

  async function keepConnected(): Promise<void> {
    while (!stopped) {
      try {
        const opened = await open();
        // Stopped while it was opened: nobody else knows of it, and it would keep the process alive.
        if (stopped) return void (await opened.end().catch(() => {}));
        const ended = createBell();
        opened.once("end", ended.ring);
        client = opened;
        options.changed(true);
        await ended.wait(2 ** 31 - 1);
        options.changed(false);
      } catch (error) {
        if (!stopped) options.log.warn({ err: error }, "change log: no connection, trying again");
      }
      client = undefined;
      if (!stopped) await pause(options.retryMs);
    }
  }

  async function query<Row extends object>(statement: Statement): Promise<Row[]> {
    if (!client) throw new Error("the change log has no connection");
    const { text, values } = statement;
    // Where LISTEN works the connection is a session of our own, so a statement prepared on it stays.
    const named = listening && statement.name !== undefined ? { name: statement.name } : {};
    const result = await client.query({ text, values: values as unknown[], types, ...named });
    return result.rows as Row[];
  }

  /** After a failure the rest is refused, and COMMIT rolls back. */
  async function together(statements: readonly Statement[]): Promise<object[][]> {
    const all = [{ text: "BEGIN ISOLATION LEVEL READ COMMITTED" }, ...statements, { text: "COMMIT" }];
    const waits = (client as { pipeline?: boolean } | undefined)?.pipeline !== true;
    const sent: Promise<object[]>[] = [];
    for (const statement of all) {
      const answer = query(statement);
      sent.push(answer);
      if (waits) await answer.catch(() => {});
    }
    const answers = await Promise.allSettled(sent);
    return answers.map(settled).slice(1, -1);
  }

  return {
    get listening() {
      return listening;
    },
    get connected() {
      return client !== undefined;
    },
    query,
    together,
    async transaction(settings, work) {
      await query({ text: `BEGIN; ${settings}` });
      try {
        const result = await work();
        await query({ text: "COMMIT" });
        return result;
      } catch (error) {
        // A connection that cannot roll back must not be used again.
        await query({ text: "ROLLBACK" }).catch(() => client?.end().catch(() => {}));
        throw error;
      }
    },
    start() {
      loop ??= keepConnected();
    },
    async stop() {
      stopped = true;
      await client?.end().catch(() => {});
      await loop;
    },
  };
}

function settled<T>(answer: PromiseSettledResult<T>): T {
  if (answer.status === "rejected") throw answer.reason;
  return answer.value;
}
