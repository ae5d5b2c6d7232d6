// How far the log reaches, as this process knows it: the epoch, the newest tick and the ticks just before it.
import { createBell } from "./bell.ts";
import type { Epoch } from "./epoch.ts";
import { currentEpoch } from "./epoch.ts";
import { newestTick, type Sql, type Tick, ticksFrom } from "./store.ts";

export interface Head {
  readonly epoch: Epoch | undefined;
  readonly newest: Tick | undefined;
  /** Reads what is new in the database. Calls join while one runs. */
  refresh(sql: Sql): Promise<void>;
  /** A tick this process has just written. */
  push(tick: Tick): void;
  /** Known ticks from this one on, or undefined when it is too old to be remembered here. */
  since(id: number, nonce: string): readonly Tick[] | undefined;
  /** Resolves at the next change, or at once when the newest tick is not `id`. */
  changed(id: number, signal: AbortSignal): Promise<void>;
  /** Told of a new epoch, to forget what was kept of the old one. */
  onEpoch(listener: () => void): void;
}

const remembered = 2_000;
const fetchedAtOnce = 1_000;

export function createHead(): Head {
  let epoch: Epoch | undefined;
  let ticks: Tick[] = [];
  let refreshing: Promise<void> | undefined;
  const waiting = new Set<() => void>();
  const listeners: (() => void)[] = [];

  function wakeAll(): void {
    for (const wake of [...waiting]) wake();
  }

  function append(more: readonly Tick[]): void {
    const newest = ticks.at(-1)?.id ?? -1;
    const fresh = more.filter((tick) => tick.id > newest);
    if (fresh.length === 0) return;
    ticks = [...ticks, ...fresh].slice(-remembered);
    wakeAll();
  }

  async function read(sql: Sql): Promise<void> {
    const now = await currentEpoch(sql);
    if (!now) return;
    if (now.id !== epoch?.id) {
      const newest = await newestTick(sql);
      if (!newest) return;
      epoch = now;
      ticks = [newest];
      for (const listener of listeners) listener();
      wakeAll();
      return;
    }
    epoch = now;
    for (;;) {
      const more = await ticksFrom(sql, (ticks.at(-1)?.id ?? 0) + 1, fetchedAtOnce);
      append(more);
      if (more.length < fetchedAtOnce) return;
    }
  }

  return {
    get epoch() {
      return epoch;
    },
    get newest() {
      return ticks.at(-1);
    },
    refresh(sql) {
      refreshing ??= read(sql).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    push(tick) {
      // A tick between may have been another leader's; it is read before this one counts.
      if (ticks.at(-1)?.id === tick.id - 1) append([tick]);
    },
    since(id, nonce) {
      const index = id - (ticks[0]?.id ?? Number.POSITIVE_INFINITY);
      return ticks[index]?.nonce === nonce ? ticks.slice(index) : undefined;
    },
    async changed(id, signal) {
      if (signal.aborted || (ticks.at(-1)?.id ?? id) !== id) return;
      const bell = createBell();
      waiting.add(bell.ring);
      signal.addEventListener("abort", bell.ring, { once: true });
      await bell.wait(2 ** 31 - 1);
      waiting.delete(bell.ring);
      signal.removeEventListener("abort", bell.ring);
    },
    onEpoch: (listener) => void listeners.push(listener),
  };
}
