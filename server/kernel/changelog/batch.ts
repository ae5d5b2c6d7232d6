// Answers "what came after this cursor?", one page at a time. Spans that fit a page are read whole and kept for the other
// readers; larger ones are paged by `seq`, so a transaction of a million rows never stands in memory at once.
import type { BatchCache } from "./batch-cache.ts";
import { type Page, readRanges, readSlice, readSpan, type Span, type TransactionRange } from "./batch-sql.ts";
import { currentEpoch } from "./epoch.ts";
import type { Head } from "./head.ts";
import { type Sql, type Tick, ticksFrom } from "./store.ts";
import type { Batch, Cursor, PageLimits, ResyncReason } from "./types.ts";

export interface BatchReader {
  read(cursor: Cursor, limits: PageLimits): Promise<Batch>;
  /** Keeps the batch between two ticks for the readers about to ask, read over a connection that has it prepared. */
  readAhead(prepared: Sql, from: Tick, to: Tick, limits: PageLimits): Promise<void>;
}

export interface BatchReaderOptions {
  readonly sql: Sql;
  readonly head: Head;
  readonly cache: BatchCache;
}

const ticksAtOnce = 500;
const rangesAtOnce = 5_000;
const plansKept = 4;
/** Transactions looked into for one page, beside those already begun. */
const transactionsPerPage = 2_000;

export function createBatchReader({ sql, head, cache }: BatchReaderOptions): BatchReader {
  const plans = new Map<string, Promise<SpanPlan>>();

  async function read(cursor: Cursor, limits: PageLimits): Promise<Batch> {
    // Another process may have heard of a new epoch first, and given out this cursor.
    if (cursor.epoch !== head.epoch?.id) await head.refresh(sql);
    const ticks =
      (!cursor.page && head.since(cursor.tick, cursor.nonce)) || (await ticksFrom(sql, cursor.tick, ticksAtOnce));
    const from = ticks[0];
    if (cursor.epoch !== head.epoch?.id || from?.id !== cursor.tick || from.nonce !== cursor.nonce)
      return refuse(cursor);
    const span = { epoch: cursor.epoch, from };
    if (cursor.page) return readPage({ ...span, to: await target(cursor.page) }, cursor, limits);
    const to = reach(ticks, limits.entries);
    if (to === from) return { kind: "entries", entries: [], cursor, more: false };
    return to.total - from.total > limits.entries
      ? readPage({ ...span, to }, cursor, limits)
      : readWhole({ ...span, to }, cursor, limits);
  }

  /** Small spans, from memory when another reader had them. */
  async function readWhole(span: Span, cursor: Cursor, limits: PageLimits): Promise<Batch> {
    let cut: Page | undefined;
    const kept = await cache.get(keyOf(span, limits), async () => {
      const page = await readSpan(sql, span, oneMore(limits));
      if (page.stands && page.whole) return page;
      cut = page;
      return undefined;
    });
    if (kept) return delivered(span, kept.entries);
    // Without a page of its own this call joined another's load, which was cut or refused.
    const page = cut ?? (await readSpan(sql, span, limits));
    return page.stands ? pageOf(span, page, undefined) : refuse(cursor);
  }

  async function readAhead(prepared: Sql, from: Tick, to: Tick, limits: PageLimits): Promise<void> {
    if (!head.epoch || to.total - from.total > limits.entries) return;
    const span = { epoch: head.epoch.id, from, to };
    await cache.get(keyOf(span, limits), async () => {
      const page = await readSpan(prepared, span, oneMore(limits), "changelog_span");
      return page.stands && page.whole ? page : undefined;
    });
  }

  /** Large spans: which transactions reach into the next page is worked out once, then each page is a few index ranges. */
  async function readPage(
    span: Omit<Span, "to"> & { to: Tick | undefined },
    cursor: Cursor,
    limits: PageLimits,
  ): Promise<Batch> {
    const { to } = span;
    if (!to) return refuse(cursor);
    const whole = { ...span, to };
    const plan = await planOf(whole);
    let after = cursor.page?.seq ?? 0;
    for (;;) {
      const slice = plan.slice(after);
      const page = await readSlice(sql, whole, limits, { ...slice, after });
      if (!page.stands) return refuse(cursor);
      if (page.entries.length === 0 && slice.below < Number.MAX_SAFE_INTEGER) {
        after = slice.below - 1;
        continue;
      }
      return pageOf(whole, page, slice.below);
    }
  }

  function planOf(span: Span): Promise<SpanPlan> {
    const key = `${span.epoch}:${span.from.id}:${span.to.id}`;
    const plan = plans.get(key) ?? planSpan(sql, span);
    plans.delete(key);
    plans.set(key, plan);
    plan.catch(() => plans.delete(key));
    for (const oldest of plans.keys()) if (plans.size > plansKept) plans.delete(oldest);
    return plan;
  }

  async function target(page: NonNullable<Cursor["page"]>): Promise<Tick | undefined> {
    const tick = (await ticksFrom(sql, page.tick, 1))[0];
    return tick?.id === page.tick && tick.nonce === page.nonce ? tick : undefined;
  }

  function pageOf(span: Span, page: Page, below: number | undefined): Batch {
    const end = page.whole && (below === undefined || below === Number.MAX_SAFE_INTEGER);
    if (end) return delivered(span, page.entries);
    const last = page.entries.at(-1)?.seq ?? 0;
    const seq = page.whole && below !== undefined ? below - 1 : last;
    const { epoch, from, to } = span;
    const cursor = { epoch, tick: from.id, nonce: from.nonce, page: { tick: to.id, nonce: to.nonce, seq } };
    return { kind: "entries", entries: page.entries, cursor, more: true };
  }

  function delivered(span: Span, entries: Page["entries"]): Batch {
    const cursor = { epoch: span.epoch, tick: span.to.id, nonce: span.to.nonce };
    return { kind: "entries", entries, cursor, more: span.to.id !== head.newest?.id };
  }

  async function refuse(cursor: Cursor): Promise<Batch> {
    const epoch = await currentEpoch(sql);
    const reason: ResyncReason =
      cursor.epoch !== epoch?.id ? "epoch" : cursor.tick < epoch.oldestTick ? "expired" : "forked";
    // The page found an epoch begun that this process has not heard of yet.
    if (epoch?.id !== head.epoch?.id) await head.refresh(sql);
    return { kind: "resync", reason };
  }

  return { read, readAhead };
}

const keyOf = (span: Span, limits: PageLimits) => `${span.epoch}:${span.from.id}:${span.to.id}:${limits.bytes}`;

/** One more than the span can hold, so that a full page is told from a cut one. */
const oneMore = (limits: PageLimits): PageLimits => ({ entries: limits.entries + 1, bytes: limits.bytes });

/** The furthest tick within the limit, or the next one when it alone is over it. */
function reach(ticks: readonly Tick[], entries: number): Tick {
  const from = ticks[0] as Tick;
  let to = ticks[1] ?? from;
  for (const tick of ticks) if (tick.id > to.id && tick.total - from.total <= entries) to = tick;
  return to;
}

interface SpanPlan {
  /** The transactions to look into after this `seq`, and up to where looking into them alone is enough. */
  slice(after: number): { readonly xids: readonly string[]; readonly below: number };
}

async function planSpan(sql: Sql, span: Span): Promise<SpanPlan> {
  const ranges: TransactionRange[] = [];
  for (let last = "0"; ; ) {
    const chunk = await readRanges(sql, span, last, rangesAtOnce);
    ranges.push(...chunk);
    if (chunk.length < rangesAtOnce) break;
    last = chunk.at(-1)?.xid as string;
  }
  ranges.sort((a, b) => a.first - b.first);
  return {
    slice(after) {
      const xids: string[] = [];
      for (const range of ranges) {
        if (range.last <= after) continue;
        // Every entry of the transactions left out has a greater `seq` than this one's first.
        if (xids.length >= transactionsPerPage && range.first > after) return { xids, below: range.first };
        xids.push(range.xid);
      }
      return { xids, below: Number.MAX_SAFE_INTEGER };
    },
  };
}
