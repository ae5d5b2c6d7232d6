// The schedule as it is configured. It is shown and not changed here: settings belong to whoever starts the server.
import type { ReactNode } from "react";
import type { BackupPlan as Plan } from "../api/types.ts";
import { docsUrl } from "../frame/texts.ts";
import { count } from "../parts/time.ts";
import { When } from "../parts/When.tsx";
import { bytes } from "../status/figures.ts";
import { texts } from "./texts.ts";

const words = texts.plan;

export function BackupPlan({ plan }: { readonly plan: Plan }) {
  const { schedule, nextAt, lastSuccess } = plan;
  const rows: readonly (readonly [string, ReactNode])[] = [
    [words.schedule, schedule === null ? words.none : <code key="schedule">{schedule}</code>],
    [words.running, plan.runningSince === null ? null : <When key="running" at={plan.runningSince} />],
    [words.next, nextAt === null ? null : <When key="next" at={nextAt} />],
    [words.last, schedule === null ? null : lastSuccess ? <When key="last" at={lastSuccess.at} /> : words.never],
    [words.keep, schedule === null ? null : count(plan.keep)],
    [words.migration, plan.beforeMigration ? words.migrationOn : words.migrationOff],
    [words.encryption, plan.encrypted ? words.on : words.off],
    [
      words.folder,
      <span key="folder" className="mono breaks">
        {plan.folder}
      </span>,
    ],
    [words.free, plan.freeBytes === null ? null : bytes(plan.freeBytes)],
  ];
  return (
    <section className="section">
      <div className="code-head">
        <h2>{words.title}</h2>
      </div>
      <dl className="stats">
        {rows.map(([name, value]) =>
          value === null ? null : (
            <div className="stat" key={name}>
              <dt>{name}</dt>
              <dd className="num">{value}</dd>
            </div>
          ),
        )}
      </dl>
      <p className="quiet code-foot">
        {words.hint} <code>LANDFALL_BACKUP_SCHEDULE</code>, <code>LANDFALL_BACKUP_KEEP</code>,{" "}
        <code>LANDFALL_BACKUP_DIR</code>, <code>LANDFALL_BACKUP_PASSPHRASE</code>.
      </p>
      <p className="code-foot">
        <a href={`${docsUrl}/config`}>{words.more}</a>
      </p>
    </section>
  );
}
