// One import as the screen sees it: idle, running, stopped (by hand or by a failure), done.
import { useRef, useState } from "react";
import { api } from "../api/api.ts";
import { queryClient } from "../api/queries.ts";
import type { Collection } from "../api/types.ts";
import { AllRefused, nothingYet, type Progress, runImport } from "./import-run.ts";
import { type Format, rowsOf } from "./rows.ts";

export type ImportState =
  | { readonly kind: "idle" }
  | { readonly kind: "running" | "done"; readonly progress: Progress }
  | { readonly kind: "stopped"; readonly progress: Progress; readonly error?: unknown; readonly allRefused: boolean };

export function useImport(collection: Collection) {
  const [state, setState] = useState<ImportState>({ kind: "idle" });
  const abort = useRef<AbortController>(undefined);
  /** Of the import, across its resumptions. */
  const id = useRef("");

  const start = async (file: File, format: Format) => {
    if (state.kind === "idle") id.current = crypto.randomUUID();
    let progress = state.kind === "stopped" ? state.progress : nothingYet;
    const controller = new AbortController();
    abort.current = controller;
    setState({ kind: "running", progress });
    try {
      progress = await runImport({
        id: id.current,
        collection,
        rows: rowsOf(file, format, collection),
        from: progress,
        send: (chunkId, ndjson) => api.records.importChunk(collection.name, chunkId, ndjson, controller.signal),
        onProgress: (next) => {
          progress = next;
          setState({ kind: "running", progress });
        },
        signal: controller.signal,
      });
      setState({ kind: "done", progress });
    } catch (error) {
      const allRefused = error instanceof AllRefused;
      setState({
        kind: "stopped",
        progress,
        allRefused,
        ...(controller.signal.aborted || allRefused ? {} : { error }),
      });
    }
    await queryClient.invalidateQueries({ queryKey: ["records", collection.name] });
  };
  return {
    state,
    start: (file: File, format: Format) => void start(file, format),
    stop: () => abort.current?.abort(),
    reset: () => setState({ kind: "idle" }),
  };
}
