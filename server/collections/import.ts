// Bulk import: NDJSON in, chunks of 1,000 records, each one transaction with the progress record. An import that broke
// off goes on behind its last chunk when the same id and the same lines are sent again.
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import {
  byLine,
  errorsKept,
  insertLines,
  lineErrors,
  parsed,
  type Refused,
  refusedLines,
  type Target,
} from "./import-insert.ts";
import { type Line, linesOf } from "./import-lines.ts";
import { beginImport, type ImportProgress, removeOldImports, saveImport } from "./import-store.ts";
import { type BulkWriter, bulkMax } from "./record-bulk.ts";
import { errors } from "./record-errors.ts";
import { tableOf } from "./record-fields.ts";
import { retried } from "./record-retry.ts";
import { type Room, schemaToWrite, withDb } from "./record-room.ts";
import type { Schema } from "./types.ts";

export const atomicMax = 10_000;
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

interface Work extends Target {
  readonly room: Room;
  readonly stream: AsyncIterable<Buffer | string>;
  readonly options: ImportOptions;
  readonly ctx: Context;
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
