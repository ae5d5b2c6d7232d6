// Reads entries between two ticks. A reader takes what tick B's snapshot sees and tick A's did not:
//
//   tx 9   |--write-----------------commit|
//   tx 10      |--write--commit|
//   ticks            A         B          C      A..B = {tx 10}   B..C = {tx 9}
//
// Each statement also says whether tick A still stands. Postgres locks the partitions before it takes the statement's
// snapshot, and trimming removes tick A in the transaction that empties a partition: an answer that finds A is whole.
import { type Sql, sinceTick, type Tick } from "./store.ts";
import type { Entry, PageLimits } from "./types.ts";

export interface Span {
  readonly epoch: string;
  readonly from: Tick;
  readonly to: Tick;
}

export interface Page {
  /** False: the span is no longer in the log, and the entries mean nothing. */
  readonly stands: boolean;
  readonly entries: readonly Entry[];
  readonly bytes: number;
  /** Neither limit cut the page short. */
  readonly whole: boolean;
}

interface PageRow {
  readonly stands: boolean;
  readonly found: number | null;
  readonly size: number;
  readonly xid: string;
  readonly seq: number;
  readonly version: number | null;
  readonly at: Date;
  readonly collection: number;
  readonly schemaVersion: number;
  readonly op: string;
  readonly id: string | null;
  readonly after: string | null;
  readonly before: string | null;
  readonly sealed: string | null;
  readonly actor: string | null;
  readonly request: string | null;
  readonly mutation: string | null;
}

const columns = `xid, seq, version, at, collection, "schemaVersion", op, id, after, before, sealed, actor, request, mutation`;
const sized = `xid::text AS xid, seq, version, at, collection, "schemaVersion", op::text AS op, id, after::text AS after,
  before::text AS before, sealed::text AS sealed, actor, request, mutation`;
/** What is sent of a row: what the cutting needed besides is garbage at the other end. */
const sent = columns.replaceAll(/("?\w+"?)/g, "p.$1");
/** What an entry counts besides its values. */
const entryBytes = 200;
const sizeOf = (measure: string) =>
  `${entryBytes} + coalesce(${measure}(after), 0) + coalesce(${measure}(before), 0) + coalesce(${measure}(sealed), 0)`;

/** The whole span in `seq` order, for spans known to be small. */
export async function readSpan(sql: Sql, span: Span, limits: PageLimits, name?: string): Promise<Page> {
  const source = `SELECT ${columns} FROM (${sinceTick(columns, "$6", "$7")}) AS late
    WHERE xid < pg_snapshot_xmax($8::pg_snapshot) AND pg_visible_in_snapshot(xid, $8::pg_snapshot)`;
  const bounds = [span.from.snapshot.running, span.from.snapshot.xmax, span.to.snapshot.text];
  return page(sql, span, limits, source, bounds, name);
}

/** The part of a span that lies in these transactions and strictly between two `seq`: index ranges, whatever the span's size. */
export async function readSlice(
  sql: Sql,
  span: Span,
  limits: PageLimits,
  slice: { readonly xids: readonly string[]; readonly after: number; readonly below: number },
): Promise<Page> {
  const source = `SELECT ${columns} FROM unnest($6::xid8[]) AS t(x) CROSS JOIN LATERAL (
      SELECT ${columns} FROM landfall.change c WHERE c.xid = t.x AND c.seq > $7 AND c.seq < $8
      ORDER BY c.xid, c.seq LIMIT $4) AS c`;
  return page(sql, span, limits, source, [slice.xids, slice.after, slice.below]);
}

export interface TransactionRange {
  readonly xid: string;
  readonly first: number;
  readonly last: number;
}

/** Where each transaction of a span begins and ends, in the order of xid, a chunk at a time. */
export async function readRanges(sql: Sql, span: Span, afterXid: string, limit: number): Promise<TransactionRange[]> {
  return sql.query<TransactionRange>({
    text: `SELECT xid::text AS xid, min(seq) AS first, max(seq) AS last
           FROM (${sinceTick("xid, seq", "$1", "$2", " AND xid > $4::xid8")}) AS late
           WHERE xid < pg_snapshot_xmax($3::pg_snapshot) AND pg_visible_in_snapshot(xid, $3::pg_snapshot)
           GROUP BY xid ORDER BY xid LIMIT $5`,
    values: [span.from.snapshot.running, span.from.snapshot.xmax, span.to.snapshot.text, afterXid, limit],
  });
}

/** Cut twice: by the stored sizes, which cost nothing to know, then by the real ones of what is left. */
async function page(
  sql: Sql,
  span: Span,
  limits: PageLimits,
  source: string,
  values: unknown[],
  name?: string,
): Promise<Page> {
  const rowsMax = Math.min(limits.entries, Math.floor(limits.bytes / entryBytes) + 1);
  const rows = await sql.query<PageRow>({
    ...(name === undefined ? {} : { name }),
    text: `SELECT tick.stands, p.found, p.size, ${sent}
      FROM (SELECT EXISTS (SELECT FROM landfall.tick WHERE id = $1 AND nonce = $2)
               AND (SELECT id FROM landfall.epoch ORDER BY number DESC LIMIT 1) = $3 AS stands) AS tick
      LEFT JOIN (
        SELECT * FROM (
          SELECT t.*, sum(t.size) OVER (ORDER BY t.seq) AS running
          FROM (SELECT o.*, ${sizeOf("octet_length")} AS size
                FROM (SELECT ${sized}, found FROM (
                        SELECT n.*, count(*) OVER () AS found, ${sizeOf("pg_column_size")} AS stored,
                               sum(${sizeOf("pg_column_size")}) OVER (ORDER BY n.seq) AS total
                        FROM (${source} ORDER BY seq LIMIT $4) AS n) AS m
                      WHERE m.total - m.stored < $5) AS o) AS t
        ) AS r WHERE r.running - r.size < $5
      ) AS p ON true
      ORDER BY p.seq`,
    values: [span.from.id, span.from.nonce, span.epoch, rowsMax, limits.bytes, ...values],
  });
  const found = rows[0]?.found ?? 0;
  const entries = found === 0 ? [] : rows.map(toEntry);
  return {
    stands: rows[0]?.stands === true,
    entries,
    bytes: found === 0 ? 0 : rows.reduce((sum, row) => sum + row.size, 0),
    whole: entries.length === found && found < rowsMax,
  };
}

const ops: { readonly [letter: string]: Entry["op"] } = {
  i: "insert",
  u: "update",
  d: "delete",
  t: "truncate",
  s: "schema",
  r: "rules",
  x: "drop",
};

function toEntry(row: PageRow): Entry {
  const after = parsed(row.after);
  // The version stands in a column of its own; readers see the record as a row.
  if (after) after.version = row.version;
  return {
    seq: row.seq,
    xid: row.xid,
    collection: row.collection,
    id: row.id,
    version: row.version,
    op: ops[row.op] as Entry["op"],
    schemaVersion: row.schemaVersion,
    after,
    before: parsed(row.before),
    sealed: parsed(row.sealed),
    actor: row.actor,
    request: row.request,
    mutation: row.mutation,
    at: row.at.toISOString(),
  };
}

const parsed = (text: string | null): Record<string, unknown> | null => (text === null ? null : JSON.parse(text));
