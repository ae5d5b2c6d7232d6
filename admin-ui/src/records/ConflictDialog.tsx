// Somebody else changed the record first (412). Shows both versions of each field that differs and saves what is chosen.
import { Button, Group, Modal, Radio } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import type { Collection, JsonValue, Row } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { texts as shared } from "../parts/texts.ts";
import { useLayer } from "../parts/useLayer.ts";
import { type Change, same } from "./record-form.ts";
import { texts } from "./texts.ts";

interface ConflictDialogProps {
  readonly collection: Collection;
  readonly id: string;
  /** The record as the edit began. */
  readonly before: Row;
  readonly change: Change;
  readonly onSettled: (change: Change, etag: string | undefined) => Promise<unknown>;
  readonly onTheirs: () => void;
  readonly onClose: () => void;
}

const words = texts.conflict;

export function ConflictDialog({ collection, id, before, change, onSettled, onTheirs, onClose }: ConflictDialogProps) {
  const [choice, setChoice] = useState<{ readonly [field: string]: "mine" | "theirs" }>({});
  const [error, setError] = useState<unknown>();
  const now = useQuery({
    queryKey: ["record", collection.name, id, "conflict"],
    queryFn: ({ signal }) => api.records.get(collection.name, id, signal),
    staleTime: 0,
    gcTime: 0,
  });
  useLayer(onClose);
  const stored = now.data?.data;
  const disputed = stored
    ? Object.keys(change).filter((name) => !same(stored[name], before[name]) && !same(stored[name], change[name]))
    : [];
  const save = async () => {
    const kept = Object.fromEntries(Object.entries(change).filter(([name]) => choice[name] !== "theirs"));
    if (Object.keys(kept).length === 0) return onTheirs();
    await onSettled(kept, now.data?.etag).catch(setError);
  };
  return (
    <Modal opened onClose={onClose} title={words.title} size="lg">
      <p>{disputed.length === 0 && stored ? words.none : words.body}</p>
      {now.isPending ? <RowsSkeleton rows={3} /> : null}
      {(now.error ?? error) ? <ProblemView error={now.error ?? error} /> : null}
      {disputed.map((name) => (
        <Radio.Group
          key={name}
          mt="md"
          label={name}
          value={choice[name] ?? "mine"}
          onChange={(value) => setChoice({ ...choice, [name]: value as "mine" | "theirs" })}
        >
          <Radio value="mine" mt={4} label={`${words.mine}: ${shown(change[name])}`} />
          <Radio value="theirs" mt={4} label={`${words.theirs}: ${shown(stored?.[name])}`} />
        </Radio.Group>
      ))}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          {shared.cancel}
        </Button>
        <Button disabled={!stored} onClick={() => void save()}>
          {words.save}
        </Button>
      </Group>
    </Modal>
  );
}

const shown = (value: JsonValue | undefined): string =>
  value === null || value === undefined ? texts.null : typeof value === "string" ? value : JSON.stringify(value);
