// Keys that work on every screen. Single letters are ignored while a field is being typed in.
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

interface Doors {
  readonly openPalette: () => void;
  readonly openHelp: () => void;
}

const places = { h: "/", c: "/collections", k: "/keys", d: "/denials", b: "/backups", s: "/server" } as const;

/** How long `g` waits for its second letter. */
const sequenceMs = 1200;

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** An open dialog owns the keyboard. */
export function dialogIsOpen(): boolean {
  return document.querySelector("[role=dialog]") !== null;
}

export function useShortcuts({ openPalette, openHelp }: Doors): void {
  const navigate = useNavigate();
  useEffect(() => {
    let leader = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialogIsOpen()) return;
      if (event.key === "?") openHelp();
      else if (event.key === "g") leader = event.timeStamp;
      else if (event.key in places && event.timeStamp - leader < sequenceMs) {
        leader = 0;
        void navigate({ to: places[event.key as keyof typeof places] });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, openPalette, openHelp]);
}
