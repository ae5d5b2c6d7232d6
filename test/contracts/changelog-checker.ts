// Decides whether a way of reading the log loses, repeats, splits or misorders changes. The writers leave behind what is
// true (each transaction's changes, once it is committed); any reader, right or wrong, is held against it.
import type { Db } from "../../server/kernel/db/index.ts";
import type { PooledDb } from "../../server/kernel/db/pool.ts";

/** What a reader under test is given, in the order it is given. */
export interface Seen {
  readonly seq: number;
  readonly xid: string;
  readonly id: string | null;
  readonly op: string;
  readonly title: unknown;
  /** Entries of one delivery share it: a transaction must not be split over two. */
  readonly batch: number;
}

export interface Verdict {
  readonly lost: number;
  readonly twice: number;
  readonly staleRows: number;
  readonly split: number;
}

/** The whole log and the whole table against what was seen. */
export async function judge(db: Db, seen: readonly Seen[], sinceSeq: number): Promise<Verdict> {
  const log = await db.query<{ seq: number }>({
    text: "SELECT seq FROM landfall.change WHERE collection = 1 AND seq > $1",
    values: [sinceSeq],
  });
  const counts = new Map<number, number>();
  const batchOf = new Map<string, Set<number>>();
  const copy = new Map<string, unknown>();
  for (const entry of seen) {
    counts.set(entry.seq, (counts.get(entry.seq) ?? 0) + 1);
    batchOf.set(entry.xid, (batchOf.get(entry.xid) ?? new Set()).add(entry.batch));
    if (entry.op === "truncate") copy.clear();
    else if (entry.op === "delete") copy.delete(entry.id as string);
    else if (entry.id !== null) copy.set(entry.id, entry.title);
  }
  const rows = await db.query<{ id: string; title: string | null }>({ text: "SELECT id, title FROM public.items" });
  const stale = rows.filter((row) => !copy.has(row.id) || copy.get(row.id) !== row.title);
  const alive = new Set(rows.map((row) => row.id));
  const ghosts = [...copy.keys()].filter((id) => !alive.has(id));
  return {
    lost: log.filter((entry) => !counts.has(entry.seq)).length,
    twice: [...counts.values()].filter((count) => count > 1).length,
    staleRows: stale.length + ghosts.length,
    split: [...batchOf.values()].filter((batches) => batches.size > 1).length,
  };
}

export interface WriterOptions {
  readonly writers: number;
  readonly rounds: number;
  readonly random: () => number;
}

/** Writers that get in each other's way: slow transactions, rollbacks, deletes against re-creates, bulk, truncate, psql. */
export async function runWriters(db: PooledDb, { writers, rounds, random }: WriterOptions): Promise<number> {
  let committed = 0;
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const key = () => `k${Math.floor(random() * 40)}`;

  async function round(writer: number, n: number): Promise<void> {
    const tags = { actor: `user:${writer}`, request: `${writer}.${n}`, bulk: random() < 0.2 };
    const rollBack = random() < 0.1;
    await db.transaction(
      async (tx) => {
        // The transaction's number is drawn first, its rows come later: xid order is not row order.
        await tx.query({ text: "SELECT pg_current_xact_id()" });
        await pause(random() < 0.05 ? 150 : random() * 8);
        if (random() < 0.005) return tx.query({ text: "TRUNCATE public.items" });
        // In the order of their ids, or deadlocks, which cost a second each, would be all there is.
        const ids = Array.from({ length: 1 + Math.floor(random() * 3) }, key).sort();
        for (const [step, id] of ids.entries()) {
          await tx.query(oneStatement(random(), id, `${writer}.${n}.${step}`));
          await pause(random() * 4);
        }
        if (rollBack) throw new RollBack();
        return undefined;
      },
      { tags },
    );
    committed += 1;
  }

  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; n < rounds; n += 1) await round(writer, n).catch(expected);
    }),
  );
  return committed;
}

function oneStatement(dice: number, id: string, title: string): { text: string; values: unknown[] } {
  if (dice < 0.15) return { text: "DELETE FROM public.items WHERE id = $1", values: [id] };
  if (dice < 0.2) {
    // Past the keys that others lock one by one, so that the order holds.
    const many = "INSERT INTO public.items (id, title) SELECT 'z' || n, $1 FROM generate_series(1, 5) n";
    return { text: `${many} ON CONFLICT (id) DO UPDATE SET title = excluded.title`, values: [title] };
  }
  return {
    text: "INSERT INTO public.items (id, title) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    values: [id, title],
  };
}

class RollBack extends Error {}

/** Deadlocks, waits given up and rollbacks are part of the exercise; anything else is a failure of the test. */
function expected(error: unknown): void {
  const gaveUp = ["40P01", "55P03"].includes((error as { code?: string }).code ?? "");
  if (!(error instanceof RollBack) && !gaveUp) throw error;
}

/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
