// Ctrl S (Cmd S) saves what is open. The newest listener is asked first and alone, so that a dialog above a form has the key.
import { useEffect, useRef } from "react";

const savers: { current: () => void }[] = [];

function onKey(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  const top = savers.at(-1);
  if (!top) return;
  event.preventDefault();
  top.current();
}

export function useSaveKey(save: () => void): void {
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => {
    if (savers.length === 0) window.addEventListener("keydown", onKey);
    savers.push(latest);
    return () => {
      savers.splice(savers.indexOf(latest), 1);
      if (savers.length === 0) window.removeEventListener("keydown", onKey);
    };
  }, []);
}
