// The imports of this tab, one a collection. They live beside the screens, so that leaving the import's screen does not
// lose sight of it, and each settled chunk is kept in the browser, so that a reload does not either.
import { useSyncExternalStore } from "react";
import { api } from "../api/api.ts";
import { queryClient } from "../api/queries.ts";
import type { Collection } from "../api/types.ts";
import { AllRefused, nothingYet, type Progress, runImport } from "./import-run.ts";
import { fingerprintOf, type KeptImport, keepImport, keptImport } from "./kept-import.ts";
import { type Format, rowsOf } from "./rows.ts";

export type ImportState =
  | { readonly kind: "idle" }
  /** Of an earlier visit: goes on when its file is chosen again. */
  | { readonly kind: "kept"; readonly kept: KeptImport }
  | { readonly kind: "running" | "done"; readonly file: File; readonly progress: Progress }
  | {
      readonly kind: "stopped";
      readonly file: File;
      readonly progress: Progress;
      readonly error?: unknown;
      readonly allRefused: boolean;
    };

interface Entry {
  readonly state: ImportState;
  readonly controller: AbortController;
}

const entries = new Map<string, Entry>();
const listeners = new Set<() => void>();

function change(collection: string, entry: Entry | undefined): void {
  if (entry) entries.set(collection, entry);
  else entries.delete(collection);
  for (const listener of listeners) listener();
}

function stateOf(collection: string): ImportState {
  const known = entries.get(collection);
  if (known) return known.state;
  const kept = keptImport(collection, Date.now());
  const state: ImportState = kept ? { kind: "kept", kept } : { kind: "idle" };
  // Remembered, so that the same state is the same object at the next look.
  entries.set(collection, { state, controller: new AbortController() });
  return state;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useImport(collection: Collection) {
  const { name } = collection;
  const state = useSyncExternalStore(subscribe, () => stateOf(name));
  return {
    state,
    /** Begins with the file, or goes on with it where there is something to go on with. */
    start: (file: File, format: Format) => void start(collection, file, format),
    stop: () => entries.get(name)?.controller.abort(),
    /** Ends it for good: what was imported stays. */
    forget: () => {
      keepImport(name, undefined);
      change(name, undefined);
    },
  };
}

async function start(collection: Collection, file: File, chosenFormat: Format): Promise<void> {
  const { name } = collection;
  if (entries.get(name)?.state.kind === "running") return;
  const controller = new AbortController();
  const show = (state: ImportState) => change(name, { state, controller });
  show({ kind: "running", file, progress: nothingYet });
  const begun = await beginning(name, file, chosenFormat);
  let { progress } = begun;
  const note = (next: Progress) => {
    progress = next;
    keepImport(name, { ...begun, progress, savedAt: new Date().toISOString() });
    show({ kind: "running", file, progress });
  };
  note(progress);
  try {
    progress = await runImport({
      id: begun.id,
      collection,
      rows: rowsOf(file, begun.format, collection),
      from: progress,
      send: (chunkId, ndjson) => api.records.importChunk(name, chunkId, ndjson, controller.signal),
      onProgress: note,
      signal: controller.signal,
    });
    keepImport(name, undefined);
    show({ kind: "done", file, progress });
  } catch (error) {
    const allRefused = error instanceof AllRefused;
    const shown = controller.signal.aborted || allRefused ? {} : { error };
    show({ kind: "stopped", file, progress, allRefused, ...shown });
  }
  await queryClient.invalidateQueries({ queryKey: ["records", name] });
}

/** Where the file's import was left, or a new one. */
async function beginning(collection: string, file: File, format: Format): Promise<Omit<KeptImport, "savedAt">> {
  const fingerprint = await fingerprintOf(file);
  const kept = keptImport(collection, Date.now());
  if (kept?.fingerprint === fingerprint) return kept;
  return { id: newId(), fileName: file.name, fingerprint, format, progress: nothingYet };
}

/** Not `crypto.randomUUID`, which a plain http address lacks. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
