// One record in a drawer: read with its version, edited as a draft, saved against that version (412 opens the conflict).
import { Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { api } from "../api/api.ts";
import { ApiProblem } from "../api/http.ts";
import type { Collection } from "../api/types.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { useLayer } from "../parts/useLayer.ts";
import { RecordForm } from "./RecordForm.tsx";
import { texts } from "./texts.ts";

interface RecordDrawerProps {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  /** Undefined: a new record. */
  readonly id: string | undefined;
  readonly onClose: () => void;
}

const words = texts.drawer;

export default function RecordDrawer({ collection, all, id, onClose }: RecordDrawerProps) {
  const narrow = useMediaQuery("(max-width: 699px)");
  // Read when the drawer is asked to close, which may be before the next render.
  const dirty = useRef(false);
  const noteDirty = useCallback((next: boolean) => {
    dirty.current = next;
  }, []);
  const [leaving, setLeaving] = useState(false);
  const read = useQuery({
    queryKey: ["record", collection.name, id],
    queryFn: ({ signal }) => api.records.get(collection.name, id ?? "", signal),
    enabled: id !== undefined,
    // An edit starts from what is stored now, never from what was read before.
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const gone = read.error instanceof ApiProblem && read.error.status === 404;
  const close = () => (dirty.current ? setLeaving(true) : onClose());
  useLayer(close);
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={narrow ? "100%" : 560}
      title={id === undefined ? words.create(collection.name) : <span className="mono">{id}</span>}
    >
      {id !== undefined && read.isPending ? <RowsSkeleton rows={6} /> : null}
      {read.error ? (
        <ProblemView
          error={read.error}
          {...(gone ? { title: words.gone } : {})}
          onRetry={gone ? undefined : () => void read.refetch()}
        />
      ) : null}
      {id === undefined || read.data ? (
        <RecordForm
          key={read.data?.etag ?? "new"}
          collection={collection}
          all={all}
          stored={read.data}
          onDirty={noteDirty}
          onSaved={onClose}
          onRead={() => void read.refetch()}
        />
      ) : null}
      {leaving ? (
        <ConfirmDialog
          title={words.leave}
          action={words.leaveAction}
          danger={false}
          onConfirm={async () => onClose()}
          onClose={() => setLeaving(false)}
        >
          <p>{words.leaveBody}</p>
        </ConfirmDialog>
      ) : null}
    </Drawer>
  );
}
