// Where a durable reader keeps its cursor and its lease: one row of `landfall.reader`.
import type { Sql } from "./store.ts";
import type { Cursor } from "./types.ts";

export interface ReaderStore {
  /** Takes or renews the lease; true while this process owns the reader. A reader never seen before begins at `start`. */
  claim(start: Cursor | undefined): Promise<boolean>;
  load(): Promise<{ readonly cursor: Cursor; readonly total: number } | undefined>;
  /** False when another process owns the reader by now: its cursor counts, not ours. */
  save(cursor: Cursor): Promise<boolean>;
  release(): Promise<void>;
}

interface ReaderRow {
  readonly epoch: string;
  readonly tick: number;
  readonly nonce: string;
  readonly pageTick: number | null;
  readonly pageNonce: string | null;
  readonly pageSeq: number | null;
  readonly total: number;
}

export function createReaderStore(sql: Sql, name: string, holder: string, leaseMs: number): ReaderStore {
  const until = "clock_timestamp() + $3 * interval '1 millisecond'";
  let created = false;
  return {
    async claim(start) {
      if (start && !created) {
        await sql.query({
          text: `INSERT INTO landfall.reader (name, epoch, tick, nonce)
                 SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM landfall.reader WHERE name = $1)
                 ON CONFLICT (name) DO NOTHING`,
          values: [name, start.epoch, start.tick, start.nonce],
        });
        created = true;
      }
      const rows = await sql.query({
        text: `UPDATE landfall.reader SET holder = $2, until = ${until}
               WHERE name = $1 AND (holder = $2 OR until < clock_timestamp()) RETURNING name`,
        values: [name, holder, leaseMs],
      });
      return rows.length > 0;
    },
    async load() {
      const [row] = await sql.query<ReaderRow>({
        text: `SELECT epoch, tick, nonce, "pageTick", "pageNonce", "pageSeq",
                 coalesce((SELECT t.total FROM landfall.tick t WHERE t.id = reader.tick), 0) AS total
               FROM landfall.reader WHERE name = $1`,
        values: [name],
      });
      if (!row) return undefined;
      const { epoch, tick, nonce, pageTick, pageNonce, pageSeq, total } = row;
      const page = pageTick !== null && pageNonce !== null && pageSeq !== null;
      const inside = page ? { page: { tick: pageTick, nonce: pageNonce, seq: pageSeq } } : {};
      return { cursor: { epoch, tick, nonce, ...inside }, total };
    },
    async save({ epoch, tick, nonce, page }) {
      const rows = await sql.query({
        text: `UPDATE landfall.reader SET epoch = $4, tick = $5, nonce = $6, "pageTick" = $7, "pageNonce" = $8, "pageSeq" = $9,
                 lost = false, until = ${until}, "movedAt" = clock_timestamp()
               WHERE name = $1 AND holder = $2 RETURNING name`,
        values: [name, holder, leaseMs, epoch, tick, nonce, page?.tick ?? null, page?.nonce ?? null, page?.seq ?? null],
      });
      return rows.length > 0;
    },
    async release() {
      await sql.query({
        text: "UPDATE landfall.reader SET until = '-infinity' WHERE name = $1 AND holder = $2",
        values: [name, holder],
      });
    },
  };
}
