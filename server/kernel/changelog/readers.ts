// Runs readers: each follows the log at its own pace with a cursor of its own, so a slow one lags and holds up nobody.
// A live reader keeps its cursor in memory and starts at the head; a durable one keeps it in the database, runs in one
// process at a time, and sees a page again when the process dies between handling it and saving the cursor.
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { BatchReader } from "./batch.ts";
import { pause } from "./bell.ts";
import type { Head } from "./head.ts";
import type { ReaderStore } from "./reader-store.ts";
import type { ChangeLogSettings } from "./settings.ts";
import type { Batch, Cursor } from "./types.ts";

/** Given one page at a time, or told to start over from a snapshot. A failure repeats the same page, later and later. */
export type ReaderHandler = (batch: Batch) => void | Promise<void>;

export interface ReaderStats {
  readonly name: string;
  readonly kind: "live" | "durable";
  /** False while another process runs this durable reader. */
  readonly active: boolean;
  readonly lagEntries: number;
  readonly lagMs: number;
  /** Failures of the handler since its last success. */
  readonly failures: number;
}

export interface Reader {
  readonly name: string;
  stats(): ReaderStats;
  stop(): Promise<void>;
}

export interface ReaderOptions {
  readonly name: string;
  readonly handler: ReaderHandler;
  readonly head: Head;
  readonly batches: BatchReader;
  readonly clock: Clock;
  /** Between 0 and 1, to spread retries. */
  readonly chance: () => number;
  readonly settings: ChangeLogSettings;
  readonly log: Logger;
  /** Absent: live. */
  readonly store?: ReaderStore;
}

export function startReader(options: ReaderOptions): Reader {
  const { name, head, batches, settings, store } = options;
  const log = options.log.child({ reader: name });
  const stopping = new AbortController();
  let cursor: Cursor | undefined;
  let failures = 0;
  let owned = store === undefined;
  let behindSince: number | undefined;
  /** The total at the tick of `cursor`, when that tick was last known here. */
  let passed = 0;
  let claimedAt = Number.NEGATIVE_INFINITY;
  const fresh = () => options.clock.monotonicMs() - claimedAt < settings.readerLeaseMs / 3;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (store && !(await own(store))) {
          await sleep(settings.readerLeaseMs / 3);
          continue;
        }
        cursor ??= (await resumed()) ?? startingPoint();
        if (cursor) await step(cursor);
        else await head.changed(-1, stopping.signal);
      } catch (error) {
        log.warn({ err: error }, "reader: the log cannot be read, trying again");
        await sleep(settings.retryMs);
      }
    }
    if (owned) await store?.release().catch(() => {});
  }

  async function resumed(): Promise<Cursor | undefined> {
    const saved = await store?.load();
    passed = saved?.total ?? passed;
    return saved?.cursor;
  }

  async function own(reader: ReaderStore): Promise<boolean> {
    if (owned && fresh()) return true;
    const was = owned;
    owned = await reader.claim(startingPoint());
    claimedAt = options.clock.monotonicMs();
    // Another process may have moved the stored cursor while it owned the reader.
    if (owned !== was) cursor = undefined;
    return owned;
  }

  function startingPoint(): Cursor | undefined {
    const { epoch, newest } = head;
    return epoch && newest && { epoch: epoch.id, tick: newest.id, nonce: newest.nonce };
  }

  async function step(at: Cursor): Promise<void> {
    const batch = await batches.read(at, settings.page);
    if (batch.kind === "entries" && batch.entries.length === 0 && batch.cursor === at) {
      behindSince = undefined;
      await rest(at);
      return;
    }
    behindSince ??= options.clock.monotonicMs();
    const next = batch.kind === "entries" ? batch.cursor : startingPoint();
    if (!next || !(await handled(batch))) return;
    // Saved after the handler, never before: a crash between repeats the page instead of losing it.
    if (store && !(await store.save(next))) {
      owned = false;
      cursor = undefined;
      return;
    }
    claimedAt = options.clock.monotonicMs();
    cursor = next;
    passed = head.since(next.tick, next.nonce)?.[0]?.total ?? passed;
    if (next.tick === head.newest?.id) behindSince = undefined;
  }

  /** Waits for the next tick; a durable reader wakes in time to keep its lease. */
  async function rest(at: Cursor): Promise<void> {
    if (!store) return head.changed(at.tick, stopping.signal);
    const wake = AbortSignal.any([stopping.signal, AbortSignal.timeout(settings.readerLeaseMs / 3)]);
    await head.changed(at.tick, wake);
  }

  /** Repeats until the handler succeeds; false when the reader stops or another process has taken it over meanwhile. */
  async function handled(batch: Batch): Promise<boolean> {
    const renewal = store && setInterval(() => void renew(store), settings.readerLeaseMs / 3);
    try {
      while (!stopping.signal.aborted) {
        try {
          await options.handler(batch);
          failures = 0;
          return true;
        } catch (error) {
          failures += 1;
          log.warn({ err: error, failures }, "reader: the handler failed, the page is tried again");
        }
        const ceiling = Math.min(settings.retryMaxMs, settings.retryMs * 2 ** (failures - 1));
        await sleep(ceiling * (0.5 + options.chance() / 2));
        if (!owned) return false;
      }
      return false;
    } finally {
      clearInterval(renewal);
    }
  }

  async function renew(reader: ReaderStore): Promise<void> {
    const ours = await reader.claim(undefined).catch(() => owned);
    if (!ours) owned = false;
  }

  async function sleep(ms: number): Promise<void> {
    await Promise.race([
      pause(ms),
      new Promise((resolve) => stopping.signal.addEventListener("abort", resolve, { once: true })),
    ]);
  }

  const loop = run();
  return {
    name,
    stats() {
      const now = head.newest;
      passed = (cursor && head.since(cursor.tick, cursor.nonce)?.[0]?.total) ?? passed;
      return {
        name,
        kind: store ? "durable" : "live",
        active: owned,
        lagEntries: !cursor || !now ? 0 : Math.max(0, now.total - passed),
        lagMs: behindSince === undefined ? 0 : options.clock.monotonicMs() - behindSince,
        failures,
      };
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
