// Loads when the component appears and again whenever `reload` is called; an answer that comes too late is dropped.
import { useCallback, useEffect, useState } from "react";

interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly error: string | undefined;
  reload(): void;
  /** Does something, then loads again; what goes wrong is shown. */
  act(work: () => Promise<unknown>): Promise<void>;
}

export function useLoaded<Value>(load: () => Promise<Value>, key = ""): Loaded<Value> {
  const [value, setValue] = useState<Value>();
  const [error, setError] = useState<string>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (loaded) => {
        if (!current) return;
        setValue(loaded);
        setError(undefined);
      },
      (failure: Error) => current && setError(failure.message),
    );
    return () => {
      current = false;
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const act = useCallback(
    async (work: () => Promise<unknown>) => {
      try {
        await work();
        setError(undefined);
        reload();
      } catch (failure) {
        setError((failure as Error).message);
      }
    },
    [reload],
  );
  return { value, error, reload, act };
}
