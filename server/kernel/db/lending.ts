// Who gets a connection next. The pool hands a connection out through two timers, three events and a turn of the loop, which
// costs half of what sending a statement does. So the pool only makes connections and closes idle ones; as long as somebody
// waits, a connection goes from who is done with it straight to who has waited longest, statement or transaction alike.
import type pg from "pg";

/** A connection and, once it cannot be used any more, why. */
export interface Lent {
  readonly client: pg.PoolClient;
  broken: Error | undefined;
  readonly onError: (error: Error) => void;
}

export interface Lending {
  take(): Promise<Lent>;
  /** A broken one is closed. */
  giveBack(lent: Lent): void;
  readonly waitingCount: number;
}

export interface LendingOptions {
  readonly pool: Pick<pg.Pool, "connect">;
  readonly max: number;
  /** How long a caller waits. */
  readonly timeoutMs: number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly resolve: (lent: Lent | Promise<Lent>) => void;
  readonly reject: (error: Error) => void;
}

export function createLending({ pool, max, timeoutMs }: LendingOptions): Lending {
  const waiting: Waiting[] = [];
  let out = 0;
  let timer: NodeJS.Timeout | undefined;

  /** For a place that is counted in `out` already. */
  async function connect(): Promise<Lent> {
    try {
      return lentOf(await pool.connect());
    } catch (error) {
      free();
      throw error;
    }
  }

  /** A place without a connection: for the next in line, or for nobody. */
  function free(): void {
    const next = waiting.shift();
    if (next) next.resolve(connect());
    else out -= 1;
  }

  function wait(): Promise<Lent> {
    return new Promise((resolve, reject) => {
      waiting.push({ sinceMs: performance.now(), resolve, reject });
      if (!timer) timer = setTimeout(expire, timeoutMs).unref();
    });
  }

  /** They wait in the order in which their time is over, so one timer does for all. */
  function expire(): void {
    timer = undefined;
    const beforeMs = performance.now() - timeoutMs;
    // Timers may be a millisecond early.
    while (waiting[0] && waiting[0].sinceMs <= beforeMs + 1) waiting.shift()?.reject(new Error("timeout exceeded when trying to connect")); // biome-ignore format: one line
    if (waiting[0]) timer = setTimeout(expire, waiting[0].sinceMs - beforeMs).unref();
  }

  return {
    get waitingCount() {
      return waiting.length;
    },
    take() {
      if (out >= max) return wait();
      out += 1;
      return connect();
    },
    giveBack(lent) {
      if (!lent.broken) {
        const next = waiting.shift();
        if (next) return next.resolve(lent);
      }
      releaseLent(lent);
      free();
    },
  };
}

/** A server that stops sends its reason and closes: the close is an event, without a listener the end of the process. */
function lentOf(client: pg.PoolClient): Lent {
  const lent: Lent = {
    client,
    broken: undefined,
    onError: (error) => {
      lent.broken ??= error;
    },
  };
  client.on("error", lent.onError);
  return lent;
}

function releaseLent(lent: Lent): void {
  lent.client.off("error", lent.onError);
  lent.client.release(lent.broken);
}
