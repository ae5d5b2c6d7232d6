// What runs on the server now, with how far it is and a way to stop it; and why the last one did not go well.
import { Alert, Button, Group, Progress } from "@mantine/core";
import { useState } from "react";
import { api } from "../api/api.ts";
import type { BackupWork } from "../api/types.ts";
import { toastFailed } from "../parts/toasts.tsx";
import { When } from "../parts/When.tsx";
import { texts } from "./texts.ts";

const words = texts.work;

interface WorkPanelProps {
  readonly work: BackupWork;
  readonly onCancelled: () => Promise<void>;
}

export function WorkPanel({ work, onCancelled }: WorkPanelProps) {
  if (work.outcome === "done") return null;
  if (work.outcome === "cancelled") return <p className="quiet">{words.stopped}</p>;
  if (work.outcome === "failed") {
    return (
      <Alert
        color="red"
        variant="light"
        mb="md"
        title={work.kind === "take" ? words.failedTake : words.failedVerify(work.name)}
      >
        <p>{work.message}</p>
        <p className="quiet">
          <When at={work.startedAt} />
        </p>
      </Alert>
    );
  }
  return <Running work={work} onCancelled={onCancelled} />;
}

function Running({ work, onCancelled }: WorkPanelProps) {
  const [stopping, setStopping] = useState(false);
  const title = work.kind === "take" ? words.take : words.verify(work.name);
  const unknown = work.kind === "take" ? words.beginning : words.checking;
  const where = work.total === null ? unknown : words.tables(work.done, work.total);
  const cancel = async () => {
    setStopping(true);
    await api.backups.cancel().catch(toastFailed);
    await onCancelled();
  };
  return (
    <section className="section" aria-label={words.title}>
      <Group justify="space-between">
        <div role="status">
          {title}: <span className="num">{where}</span>
        </div>
        <Button variant="default" loading={stopping} onClick={() => void cancel()}>
          {words.cancel}
        </Button>
      </Group>
      <Progress
        value={work.total === null ? 100 : (100 * work.done) / Math.max(1, work.total)}
        animated={work.total === null}
        aria-label={title}
        size="sm"
        my="xs"
      />
      <p className="quiet">{words.leave}</p>
    </section>
  );
}
