// Batches never change, so each is read once per process however many readers want it. The oldest go first.
import type { Entry, PageLimits } from "./types.ts";

export interface CachedBatch {
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

export interface BatchCache {
  /** The batch under this key, loaded at most once at a time. `load` gives undefined for what must not be kept. */
  get(key: string, load: () => Promise<CachedBatch | undefined>): Promise<CachedBatch | undefined>;
  clear(): void;
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

export function createBatchCache(limits: PageLimits): BatchCache {
  const kept = new Map<string, CachedBatch>();
  const loading = new Map<string, Promise<CachedBatch | undefined>>();
  const count = { entries: 0, bytes: 0, hits: 0, misses: 0 };

  function keep(key: string, batch: CachedBatch): void {
    kept.set(key, batch);
    count.entries += batch.entries.length;
    count.bytes += batch.bytes;
    for (const [oldest, { entries, bytes }] of kept) {
      if (count.entries <= limits.entries && count.bytes <= limits.bytes) return;
      kept.delete(oldest);
      count.entries -= entries.length;
      count.bytes -= bytes;
    }
  }

  return {
    async get(key, load) {
      const found = kept.get(key) ?? loading.get(key);
      if (found) {
        count.hits += 1;
        return found;
      }
      count.misses += 1;
      const work = load();
      loading.set(key, work);
      try {
        const batch = await work;
        // Unless the cache was cleared meanwhile: the batch may be of a history that has ended.
        if (batch && loading.get(key) === work) keep(key, batch);
        return batch;
      } finally {
        if (loading.get(key) === work) loading.delete(key);
      }
    },
    clear() {
      kept.clear();
      loading.clear();
      count.entries = 0;
      count.bytes = 0;
    },
    get entries() {
      return count.entries;
    },
    get bytes() {
      return count.bytes;
    },
    get hits() {
      return count.hits;
    },
    get misses() {
      return count.misses;
    },
  };
}
