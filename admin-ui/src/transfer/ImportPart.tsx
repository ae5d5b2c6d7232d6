// Importing a file: choose, look at the first rows, run with progress, stop, resume; after a reload too.
import { Progress as Bar, Button, FileInput, Group, Select, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Collection } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { When } from "../parts/When.tsx";
import type { Progress } from "./import-run.ts";
import { type ImportState, useImport } from "./imports.ts";
import { fingerprintOf, type KeptImport } from "./kept-import.ts";
import { type Format, formatOf, knownFields, missingFields, rowsOf, type SourceRow } from "./rows.ts";
import { texts } from "./texts.ts";

export function ImportPart({ collection }: { readonly collection: Collection }) {
  const run = useImport(collection);
  const { state } = run;
  const [chosen, setChosen] = useState<File | null>(null);
  const [format, setFormat] = useState<Format>("ndjson");
  const waiting = state.kind === "idle" || state.kind === "kept";
  const file = waiting ? chosen : state.file;
  const kept = state.kind === "kept" ? state.kept : undefined;
  const resumes = useSameFile(kept, chosen);
  const choose = async (next: File | null) => {
    if (next) setFormat(formatOf(next.name, await next.slice(0, 1024).text()));
    setChosen(next);
  };
  const again = () => {
    run.forget();
    setChosen(null);
  };
  return (
    <>
      {kept ? <KeptNotice kept={kept} other={chosen !== null && resumes === false} onForget={run.forget} /> : null}
      <Group mt="sm" align="end">
        <FileInput
          label={texts.file}
          placeholder={texts.choose}
          value={file}
          onChange={(next) => void choose(next)}
          accept=".ndjson,.jsonl,.json,.csv,.tsv"
          w={280}
          disabled={!waiting}
          clearable={waiting}
          clearButtonProps={{ "aria-label": texts.clear }}
        />
        {chosen && waiting && !resumes ? (
          <Select
            label={texts.format}
            data={Object.entries(texts.formats).map(([value, label]) => ({ value, label }))}
            value={format}
            onChange={(next) => next && setFormat(next as Format)}
            allowDeselect={false}
            w={140}
          />
        ) : null}
        {chosen && waiting ? (
          <Button onClick={() => run.start(chosen, format)}>{resumes ? texts.resume : texts.start}</Button>
        ) : null}
        {state.kind === "running" ? (
          <Button variant="default" onClick={run.stop}>
            {texts.cancel}
          </Button>
        ) : null}
        {state.kind === "stopped" ? (
          <Button variant={state.allRefused ? "default" : "filled"} onClick={() => run.start(state.file, format)}>
            {state.allRefused ? texts.goOn : texts.resume}
          </Button>
        ) : null}
        {state.kind === "done" ? (
          <Button
            renderRoot={(props) => (
              <Link {...props} to="/collections/$name/records" params={{ name: collection.name }} />
            )}
          >
            {texts.look}
          </Button>
        ) : null}
        {state.kind === "done" || state.kind === "stopped" ? (
          <Button variant="default" onClick={again}>
            {texts.again}
          </Button>
        ) : null}
      </Group>
      {chosen && waiting && !resumes ? (
        <Preview
          key={`${chosen.name} ${chosen.lastModified} ${format}`}
          file={chosen}
          format={format}
          collection={collection}
        />
      ) : null}
      {waiting ? null : <Report state={state} sizeBytes={state.file.size} />}
    </>
  );
}

/** Whether the chosen file is the one whose import was left; undefined until that is known. */
function useSameFile(kept: KeptImport | undefined, file: File | null): boolean | undefined {
  const [known, setKnown] = useState<{ readonly file: File; readonly fingerprint: string }>();
  useEffect(() => {
    if (!file) return;
    let current = true;
    void fingerprintOf(file).then((fingerprint) => current && setKnown({ file, fingerprint }));
    return () => {
      current = false;
    };
  }, [file]);
  if (!kept || !file || known?.file !== file) return undefined;
  return known.fingerprint === kept.fingerprint;
}

interface KeptNoticeProps {
  readonly kept: KeptImport;
  /** A file was chosen, and it is another one. */
  readonly other: boolean;
  readonly onForget: () => void;
}

function KeptNotice({ kept, other, onForget }: KeptNoticeProps) {
  return (
    <div className="notice" role="status">
      <p>
        {texts.kept(kept.fileName, kept.progress.imported)} <When at={kept.savedAt} />.
      </p>
      <p className={other ? "amber" : undefined}>{other ? texts.otherFile(kept.fileName) : texts.keptHow}</p>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={onForget}>
        {texts.forget}
      </Button>
    </div>
  );
}

type Begun = Exclude<ImportState, { kind: "idle" | "kept" }>;

function Report({ state, sizeBytes }: { readonly state: Begun; readonly sizeBytes: number }) {
  const { progress } = state;
  const percent = state.kind === "done" ? 100 : sizeBytes === 0 ? 0 : (100 * progress.readBytes) / sizeBytes;
  const color = progress.failed > 0 ? (progress.imported === 0 ? "red" : "yellow") : "green";
  return (
    <div className="section">
      <Bar value={percent} aria-label={texts.progress} {...(state.kind === "done" ? { color } : {})} />
      <p role="status" className="num report">
        {says(state)}
        {progress.failed > 0 ? <span className="loss">, {texts.failed(progress.failed)}</span> : null}
      </p>
      {state.kind === "stopped" && state.error ? <ProblemView error={state.error} /> : null}
      <RowProblems progress={progress} />
    </div>
  );
}

function says(state: Begun): string {
  const { imported } = state.progress;
  if (state.kind === "stopped") return state.allRefused ? texts.stoppedAtOnce : texts.stopped(imported);
  return state.kind === "done" ? texts.finished(imported) : texts.running(imported);
}

function RowProblems({ progress }: { readonly progress: Progress }) {
  if (progress.problems.length === 0) return null;
  const hidden = progress.failed - progress.problems.reduce((sum, problem) => sum + problem.count, 0);
  return (
    <Table.ScrollContainer minWidth={320} type="native">
      <Table verticalSpacing={4} mt="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.problem}</Table.Th>
            <Table.Th ta="right">{texts.times}</Table.Th>
            <Table.Th>{texts.row}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {progress.problems.map(({ message, count, rows }) => (
            <Table.Tr key={message}>
              <Table.Td>{message}</Table.Td>
              <Table.Td ta="right" className="num">
                {count.toLocaleString("en")}
              </Table.Td>
              <Table.Td className="num">{texts.rows(rows, count > rows.length)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {hidden > 0 ? <p className="quiet">{texts.moreErrors(hidden)}</p> : null}
    </Table.ScrollContainer>
  );
}

interface PreviewProps {
  readonly file: File;
  readonly format: Format;
  readonly collection: Collection;
}

const previewRows = 5;

function Preview({ file, format, collection }: PreviewProps) {
  const [rows, setRows] = useState<readonly SourceRow[]>([]);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const first: SourceRow[] = [];
      for await (const row of rowsOf(file, format, collection)) {
        first.push(row);
        if (first.length === previewRows) break;
      }
      if (current) setRows(first);
    };
    void read();
    return () => {
      current = false;
    };
  }, [file, format, collection]);
  const unknown = [...new Set(rows.flatMap(({ record }) => knownFields(record ?? {}, collection).unknown))];
  const missing = missingFields(rows, collection);
  return (
    <div className="section">
      <h3>{texts.preview}</h3>
      {missing.length > 0 ? <p className="loss">{texts.missingFields(missing)}</p> : null}
      {unknown.length > 0 ? <p className="amber">{texts.unknownFields(unknown)}</p> : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className="code-block" tabIndex={0}>
        {rows.map(({ number, record, fault }) => (
          <div key={number} className={fault ? "loss" : undefined}>
            {fault ? `${texts.unreadable} ${fault}` : JSON.stringify(knownFields(record ?? {}, collection).record)}
          </div>
        ))}
      </pre>
    </div>
  );
}
