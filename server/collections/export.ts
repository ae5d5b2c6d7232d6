// Export: every record that the caller may list, one JSON object per line, in keyset pages by id. Nothing is held but one
// page; a slow reader slows the reading.
import { Readable } from "node:stream";
import type { Context } from "../kernel/context.ts";
import { bytesOfOctets } from "../kernel/octets.ts";
import type { RecordQuery } from "./query-types.ts";
import type { PageResult, RecordReader } from "./record-read.ts";

const pageSize = 1_000;

/** Reads the first page before anything is sent, so that a refusal is still an answer. */
export async function exportRecords(
  reader: RecordReader,
  ctx: Context,
  collection: string,
  query: Pick<RecordQuery, "filter" | "params" | "fields" | "expand">,
): Promise<Readable> {
  const { page: size, ...rest } = { page: query.expand ? 100 : pageSize, ...query };
  const ask = (cursor?: string) =>
    reader.page(ctx, collection, { ...rest, limit: size, ...(cursor === undefined ? {} : { cursor }) });
  const first = await ask();
  return Readable.from(pages(ctx, first, ask), { objectMode: false, highWaterMark: 64 * 1024 });
}

async function* pages(
  ctx: Context,
  first: PageResult,
  ask: (cursor: string) => Promise<PageResult>,
): AsyncGenerator<Buffer, void, undefined> {
  let page = first;
  while (true) {
    if (page.items.length > 0) yield bytesOfOctets(`${page.items.join("\n")}\n`);
    if (page.nextCursor === null || ctx.signal.aborted) return;
    page = await ask(page.nextCursor);
    // A definition or rule that changed on the way would make two halves of different kinds; a cut stream says so.
    if (page.schemaVersion !== first.schemaVersion) throw new Error("the collection changed during its export");
  }
}
