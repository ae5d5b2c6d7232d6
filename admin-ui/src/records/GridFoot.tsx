// Below the grid: how many there are, and what can be done with the chosen ones.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import type { Collection, Row } from "../api/types.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { copyText } from "../parts/copy-text.ts";
import { toastDone, toastFailed } from "../parts/toasts.tsx";
import { deleteRecords, pointingHere, restoreRecords } from "./bulk.ts";
import { texts } from "./texts.ts";

interface GridFootProps {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  readonly rows: readonly Row[];
  readonly picked: ReadonlySet<string>;
  readonly filter: string | undefined;
  readonly hasMore: boolean;
  readonly loading: boolean;
  readonly onPick: (picked: ReadonlySet<string>) => void;
}

export function GridFoot(props: GridFootProps) {
  const { rows, picked, hasMore, loading } = props;
  if (rows.length === 0) return null;
  return (
    <div className="grid-foot">
      {picked.size > 0 ? (
        <PickedActions {...props} />
      ) : (
        <>
          <span className="quiet num" role="status">
            {loading ? texts.loadingMore : texts.loaded(rows.length, hasMore)}
          </span>
          <ExactCount {...props} />
        </>
      )}
    </div>
  );
}

/** Counting reads every matching record, so it is asked for and never done by itself. */
function ExactCount({ collection, filter }: GridFootProps) {
  const total = useQuery({
    queryKey: ["records", collection.name, "count", filter],
    queryFn: ({ signal }) => api.records.list(collection.name, { filter, limit: 1, count: "exact" }, signal),
    enabled: false,
  });
  if (total.data?.count !== undefined) return <span className="quiet num">{texts.counted(total.data.count)}</span>;
  return (
    <Button size="compact-sm" variant="subtle" loading={total.isFetching} onClick={() => void total.refetch()}>
      {texts.count}
    </Button>
  );
}

function PickedActions({ collection, all, rows, picked, onPick }: GridFootProps) {
  const [confirming, setConfirming] = useState(false);
  const chosen = rows.filter(({ id }) => picked.has(id));
  const reached = pointingHere(collection, all);

  const copy = async () => {
    await copyText(JSON.stringify(chosen, null, 2));
    toastDone(texts.copied(chosen.length));
  };
  const remove = async () => {
    await deleteRecords(collection, chosen);
    onPick(new Set());
    const undo = async () => {
      await restoreRecords(collection, chosen);
      toastDone(texts.restored(chosen.length));
    };
    toastDone(texts.removed(chosen.length), reached.length === 0 ? undo : undefined);
  };
  return (
    <>
      <span className="num">{texts.selected(chosen.length)}</span>
      <Button size="compact-sm" variant="default" onClick={() => void copy().catch(toastFailed)}>
        {texts.copyJson}
      </Button>
      <Button
        size="compact-sm"
        color="red"
        variant="outline"
        onClick={() => (reached.length > 0 ? setConfirming(true) : void remove().catch(toastFailed))}
      >
        {texts.remove(chosen.length)}
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={() => onPick(new Set())}>
        {texts.unselect}
      </Button>
      {confirming ? (
        <ConfirmDialog
          title={texts.remove(chosen.length)}
          action={texts.remove(chosen.length)}
          onConfirm={remove}
          onClose={() => setConfirming(false)}
        >
          <p>{texts.removeReach(reached)}</p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}
