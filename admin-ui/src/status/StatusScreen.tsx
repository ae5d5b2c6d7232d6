// How the server is: version, age, database, counts, and what its rooms tell of themselves.
import { Alert, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { serverQuery } from "../api/queries.ts";
import type { ServerStatus } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { count, duration } from "../parts/time.ts";
import { When } from "../parts/When.tsx";
import { bytes, flatFigures, titleOf, warningsOf } from "./figures.ts";
import { texts } from "./texts.ts";

export function StatusScreen() {
  const { data, error, isPending, isFetching, refetch } = useQuery({ ...serverQuery, refetchInterval: 10_000 });
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>{texts.title}</h1>
        <Button variant="default" loading={isFetching} onClick={() => void refetch()}>
          {texts.refresh}
        </Button>
      </div>
      {isPending ? <RowsSkeleton rows={4} /> : null}
      {error ? <ProblemView error={error} onRetry={() => void refetch()} /> : null}
      {(data ? warningsOf(data) : []).map((warning) => (
        <Alert key={warning} color="yellow" variant="light" title={texts.notices} mb="md">
          {warning}
        </Alert>
      ))}
      {data ? <Figures status={data} /> : null}
    </div>
  );
}

function Figures({ status }: { readonly status: ServerStatus }) {
  return (
    <div className="stat-groups">
      <Group title={texts.process}>
        <Figure name={texts.version}>{status.version}</Figure>
        <Figure name={texts.uptime}>{duration(status.uptimeSeconds)}</Figure>
        <Figure name={texts.started}>
          <When at={status.startedAt} />
        </Figure>
        <Figure name={texts.memory}>{bytes(status.memoryBytes)}</Figure>
        <Figure name={texts.publicUrl}>{status.publicUrl}</Figure>
      </Group>
      <Group title={texts.data}>
        <Figure name={texts.database}>{status.database.version}</Figure>
        <Figure name={texts.size}>{bytes(status.database.sizeBytes)}</Figure>
        {Object.entries(status.counts).map(([name, n]) => (
          <Figure key={name} name={titleOf(name)}>
            {count(n)}
          </Figure>
        ))}
      </Group>
      {Object.entries(status.figures).map(([room, figures]) => (
        <Group key={room} title={titleOf(room)}>
          {flatFigures(figures).map(([name, text]) => (
            <Figure key={name} name={name}>
              {text}
            </Figure>
          ))}
        </Group>
      ))}
    </div>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section>
      <h2>{title}</h2>
      <dl className="stats">{children}</dl>
    </section>
  );
}

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="stat">
      <dt>{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
