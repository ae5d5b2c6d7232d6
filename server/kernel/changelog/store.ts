// All SQL of ticks and lease. It runs on the log's own session, where names are prepared once and only indexes are read;
// pages run on the pool, unnamed, so that Postgres plans them with their bounds (batch-sql.ts).
import type { Db, Statement } from "../db/index.ts";
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

/** True when an entry is visible now that the tick did not see. Reads a few index pages. */
export async function isTickDue(sql: Sql, last: Tick): Promise<boolean> {
  const rows = await sql.query({
    name: "changelog_due",
    text: `SELECT FROM (
             (SELECT FROM landfall.change WHERE xid = ANY($1::xid8[]) LIMIT 1)
             UNION ALL
             (SELECT FROM landfall.change WHERE xid >= $2::xid8 ORDER BY xid LIMIT 1)) AS due LIMIT 1`,
    values: [last.snapshot.running, last.snapshot.xmax],
  });
  return rows.length > 0;
}

/**
 * Saves the snapshot of this very statement, and with it renews the lease and tells the other processes. The caller holds
 * the lease row, so the snapshot is later than every tick's before. Nothing happens when nothing is new, or when `last`
 * is not the newest tick.
 */
export async function insertTick(
  sql: Sql,
  last: Tick,
  nonce: string,
  lease: { readonly holder: string; readonly leaseMs: number; readonly channel: string },
): Promise<Tick | undefined> {
  const rows = await sql.query<TickRow>({
    name: "changelog_tick",
    text: `WITH tick AS (
             INSERT INTO landfall.tick (id, snapshot, nonce, changes, total, collections)
             SELECT $1, pg_current_snapshot(), $2, count(*), $3 + count(*), array_agg(DISTINCT b.collection)
             FROM (${sinceTick("collection", "$4", "$5")}) AS b
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
  return rows.map(toTick)[0];
}

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
