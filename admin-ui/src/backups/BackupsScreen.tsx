// Backups of the whole project: what there is, what runs, how they are planned, and how one comes back.
import { Alert, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "../api/api.ts";
import { backupsQuery, queryClient } from "../api/queries.ts";
import type { Backup, BackupWork } from "../api/types.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { toastDone, toastFailed } from "../parts/toasts.tsx";
import { BackupPlan } from "./BackupPlan.tsx";
import { type BackupAction, BackupTable } from "./BackupTable.tsx";
import { DownloadDialog } from "./DownloadDialog.tsx";
import { FindingDialog } from "./FindingDialog.tsx";
import { RestoreHelp } from "./RestoreHelp.tsx";
import { texts } from "./texts.ts";
import { WorkPanel } from "./WorkPanel.tsx";

interface Open {
  readonly action: Exclude<BackupAction, "verify">;
  readonly backup: Backup;
}

const refresh = () => queryClient.invalidateQueries({ queryKey: ["backups"] });

export function BackupsScreen() {
  const { data, error, isPending, refetch } = useQuery(backupsQuery);
  const [open, setOpen] = useState<Open>();
  const [beginning, setBeginning] = useState(false);
  const isRunning = data?.work?.outcome === "running" || (data?.plan.runningSince ?? null) !== null;
  useEnds(data?.work ?? null);
  const close = () => setOpen(undefined);

  const begin = async (work: () => Promise<void>) => {
    setBeginning(true);
    await work().catch(toastFailed);
    await refresh();
    setBeginning(false);
  };
  const take = (
    <Button
      leftSection={<IconPlus size={16} />}
      disabled={isRunning}
      loading={beginning}
      onClick={() => void begin(api.backups.take)}
    >
      {texts.take}
    </Button>
  );
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>{texts.title}</h1>
        {data && data.items.length > 0 ? take : null}
      </div>
      <p className="quiet">{texts.intro}</p>
      {isPending ? <RowsSkeleton rows={4} /> : null}
      {error ? <ProblemView error={error} onRetry={() => void refetch()} /> : null}
      {data?.plan.warning ? (
        <Alert color="yellow" variant="light" mb="md">
          {data.plan.warning}
        </Alert>
      ) : null}
      {data?.work ? <WorkPanel work={data.work} onCancelled={refresh} /> : null}
      {data?.items.length === 0 ? (
        <EmptyState
          title={texts.emptyTitle}
          body={texts.emptyBody(data.plan.schedule !== null)}
          {...(data.plan.schedule === null ? { example: texts.emptyExample } : {})}
        >
          {take}
        </EmptyState>
      ) : null}
      {data && data.items.length > 0 ? (
        <BackupTable
          backups={data.items}
          isRunning={isRunning || beginning}
          onAction={(action, backup) => {
            if (action === "verify") void begin(() => api.backups.verify(backup.name));
            else setOpen({ action, backup });
          }}
        />
      ) : null}
      {data ? <BackupPlan plan={data.plan} /> : null}
      {data ? (
        <RestoreHelp
          folder={data.plan.folder}
          newest={data.items.find(({ kind }) => kind !== "before-migration")?.name}
        />
      ) : null}
      {open?.action === "download" ? <DownloadDialog backup={open.backup} onClose={close} /> : null}
      {open?.action === "finding" && open.backup.verified ? (
        <FindingDialog name={open.backup.name} finding={open.backup.verified} onClose={close} />
      ) : null}
      {open?.action === "remove" ? (
        <ConfirmDialog
          title={texts.drop.title}
          action={texts.drop.action}
          onConfirm={async () => {
            await api.backups.remove(open.backup.name);
            await refresh();
            toastDone(texts.drop.done(open.backup.name));
          }}
          onClose={close}
        >
          <p className="breaks">{texts.drop.body(open.backup.name)}</p>
          {data?.items.length === 1 ? <p className="loss">{texts.drop.last}</p> : null}
        </ConfirmDialog>
      ) : null}
    </div>
  );
}

/** Says that it ended well, to whoever saw it run. */
function useEnds(work: BackupWork | null): void {
  const before = useRef<BackupWork | null>(null);
  useEffect(() => {
    const wasRunning = before.current?.outcome === "running" && before.current.startedAt === work?.startedAt;
    if (wasRunning && work?.outcome === "done")
      toastDone(work.kind === "take" ? texts.work.taken(work.name) : texts.work.verified(work.name));
    before.current = work;
  }, [work]);
}
