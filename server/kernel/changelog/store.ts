// All SQL of ticks and lease. It runs on the log's own session, where names are prepared once and only indexes are read;
// pages run on the pool, unnamed, so that Postgres plans them with their bounds (batch-sql.ts).
import type { Db, Statement } from "../db/index.ts";
import type { Session } from "./session.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

export type Sql = Pick<Db, "query">;

export interface Tick {
  readonly id: number;
  readonly nonce: string;
  readonly snapshot: Snapshot;
  readonly changes: number;
  /** Entries since the epoch began; the difference of two is a reader's lag. */
  readonly total: number;
  readonly collections: readonly number[];
  readonly atMs: number;
}

interface TickRow {
  readonly id: number;
  readonly nonce: string;
  readonly snapshot: string;
  readonly changes: number;
  readonly total: number;
  readonly collections: number[];
  readonly at: Date;
}

const tickColumns = "id, nonce, snapshot::text AS snapshot, changes, total, collections, at";
const toTick = ({ at, snapshot, ...row }: TickRow): Tick => ({
  ...row,
  snapshot: parseSnapshot(snapshot),
  atMs: at.getTime(),
});

export async function newestTick(sql: Sql): Promise<Tick | undefined> {
  const rows = await sql.query<TickRow>({ text: `SELECT ${tickColumns} FROM landfall.tick ORDER BY id DESC LIMIT 1` });
  return rows.map(toTick)[0];
}

export async function ticksFrom(sql: Sql, id: number, limit: number): Promise<Tick[]> {
  const rows = await sql.query<TickRow>({
    text: `SELECT ${tickColumns} FROM landfall.tick WHERE id >= $1 ORDER BY id LIMIT $2`,
    values: [id, limit],
  });
  return rows.map(toTick);
}

/**
 * What a batch after `from` may hold: transactions that were running then, and transactions that came later. `xid >= xmin`
 * would say the same, but reads everything since the oldest running transaction began.
 */
export const sinceTick = (columns: string, running: string, xmax: string, also = "") =>
  `SELECT ${columns} FROM landfall.change WHERE xid = ANY(${running}::xid8[])${also}
   UNION ALL
   SELECT ${columns} FROM landfall.change WHERE xid >= ${xmax}::xid8${also}`;

/** One row when an entry is visible now that the tick did not see. Reads a few index pages. */
const due = (running: string, xmax: string) => `SELECT FROM (
    (SELECT FROM landfall.change WHERE xid = ANY(${running}::xid8[]) LIMIT 1)
    UNION ALL
    (SELECT FROM landfall.change WHERE xid >= ${xmax}::xid8 ORDER BY xid LIMIT 1)) AS due LIMIT 1`;

export async function isTickDue(sql: Sql, last: Tick): Promise<boolean> {
  const rows = await sql.query({
    name: "changelog_due",
    text: due("$1", "$2"),
    values: [last.snapshot.running, last.snapshot.xmax],
  });
  return rows.length > 0;
}

export interface Lease {
  readonly holder: string;
  readonly leaseMs: number;
  readonly channel: string;
}

export interface TickAttempt {
  /** Undefined: nothing was new. False: the lease is another's. */
  readonly ours: boolean | undefined;
  readonly tick: Tick | undefined;
}

/**
 * Looks, locks the lease row and saves a snapshot, in one transaction sent in one piece. The lock is a statement of its own
 * before the one whose snapshot is saved, so that it is later than every tick's before; what the second may do, it learns
 * from a setting the first has left, because nobody here reads in between.
 */
export async function writeTick(session: Session, last: Tick, nonce: string, lease: Lease): Promise<TickAttempt> {
  const [held, ticks] = await session.together([holdForTick(last, nonce, lease), insertTick(last, nonce, lease)]);
  return {
    ours: (held as { ours: boolean }[])[0]?.ours,
    tick: (ticks as TickRow[]).map(toTick)[0],
  };
}

/**
 * Nothing new: no lock, nothing written, nothing to wait for at COMMIT. Otherwise the commit is on disk before anyone hears
 * of the tick: with it, everything it sees is on disk too. Counting a transaction of very many rows takes as long as it
 * takes; given up, it would never be ticked.
 */
const holdForTick = (last: Tick, nonce: string, { holder }: Lease): Statement => ({
  name: "changelog_look",
  text: `SELECT holder = $1 AND until > clock_timestamp() AS ours, set_config('synchronous_commit', 'on', true),
                set_config('statement_timeout', '0', true), set_config('landfall.tick', $2, true)
         FROM landfall.leader WHERE EXISTS (${due("$3", "$4")}) FOR UPDATE`,
  values: [holder, nonce, last.snapshot.running, last.snapshot.xmax],
});

/**
 * Saves the snapshot of this very statement, and with it renews the lease and tells the other processes. Nothing happens
 * when the lease row is not locked for this tick or not ours, when nothing is new, or when `last` is not the newest tick.
 */
const insertTick = (last: Tick, nonce: string, lease: Lease): Statement => ({
  name: "changelog_tick",
  text: `WITH tick AS (
           INSERT INTO landfall.tick (id, snapshot, nonce, changes, total, collections)
           SELECT $1, pg_current_snapshot(), $2, count(*), $3 + count(*), array_agg(DISTINCT b.collection)
           FROM (${sinceTick("collection", "$4", "$5")}) AS b
           WHERE current_setting('landfall.tick', true) = $2
             AND EXISTS (SELECT FROM landfall.leader WHERE holder = $8 AND until > clock_timestamp())
           HAVING count(*) > 0
             AND (SELECT t.id = $6 AND t.nonce = $7 FROM landfall.tick t ORDER BY t.id DESC LIMIT 1)
           RETURNING *
         ), told AS (
           UPDATE landfall.leader SET until = clock_timestamp() + $9 * interval '1 millisecond'
           FROM tick WHERE holder = $8 RETURNING pg_notify($10, tick.id::text)
         )
         SELECT ${tickColumns} FROM tick`,
  values: [
    last.id + 1,
    nonce,
    last.total,
    last.snapshot.running,
    last.snapshot.xmax,
    last.id,
    last.nonce,
    lease.holder,
    lease.leaseMs,
    lease.channel,
  ],
});

/** The lease: taken when free, renewed when ours. The database's clock alone decides. */
export async function takeLease(sql: Sql, holder: string, leaseMs: number): Promise<boolean> {
  const rows = await sql.query({
    name: "changelog_lease",
    text: `UPDATE landfall.leader SET holder = $1, until = clock_timestamp() + $2 * interval '1 millisecond'
           WHERE holder = $1 OR until < clock_timestamp() RETURNING one`,
    values: [holder, leaseMs],
  });
  return rows.length > 0;
}

/** Locks the lease row; false when it is no longer ours. */
export async function holdLease(sql: Sql, holder: string): Promise<boolean> {
  const rows = await sql.query<{ ours: boolean }>({
    name: "changelog_hold",
    text: "SELECT holder = $1 AND until > clock_timestamp() AS ours FROM landfall.leader FOR UPDATE",
    values: [holder],
  });
  return rows[0]?.ours === true;
}

export async function releaseLease(sql: Sql, holder: string): Promise<void> {
  await sql.query({ text: "UPDATE landfall.leader SET until = '-infinity' WHERE holder = $1", values: [holder] });
}

export interface Glance {
  readonly free: boolean;
  readonly head: number | null;
  readonly epoch: string | null;
}

/** All a follower asks while nothing happens, in one row. */
export async function glance(sql: Sql): Promise<Glance> {
  const rows = await sql.query<Glance>({
    name: "changelog_glance",
    text: `SELECT (SELECT until < clock_timestamp() FROM landfall.leader) AS free,
                  (SELECT max(id) FROM landfall.tick) AS head,
                  (SELECT id FROM landfall.epoch ORDER BY number DESC LIMIT 1) AS epoch`,
  });
  return rows[0] as Glance;
}

export const notify = (channel: string, payload: string): Statement => ({
  text: "SELECT pg_notify($1, $2)",
  values: [channel, payload],
});
