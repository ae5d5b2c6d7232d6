// Prometheus metrics. Labels are taken from closed lists (route names, statuses), never from a request. The library is
// loaded a moment after the start, which it would make longer by a tenth; requests are counted without it.
import type { PooledDb } from "./db/pool.ts";
import { createRequestHistogram } from "./request-histogram.ts";

export interface Metrics {
  /** One answered request. */
  request(route: string, status: number, ms: number): void;
  /** A value asked for when somebody scrapes. Labels, when given, are one closed list. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** The same for a number that only grows. */
  counter(name: string, help: string, read: () => number): void;
  gauges(name: string, help: string, label: string, read: () => ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>): void; // biome-ignore format: one line each
  text(): Promise<string>;
  readonly contentType: string;
  stop(): void;
}

type Library = typeof import("prom-client");
type Registry = InstanceType<Library["Registry"]>;
type Definition = (library: Library, registry: Registry) => void;

const loadAfterMs = 1_000;

export function createMetrics(): Metrics {
  const definitions: Definition[] = [];
  const requests = createRequestHistogram();
  let loaded: { readonly library: Library; readonly registry: Registry } | undefined;
  let loading: Promise<Registry> | undefined;

  const load = (): Promise<Registry> => {
    loading ??= import("prom-client").then((library) => {
      const registry = new library.Registry();
      library.collectDefaultMetrics({ register: registry });
      for (const define of definitions) define(library, registry);
      loaded = { library, registry };
      return registry;
    });
    return loading;
  };
  const timer = setTimeout(() => void load(), loadAfterMs).unref();
  const define = (definition: Definition) => {
    if (loaded) definition(loaded.library, loaded.registry);
    else definitions.push(definition);
  };
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    request: requests.observe,
    gauge(name, help, read) {
      define(({ Gauge }, registry) => {
        new Gauge({
          name,
          help,
          registers: [registry],
          async collect() {
            this.set(await read());
          },
        });
      });
    },
    counter(name, help, read) {
      define(({ Counter }, registry) => {
        new Counter({
          name,
          help,
          registers: [registry],
          collect() {
            this.reset();
            this.inc(read());
          },
        });
      });
    },
    gauges(name, help, label, read) {
      define(({ Gauge }, registry) => {
        new Gauge({
          name,
          help,
          labelNames: [label],
          registers: [registry],
          async collect() {
            this.reset();
            for (const [value, number] of await read()) this.set({ [label]: value }, number);
          },
        });
      });
    },
    text: async () => `${await (await load()).metrics()}\n${requests.text()}`,
    stop() {
      clearTimeout(timer);
      loaded?.registry.clear();
    },
  };
}

/** Connections of the pool: how many there are, how many idle, how many callers wait. */
export function observePool(metrics: Metrics, db: Pick<PooledDb, "pool" | "waitingCount">): void {
  metrics.gauges("landfall_db_connections", "Connections of the database pool, by state.", "state", () => {
    const { totalCount, idleCount, waitingCount } = db.pool;
    return new Map([
      ["busy", totalCount - idleCount],
      ["idle", idleCount],
      ["waiting", waitingCount + db.waitingCount],
    ]);
  });
}

/** Lag of the change log's readers, in entries, by reader. */
export function observeReaderLag(metrics: Metrics, lag: () => Promise<ReadonlyMap<string, number>>): void {
  metrics.gauges("landfall_reader_lag_entries", "Entries of the change log a reader has still to see.", "reader", lag);
}
