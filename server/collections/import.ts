// Bulk import: NDJSON in, chunks of 1,000 records, each one transaction with the progress record. An import that broke
// off goes on behind its last chunk when the same id and the same lines are sent again.
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import { parseJsonBody } from "../kernel/http/json-body.ts";
import { type Line, linesOf } from "./import-lines.ts";
import { beginImport, type ImportError, type ImportProgress, removeOldImports, saveImport } from "./import-store.ts";
import { type BulkWriter, bulkMax } from "./record-bulk.ts";
import { errors } from "./record-errors.ts";
import { tableOf } from "./record-fields.ts";
import { retried } from "./record-retry.ts";
import { type Room, schemaToWrite, withDb } from "./record-room.ts";
import type { Schema } from "./types.ts";

export const atomicMax = 10_000;
const errorsKept = 100;
const atomicBytesMax = 64 * 1024 * 1024;
/** Progress is forgotten after this, and with it the way to resume. */
const keptDays = 7;

export interface ImportOptions {
  readonly id: string;
  readonly atomic: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface Importer {
  run(
    ctx: Context,
    collection: string,
    stream: AsyncIterable<Buffer | string>,
    options: ImportOptions,
  ): Promise<ImportProgress>;
}

export function importer(room: Room, bulk: BulkWriter): Importer {
  return {
    async run(ctx, collection, stream, options) {
      const schema = schemaToWrite(room, ctx, collection, "create");
      const given = { id: options.id, collection: schema.id, actor: ctx.actor.label };
      await removeOldImports(ctx.db, keptDays);
      const begun = await beginImport(ctx.db, given);
      if (begun.collection !== schema.id || begun.actor !== given.actor) throw errors.import_mismatch();
      if (begun.state === "done") return begun;
      const work = options.atomic ? atomic : chunked;
      const progress = await work({ room, bulk, ctx, collection, stream, options }, begun);
      if (progress.state === "done" && progress.imported >= bulkMax) await learn(ctx, schema);
      return progress;
    },
  };
}

/** Postgres would look at so many new rows by itself, up to a minute later; until then it plans as if there were none. */
async function learn(ctx: Context, schema: Schema): Promise<void> {
  try {
    await ctx.db.query({ text: `ANALYZE ${tableOf(schema)}` });
  } catch (error) {
    ctx.log.warn({ err: error }, "statistics were not taken after an import");
  }
}

interface Work {
  readonly room: Room;
  readonly bulk: BulkWriter;
  readonly ctx: Context;
  readonly collection: string;
  readonly stream: AsyncIterable<Buffer | string>;
  readonly options: ImportOptions;
}

async function chunked(work: Work, begun: ImportProgress): Promise<ImportProgress> {
  const { ctx, stream, options } = work;
  let progress: ImportProgress = { ...begun, state: "running" };
  let chunk: Line[] = [];
  let last = 0;
  const flush = async (state: ImportProgress["state"]) => {
    const taken = chunk;
    chunk = [];
    progress = await takeChunk(work, progress, taken, state);
    options.onProgress?.(progress);
  };
  for await (const line of linesOf(stream)) {
    if (ctx.signal.aborted) return progress;
    if (line.number <= begun.lines) continue;
    chunk.push(line);
    last = line.number;
    if (chunk.length === bulkMax) await flush("running");
  }
  if (last < begun.lines && last > 0) progress = { ...progress, state: "done" };
  await flush("done");
  return progress;
}

/** One transaction: the records that can be, and how far the import has come. */
async function takeChunk(
  work: Work,
  progress: ImportProgress,
  lines: readonly Line[],
  state: ImportProgress["state"],
): Promise<ImportProgress> {
  const { ctx, room } = work;
  const chunk = async (tx: Db) => {
    const refused: Refused[] = [];
    const imported = await insertLines(work, withDb(ctx, tx), parsed(lines, refused), refused);
    const failed = lines.length - imported;
    const next: ImportProgress = {
      ...progress,
      state,
      lines: lines.at(-1)?.number ?? progress.lines,
      imported: progress.imported + imported,
      failed: progress.failed + failed,
      errors: [...progress.errors, ...byLine(refused).flatMap(lineErrors)].slice(0, errorsKept),
    };
    if (!(await saveImport(tx, next, progress.lines))) throw errors.import_busy({ retryAfterSeconds: 1 });
    return next;
  };
  const found = await retried(room.pauseBeforeRetry, () => ctx.db.transaction(chunk));
  room.ring();
  return found;
}

interface Row {
  readonly line: number;
  readonly body: unknown;
}

interface Refused {
  readonly line: number;
  readonly problem: Problem;
}

function parsed(lines: readonly Line[], refused: Refused[]): Row[] {
  const rows: Row[] = [];
  for (const { number, text } of lines) {
    try {
      rows.push({ line: number, body: parseJsonBody(Buffer.from(text)) });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused.push({ line: number, problem: error });
    }
  }
  return rows;
}

/** How often those that were kept out are asked again after others came in, before each has to stand alone. */
const roundsMax = 8;

/**
 * Inserts what can be inserted. When a group is refused, one statement says which of it cannot be, and the rest goes in
 * without them; then they are asked again, since a rule or a relation may have waited for one of the others.
 */
async function insertLines(
  work: Work,
  ctx: Context,
  rows: readonly Row[],
  refused: Refused[],
  round = 0,
): Promise<number> {
  if (rows.length === 0) return 0;
  const { bulk, collection } = work;
  const bodies = rows.map(({ body }) => body);
  const options = { forgiving: true, silent: true };
  try {
    await bulk.createMany(ctx, collection, bodies, options);
    return rows.length;
  } catch (error) {
    // What may be tried again is not the records' fault.
    if (!(error instanceof Problem) || error.status >= 500 || error.retryAfterSeconds !== undefined) throw error;
    if (rows.length === 1) {
      refused.push({ line: rows[0]?.line as number, problem: error });
      return 0;
    }
  }
  const found = round < roundsMax ? await bulk.refusals(ctx, collection, bodies, options) : new Map<number, Problem>();
  if (found.size === 0) return insertHalves(work, ctx, rows, refused);
  const taken = await insertLines(
    work,
    ctx,
    rows.filter((_row, at) => !found.has(at)),
    refused,
    round,
  );
  if (taken > 0)
    return (
      taken +
      (await insertLines(
        work,
        ctx,
        rows.filter((_row, at) => found.has(at)),
        refused,
        round + 1,
      ))
    );
  for (const [at, problem] of found) refused.push({ line: rows[at]?.line as number, problem });
  return 0;
}

/** For what no statement can tell beforehand: halved until the records at fault stand alone. */
async function insertHalves(work: Work, ctx: Context, rows: readonly Row[], refused: Refused[]): Promise<number> {
  const half = Math.ceil(rows.length / 2);
  const first = await insertLines(work, ctx, rows.slice(0, half), refused, roundsMax);
  return first + (await insertLines(work, ctx, rows.slice(half), refused, roundsMax));
}

/** The place in the body becomes the line and the place in it. */
function lineErrors({ line, problem }: Refused): ImportError[] {
  if (problem.issues.length === 0) return [{ line, path: "", code: problem.code, message: problem.message }];
  return problem.issues.map(({ path, code, message }) => ({
    line,
    path: path.replace(/^\/0(?=\/|$)/, ""),
    code,
    message,
  }));
}

const byLine = (refused: readonly Refused[]): Refused[] => refused.toSorted((a, b) => a.line - b.line);

/** All or nothing: everything is read first, so that no transaction waits for the network. */
async function atomic(work: Work, begun: ImportProgress): Promise<ImportProgress> {
  const { ctx, stream, room } = work;
  const lines: Line[] = [];
  let size = 0;
  for await (const line of linesOf(stream)) {
    lines.push(line);
    size += line.text.length;
    if (lines.length > atomicMax || size > atomicBytesMax)
      throw errors.import_too_large({ params: { max: atomicMax } });
  }
  const refused: Refused[] = [];
  const rows = parsed(lines, refused);
  if (refused.length > 0) throw refusedLines(refused);
  const all = async (tx: Db) => {
    for (let start = 0; start < rows.length; start += bulkMax) {
      await insertLines(work, withDb(ctx, tx), rows.slice(start, start + bulkMax), refused);
      if (refused.length > 0) throw refusedLines(refused);
    }
    const next = { ...begun, state: "done" as const, lines: lines.at(-1)?.number ?? 0, imported: rows.length };
    if (!(await saveImport(tx, next, begun.lines))) throw errors.import_busy({ retryAfterSeconds: 1 });
    return next;
  };
  const progress = await retried(room.pauseBeforeRetry, () => ctx.db.transaction(all));
  room.ring();
  return progress;
}

/** The answer is that of the first record refused; the places of all are named with it. */
function refusedLines(refused: readonly Refused[]): Error {
  const all = byLine(refused);
  const { problem } = all[0] as Refused;
  const issues = all
    .flatMap(lineErrors)
    .slice(0, errorsKept)
    .map(({ line, path, code, message }) => ({ path: `/${line}${path}`, code, message }));
  const { code, status, message: says, advice, extra } = problem;
  return new Problem(code, { status, says, advice }, { issues, extra, cause: problem });
}
