// Dialogs and drawers lie on each other: Escape closes the topmost alone, and what had the focus gets it back.
import { useEffect, useRef, useState } from "react";

const layers: { current: () => void }[] = [];

function onKey(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.isComposing) return;
  // An open list in the layer takes this Escape for itself; Mantine marks its box so.
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.getAttribute("data-mantine-stop-propagation") === "true") return;
  layers.at(-1)?.current();
}

export function useLayer(onClose: () => void, opened = true): void {
  const latest = useRef(onClose);
  latest.current = onClose;
  // While it is drawn for the first time, the focus is still where it was opened from.
  const [opener] = useState(() => document.activeElement);
  useEffect(() => {
    if (!opened) return;
    if (layers.length === 0) window.addEventListener("keydown", onKey, { capture: true });
    layers.push(latest);
    return () => {
      layers.splice(layers.indexOf(latest), 1);
      if (layers.length === 0) window.removeEventListener("keydown", onKey, { capture: true });
      const isLost = document.activeElement === document.body;
      if (isLost && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [opened, opener]);
}
