// The admin's token, kept for this browser until it expires or is signed out. Session storage would sign an admin out of
// every new tab; the policy that forbids foreign and inline scripts is what guards it.
import type { Session } from "./types.ts";

const key = "landfall.session";
const listeners = new Set<() => void>();

/** Parsed once and kept, so that React can compare snapshots by identity. */
let current: Session | undefined = read();

function read(): Session | undefined {
  try {
    const text = localStorage.getItem(key);
    if (!text) return undefined;
    const kept = JSON.parse(text) as Session;
    return Date.parse(kept.expiresAt) > Date.now() ? kept : undefined;
  } catch {
    return undefined;
  }
}

function changed(): void {
  for (const listener of listeners) listener();
}

export const session = {
  current: (): Session | undefined => current,
  token: (): string | undefined => current?.token,
  keep(next: Session): void {
    current = next;
    localStorage.setItem(key, JSON.stringify(next));
    changed();
  },
  clear(): void {
    current = undefined;
    localStorage.removeItem(key);
    changed();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

// Signing in or out in one tab does the same in the others.
globalThis.addEventListener?.("storage", (event) => {
  if (event.key !== key) return;
  current = read();
  changed();
});
