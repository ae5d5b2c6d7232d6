// What the change log's contract tests share: a captured table of their own, and the raw log.
import pg from "pg";
import { pino } from "pino";
import { installCapture } from "../../server/kernel/changelog/capture.ts";
import {
  type ChangeLog,
  type ChangeLogOptions,
  createChangeLog,
  type Entry,
} from "../../server/kernel/changelog/index.ts";
import type { CapturedCollection } from "../../server/kernel/changelog/types.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import type { PooledDb } from "../../server/kernel/db/pool.ts";

export const systemColumnsDdl = `id text COLLATE "C" PRIMARY KEY, "createdAt" timestamptz(3) NOT NULL,
  "updatedAt" timestamptz(3) NOT NULL, version int8 NOT NULL`;

export const items: CapturedCollection = {
  id: 1,
  table: "items",
  schemaVersion: 1,
  columns: [
    { name: "title", type: 'text COLLATE "C"', sealed: false },
    { name: "price", type: "numeric", sealed: false },
    { name: "amount", type: "int8", sealed: false },
    { name: "note", type: "text", sealed: true },
  ],
  joins: [],
};

/** Creates `public.items` and captures it. */
export async function createItems(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query({
      text: `CREATE TABLE public.items (${systemColumnsDdl}, title text COLLATE "C", price numeric, amount int8, note text)`,
    });
    await installCapture(tx, items);
  });
}

export interface RawEntry {
  readonly seq: number;
  readonly op: string;
  readonly id: string | null;
  readonly version: number | null;
  readonly after: Record<string, unknown> | null;
  readonly before: Record<string, unknown> | null;
  readonly sealed: { after?: Record<string, unknown>; before?: Record<string, unknown> } | null;
  readonly actor: string | null;
}

/** The log as it stands, past all readers. */
export function rawLog(db: Db, afterSeq = 0, collection = 1): Promise<RawEntry[]> {
  return db.query<RawEntry>({
    text: `SELECT seq, op, id, version, after, before, sealed, actor FROM landfall.change
           WHERE seq > $1 AND collection = $2 ORDER BY seq`,
    values: [afterSeq, collection],
  });
}

/** A change log as a server process has it, quick enough for tests. */
export function changeLogOn(
  db: PooledDb,
  connection: pg.ClientConfig,
  {
    connect = connecting(connection),
    ...settings
  }: ChangeLogOptions["settings"] & Partial<Pick<ChangeLogOptions, "connect">> = {},
): ChangeLog {
  return createChangeLog({
    db,
    connect,
    log: pino({ level: process.env.LANDFALL_TEST_LOG ?? "silent" }),
    settings: {
      leaseMs: 800,
      pollMs: 20,
      followerPollMs: 50,
      readerLeaseMs: 800,
      retryMs: 10,
      retryMaxMs: 50,
      ...settings,
    },
  });
}

const connecting = (connection: pg.ClientConfig) => async () => {
  const client = new pg.Client({ ...connection, pipeline: true } as pg.ClientConfig);
  await client.connect();
  return client;
};

/** Resolves when the condition holds; the test's own time limit says when it never will. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Collects what a reader is given. */
export function collector(): { entries: Entry[]; resyncs: string[]; handler: Parameters<ChangeLog["live"]>[1] } {
  const entries: Entry[] = [];
  const resyncs: string[] = [];
  return {
    entries,
    resyncs,
    handler: (batch) => {
      if (batch.kind === "resync") resyncs.push(batch.reason);
      else entries.push(...batch.entries);
    },
  };
}
