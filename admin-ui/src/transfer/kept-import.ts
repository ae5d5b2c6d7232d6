// How far an import has come, kept in this browser, so that it goes on after the console was closed or reloaded. The file
// itself cannot be kept: it is chosen again, and known by its size and by what stands at its start and its end.
import type { Progress } from "./import-run.ts";
import type { Format } from "./rows.ts";

export interface KeptImport {
  /** Of the import: its chunks carry ids derived from it, so one that was under way is not taken twice. */
  readonly id: string;
  readonly fileName: string;
  readonly fingerprint: string;
  readonly format: Format;
  readonly progress: Progress;
  readonly savedAt: string;
}

/** The server forgets chunk ids after seven days; an import that is older could take one chunk twice. */
const keptMs = 6 * 24 * 3600 * 1000;
/** Where the browser's storage is blocked: good until the page is left. */
const memory = new Map<string, KeptImport>();
const keyOf = (collection: string) => `landfall.import.${collection}`;

export function keptImport(collection: string, nowMs: number): KeptImport | undefined {
  const kept = stored(collection) ?? memory.get(collection);
  return kept && nowMs - Date.parse(kept.savedAt) < keptMs ? kept : undefined;
}

function stored(collection: string): KeptImport | undefined {
  try {
    const text = localStorage.getItem(keyOf(collection));
    return text ? (JSON.parse(text) as KeptImport) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined forgets it. */
export function keepImport(collection: string, kept: KeptImport | undefined): void {
  if (kept) memory.set(collection, kept);
  else memory.delete(collection);
  try {
    if (kept) localStorage.setItem(keyOf(collection), JSON.stringify(kept));
    else localStorage.removeItem(keyOf(collection));
  } catch {
    // A full or blocked storage costs the way to resume after a reload, not the import.
  }
}

const sampleBytes = 64 * 1024;

/** Size, and FNV-1a over both ends: `crypto.subtle` is not there on a plain http address, and nobody attacks themselves. */
export async function fingerprintOf(file: Blob): Promise<string> {
  const samples = [file.slice(0, sampleBytes), file.slice(Math.max(0, file.size - sampleBytes))];
  let hash = 0x811c9dc5;
  for (const sample of samples) {
    for (const byte of new Uint8Array(await sample.arrayBuffer())) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return `${file.size}-${hash.toString(16)}`;
}
