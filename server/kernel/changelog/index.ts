// The change log's door: one per process. Writers ring it after a commit; readers follow it; nothing else is needed.
import { randomBytes } from "node:crypto";
import type pg from "pg";
import type { Logger } from "pino";
import { type Clock, systemClock } from "../clock.ts";
import type { PooledDb } from "../db/pool.ts";
import type { Service } from "../lifecycle.ts";
import { createBatchReader } from "./batch.ts";
import { createBatchCache } from "./batch-cache.ts";
import { pause } from "./bell.ts";
import { createHead } from "./head.ts";
import { createReaderStore } from "./reader-store.ts";
import { type Reader, type ReaderHandler, type ReaderStats, startReader } from "./readers.ts";
import { maintainRing, type RingState } from "./ring.ts";
import { createSession } from "./session.ts";
import { type ChangeLogSettings, changeLogDefaults } from "./settings.ts";
import type { Tick } from "./store.ts";
import { channels, createTicker } from "./ticker.ts";
import type { Batch, Cursor, PageLimits } from "./types.ts";

export { announce, installCapture, refreshCapture, removeCapture } from "./capture.ts";
export { decodeCursor, encodeCursor } from "./cursor.ts";
export type { Reader, ReaderHandler, ReaderStats } from "./readers.ts";
export type { ChangeLogSettings } from "./settings.ts";
export type * from "./types.ts";

export interface ChangeLogOptions {
  readonly db: PooledDb;
  /** A connected client of the log's own, never from the pool. */
  readonly connect: () => Promise<pg.Client>;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: (bytes: number) => Buffer;
  readonly settings?: Partial<ChangeLogSettings>;
}

export interface ChangeLogStats {
  readonly leading: boolean;
  readonly connected: boolean;
  /** False where LISTEN does not work: commits of other processes are noticed by polling. */
  readonly listening: boolean;
  readonly epoch: string | null;
  readonly tick: number;
  /** Ticks written by this process. */
  readonly ticks: number;
  readonly cache: { readonly entries: number; readonly bytes: number; readonly hits: number; readonly misses: number };
  /** As of the last upkeep; null until this process has led through one. */
  readonly ring: RingState | null;
  readonly readers: readonly ReaderStats[];
}

export interface ChangeLog extends Service {
  /** Call after each commit that may have changed a record. Never fails, never waits. */
  ring(): void;
  /** In memory, from the head on. */
  live(name: string, handler: ReaderHandler): Reader;
  /** A named cursor in the database, one process at a time, at least once. */
  durable(name: string, handler: ReaderHandler): Reader;
  /** What came after the cursor. Any instance of the database that holds the tick gives the same answer. */
  read(cursor: Cursor, limits?: PageLimits): Promise<Batch>;
  /** The newest position. */
  head(): Cursor;
  /** One round of ring upkeep now, instead of at the next interval. */
  maintain(): Promise<RingState>;
  stats(): ChangeLogStats;
}

export function createChangeLog(options: ChangeLogOptions): ChangeLog {
  const { db, log, clock = systemClock, random = randomBytes } = options;
  const settings = { ...changeLogDefaults, ...options.settings };
  const word = () => random(9).toString("base64url");
  const holder = word();
  const head = createHead();
  const cache = createBatchCache(settings.cache);
  head.onEpoch(cache.clear);
  const batches = createBatchReader({ sql: db, head, cache });
  const readers = new Set<Reader>();
  const session = createSession({
    connect: options.connect,
    channels: Object.values(channels),
    idleTimeoutMs: settings.leaseMs,
    retryMs: settings.retryMs,
    probe: () => `probe ${word()}`,
    log,
    heard: (channel) => {
      if (channel === channels.ring) {
        if (ticker.leading) ticker.ring();
        // Its own tick is no news to the leader.
      } else if (!ticker.leading) ticker.look();
    },
    changed: (connected) => {
      if (connected) ticker.look();
    },
  });
  const readAhead = async (from: Tick, to: Tick) => {
    if (readers.size > 0) await batches.readAhead(session, from, to, settings.page);
  };
  const ticker = createTicker({ session, head, holder, clock, word, settings, log, readAhead });
  let upkeep: NodeJS.Timeout | undefined;
  let keeping: Promise<unknown> = Promise.resolve();
  let ring: RingState | null = null;
  let stopped = false;

  const maintain = async () => {
    ring = await maintainRing(db, settings, log);
    return ring;
  };

  function position(): Cursor {
    const { epoch, newest } = head;
    if (!epoch || !newest) throw new Error("the change log is not running");
    return { epoch: epoch.id, tick: newest.id, nonce: newest.nonce };
  }

  function follow(name: string, handler: ReaderHandler, durable: boolean): Reader {
    if ([...readers].some((reader) => reader.name === name)) throw new Error(`a reader named ${name} runs already`);
    const store = durable ? createReaderStore(db, name, holder, settings.readerLeaseMs) : undefined;
    const chance = () => random(4).readUInt32BE() / 2 ** 32;
    const started = startReader({
      name,
      handler,
      head,
      batches,
      clock,
      chance,
      settings,
      log,
      ...(store ? { store } : {}),
    });
    const reader: Reader = {
      ...started,
      async stop() {
        await started.stop();
        readers.delete(reader);
      },
    };
    readers.add(reader);
    return reader;
  }

  return {
    name: "changelog",
    async run() {
      session.start();
      ticker.start();
      while (!head.newest && !stopped) await pause(5);
      if (stopped) return;
      upkeep = setInterval(() => {
        if (ticker.leading)
          keeping = maintain().catch((error: unknown) => log.warn({ err: error }, "change log: upkeep failed"));
      }, settings.maintainMs);
    },
    async drain() {
      clearInterval(upkeep);
      await Promise.all([...readers].map((reader) => reader.stop()));
    },
    async stop() {
      stopped = true;
      await this.drain();
      await keeping;
      await ticker.stop();
      await session.stop();
    },
    ring: ticker.ring,
    live: (name, handler) => follow(name, handler, false),
    durable: (name, handler) => follow(name, handler, true),
    read: (cursor, limits = settings.page) => batches.read(cursor, limits),
    head: position,
    maintain,
    stats: () => ({
      leading: ticker.leading,
      connected: session.connected,
      listening: session.listening,
      epoch: head.epoch?.id ?? null,
      tick: head.newest?.id ?? 0,
      ticks: ticker.ticks,
      cache: { entries: cache.entries, bytes: cache.bytes, hits: cache.hits, misses: cache.misses },
      ring,
      readers: [...readers].map((reader) => reader.stats()),
    }),
  };
}
