// Sends a file's records in chunks and keeps count. A chunk carries an id of its own, derived from the import's: sent
// twice, the server applies it once, which is what makes "resume" safe after a broken connection.
import type { Collection, ImportAnswer } from "../api/types.ts";
import { knownFields, type SourceRow } from "./rows.ts";

/** Rows that were refused for the same reason, of which there are often as many as rows. */
export interface RowProblem {
  readonly message: string;
  readonly count: number;
  /** The first few. */
  readonly rows: readonly number[];
}

interface RowError {
  readonly row: number;
  readonly message: string;
}

export interface Progress {
  readonly imported: number;
  readonly failed: number;
  /** `failed` counts all, these may leave some out. */
  readonly problems: readonly RowProblem[];
  /** Rows of the file that are settled: a resumed run starts behind them. */
  readonly settled: number;
  readonly readBytes: number;
}

export const nothingYet: Progress = { imported: 0, failed: 0, problems: [], settled: 0, readBytes: 0 };

export interface ImportRun {
  readonly id: string;
  readonly collection: Collection;
  readonly rows: AsyncIterable<SourceRow>;
  readonly from: Progress;
  readonly send: (chunkId: string, ndjson: string) => Promise<ImportAnswer>;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

const chunkRows = 1000;
const problemsKept = 100;
const rowsNamed = 5;

/** Not one row of the first chunk was taken, and more would follow: a missing field or a wrong file, not a bad row. */
export class AllRefused extends Error {}

/** Ends with the file, or throws what stopped it; `onProgress` has then told how far it came. */
export async function runImport(run: ImportRun): Promise<Progress> {
  let progress = run.from;
  let chunk: SourceRow[] = [];
  const flush = async () => {
    if (chunk.length === 0) return;
    run.signal.throwIfAborted();
    progress = settled(progress, chunk, await sendChunk(run, chunk));
    chunk = [];
    run.onProgress(progress);
  };
  for await (const row of run.rows) {
    run.signal.throwIfAborted();
    if (row.number <= run.from.settled) continue;
    chunk.push(row);
    if (chunk.length < chunkRows) continue;
    await flush();
    if (run.from.settled === 0 && progress.failed === chunkRows) throw new AllRefused();
  }
  await flush();
  return progress;
}

interface Outcome {
  readonly imported: number;
  readonly errors: readonly RowError[];
  readonly failed: number;
}

async function sendChunk(run: ImportRun, chunk: readonly SourceRow[]): Promise<Outcome> {
  const readable = chunk.filter((row) => row.record !== undefined);
  const faults = chunk.flatMap(({ number, fault }) => (fault ? [{ row: number, message: fault }] : []));
  if (readable.length === 0) return { imported: 0, failed: faults.length, errors: faults };
  const lines = readable.map(({ record }) => JSON.stringify(knownFields(record ?? {}, run.collection).record));
  const answer = await run.send(`${run.id}-${chunk[0]?.number}`, `${lines.join("\n")}\n`);
  const refused = (answer.errors ?? []).map(({ line, message, path }) => ({
    row: readable[line - 1]?.number ?? line,
    message: path ? `${path.replace(/^\//, "")}: ${message}` : message,
  }));
  return {
    imported: answer.imported,
    failed: faults.length + (answer.failed ?? 0),
    errors: [...faults, ...refused].sort((a, b) => a.row - b.row),
  };
}

function settled(before: Progress, chunk: readonly SourceRow[], outcome: Outcome): Progress {
  const last = chunk.at(-1);
  return {
    imported: before.imported + outcome.imported,
    failed: before.failed + outcome.failed,
    problems: outcome.errors.reduce(withError, before.problems),
    settled: last?.number ?? before.settled,
    readBytes: last?.readBytes ?? before.readBytes,
  };
}

function withError(problems: readonly RowProblem[], { row, message }: RowError): readonly RowProblem[] {
  const known = problems.find((problem) => problem.message === message);
  if (!known) return problems.length < problemsKept ? [...problems, { message, count: 1, rows: [row] }] : problems;
  const rows = known.rows.length < rowsNamed ? [...known.rows, row] : known.rows;
  return problems.map((problem) => (problem === known ? { message, count: known.count + 1, rows } : problem));
}
