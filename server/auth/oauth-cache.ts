// What providers say of themselves, kept for an hour: metadata and keys. Bounded, and a failure is not kept.

const lifeMs = 3_600_000;
const entriesMax = 100;

/** Asks once for each key; whoever comes meanwhile waits for the same answer. */
export type Remembered<T> = (key: string, ask: () => Promise<T>) => Promise<T>;

export function createRemembered<T>(monotonicMs: () => number = () => performance.now()): Remembered<T> {
  const known = new Map<string, { readonly untilMs: number; readonly answer: Promise<T> }>();
  return (key, ask) => {
    const found = known.get(key);
    if (found !== undefined && found.untilMs > monotonicMs()) return found.answer;
    const entry = { untilMs: monotonicMs() + lifeMs, answer: ask() };
    known.delete(key);
    known.set(key, entry);
    // The oldest goes: a map keeps the order in which keys came.
    if (known.size > entriesMax) known.delete(known.keys().next().value as string);
    entry.answer.catch(() => {
      if (known.get(key) === entry) known.delete(key);
    });
    return entry.answer;
  };
}
