// One refresh at a time among the tabs of an app. Web Locks where the browser has them (a secure context), a lease in the
// store where not, nothing outside browsers, where an app is one process. The lock spares requests, it is not what keeps a
// session alive: the server answers the token before for 20 s, so whoever waits too long goes ahead without it.
import type { TokenStore } from "./auth-store.ts";
import { deadline, type Runtime, randomToken } from "./runtime.ts";

export type Lock = <Value>(work: () => Promise<Value>) => Promise<Value>;

interface Surroundings {
  readonly document?: unknown;
  readonly navigator?: { readonly locks?: WebLocks };
}

interface WebLocks {
  request<Value>(name: string, options: object, work: () => Promise<Value>): Promise<Value>;
}

/** A tab that the browser froze keeps its lock for as long as it sleeps. */
const patienceMs = 10_000;
const askAgainMs = 100;
/** Two tabs that took a free lease at once have both written by then; the later one has it. */
const settleMs = 20;

export function createLock(
  name: string,
  store: TokenStore,
  runtime: Runtime,
  surroundings: Surroundings = globalThis as Surroundings,
): Lock {
  const locks = surroundings.navigator?.locks;
  if (locks !== undefined) return (work) => locked(locks, name, work);
  return surroundings.document === undefined ? (work) => work() : (work) => leased(store, name, runtime, work);
}

async function locked<Value>(locks: WebLocks, name: string, work: () => Promise<Value>): Promise<Value> {
  const patience = deadline(patienceMs);
  let granted = false;
  try {
    return await locks.request(name, { signal: patience.signal }, () => {
      granted = true;
      patience.dispose();
      return work();
    });
  } catch (error) {
    if (granted) throw error;
    return work();
  } finally {
    patience.dispose();
  }
}

async function leased<Value>(
  store: TokenStore,
  name: string,
  { now, random, sleep }: Runtime,
  work: () => Promise<Value>,
): Promise<Value> {
  const owner = randomToken(random);
  const pause = async (ms: number) => {
    const { signal, dispose } = deadline(patienceMs);
    await sleep(ms, signal);
    dispose();
  };
  const holder = async () => {
    const [by, until] = ((await store.getItem(name)) ?? "").split(" ");
    const leftMs = Number(until) - now();
    // A lease from the future is one from before the clock stepped back.
    return leftMs > 0 && leftMs <= patienceMs ? by : undefined;
  };
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += askAgainMs) {
    if ((await holder()) === undefined) {
      await store.setItem(name, `${owner} ${now() + patienceMs}`);
      await pause(settleMs);
      if ((await holder()) === owner) break;
    }
    await pause(askAgainMs);
  }
  try {
    return await work();
  } finally {
    if ((await holder()) === owner) await store.removeItem(name);
  }
}
