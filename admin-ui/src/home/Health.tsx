// How the server is, in a few lines; the rest is one click away.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { serverQuery } from "../api/queries.ts";
import type { ApiKey, ServerStatus } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { duration } from "../parts/time.ts";
import { When } from "../parts/When.tsx";
import { bytes, lastBackup, warningsOf } from "../status/figures.ts";
import { lastUse } from "./steps.ts";
import { texts } from "./texts.ts";

const words = texts.health;

export function Health({ keys }: { readonly keys: readonly ApiKey[] }) {
  const { data, error, refetch } = useQuery({ ...serverQuery, refetchInterval: 10_000 });
  return (
    <section>
      <div className="code-head">
        <h2>{words.title}</h2>
      </div>
      {error ? <ProblemView error={error} onRetry={() => void refetch()} compact /> : null}
      {data ? <Figures status={data} keys={keys} /> : error ? null : <RowsSkeleton rows={6} />}
      <p className="code-foot">
        <Link to="/server">{words.more}</Link>
      </p>
    </section>
  );
}

function Figures({ status, keys }: { readonly status: ServerStatus; readonly keys: readonly ApiKey[] }) {
  const use = lastUse(keys);
  const backup = lastBackup(status);
  const rows: readonly (readonly [string, ReactNode])[] = [
    [words.state, <State key="state" notices={warningsOf(status).length} />],
    [words.version, status.version],
    [words.uptime, duration(status.uptimeSeconds)],
    [words.database, status.database.version],
    [words.size, bytes(status.database.sizeBytes)],
    [words.backup, backup === undefined ? words.unscheduled : backup ? <When key="backup" at={backup} /> : words.never],
    [words.lastUse, use ? <When key="use" at={use.at} /> : words.never],
  ];
  return (
    <dl className="stats">
      {rows.map(([name, value]) => (
        <div className="stat" key={name}>
          <dt>{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function State({ notices }: { readonly notices: number }) {
  return notices === 0 ? (
    <span className="good">{words.well}</span>
  ) : (
    <Link to="/server" className="amber">
      {words.notices(notices)}
    </Link>
  );
}
