// This process's picture of the definitions, kept fresh. A change made here is seen at once (the writer refreshes); one made
// by another process within a poll, or sooner when someone rings.
//
//   change here     commit ─► refresh() ─► current()
//   change there    commit ─► [doorbell] or poll: version differs ─► read ─► current()
import type { Db } from "../kernel/db/index.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { readPicture, readVersion } from "./definition-store.ts";
import { buildSchemas } from "./schemas.ts";
import type { Schemas } from "./types.ts";

export interface SchemaRegistryOptions {
  readonly db: Db;
  /** How long another process's change may go unseen; at most 1,000 ms by contract. */
  readonly pollMs: number;
  /** Rings when a definition changed somewhere, e.g. on `schema`, `rules` and `drop` entries of the log. Gives its own end. */
  readonly subscribe?: (ring: () => void) => () => void;
  /** Told when a poll fails; the old picture stays in use and the next poll tries again. */
  readonly onError: (error: unknown) => void;
}

export interface SchemaRegistry extends Service {
  /** The picture as this process knows it now. Throws before `run` has ended. */
  current(): Schemas;
  /** The picture after every change committed before this call. */
  refresh(): Promise<Schemas>;
  /** Called with each new picture. Gives its own end. */
  onChange(listener: (schemas: Schemas) => void): () => void;
}

export function createSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const listeners = new Set<(schemas: Schemas) => void>();
  let picture: Schemas | undefined;
  let tail: Promise<unknown> = Promise.resolve();
  let queued: Promise<Schemas> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => void) | undefined;

  async function look(): Promise<Schemas> {
    if (picture && (await readVersion(options.db)) === picture.version) return picture;
    const next = buildSchemas(await readPicture(options.db));
    if (picture?.version === next.version) return picture;
    picture = next;
    for (const listener of listeners) listener(next);
    return next;
  }

  // One look at a time. A look that has begun may have missed the caller's commit, so the caller gets the next one, which
  // all who ask meanwhile share.
  function refresh(): Promise<Schemas> {
    queued ??= tail.then(() => {
      queued = undefined;
      const looking = look();
      tail = looking.catch(() => {});
      return looking;
    });
    return queued;
  }

  const poll = () => refresh().catch(options.onError);

  return {
    name: "collections.schemas",
    current() {
      if (!picture) throw new Error("the schema registry is not running");
      return picture;
    },
    refresh,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run() {
      await refresh();
      unsubscribe = options.subscribe?.(() => void poll());
      timer = setInterval(() => void poll(), options.pollMs);
      timer.unref();
    },
    async drain() {
      clearInterval(timer);
      unsubscribe?.();
      await tail;
    },
    async stop() {
      clearInterval(timer);
      unsubscribe?.();
    },
  };
}
