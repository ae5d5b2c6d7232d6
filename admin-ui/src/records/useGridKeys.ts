// Keys of the records screen: `n` for a new record, `/` for the filter.
import { useEffect, useRef } from "react";
import { dialogIsOpen, isTyping } from "../frame/useShortcuts.ts";

export function useGridKeys(doors: { readonly onNew: () => void }): void {
  const latest = useRef(doors);
  latest.current = doors;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialogIsOpen()) return;
      if (event.key === "n") {
        event.preventDefault();
        latest.current.onNew();
      } else if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLElement>(".grid-filter .cm-content")?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
