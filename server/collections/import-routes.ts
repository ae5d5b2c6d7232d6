// The streaming doors: records in and out as NDJSON.
import { PassThrough } from "node:stream";
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { problemDocument } from "../kernel/errors/problem-document.ts";
import { toProblem } from "../kernel/errors/translate.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { exportRecords } from "./export.ts";
import { atomicMax, type Importer } from "./import.ts";
import type { ImportProgress } from "./import-store.ts";
import { invalid, parseFlatQuery } from "./query-parse.ts";
import { recordId } from "./record-id.ts";
import { anyRecordErrors, collectionParams, flag, listShape, type RecordDoors, recordsPath, recordsTag } from "./record-routes.ts"; // biome-ignore format: one line

const ndjson = "application/x-ndjson";
const { filter, params, fields, expand } = listShape.shape;

const lines = '{"id":"p1","title":"Hello"}\n{"id":"p2","title":"Again"}';
const importQuery = z.strictObject({
  importId: z.string().optional().meta({ description: "Names this import, so that it can go on after a break.", example: "posts-2026-01" }),
  atomic: flag.meta({ description: "`true`: all records or none.", example: "false" }),
}); // biome-ignore format: a table
const answer = z.object({
  importId: z.string(),
  state: z.enum(["running", "done", "failed"]),
  lines: z.number().int(),
  imported: z.number().int(),
  failed: z.number().int(),
  errors: z.array(z.object({ line: z.number().int(), path: z.string(), code: z.string(), message: z.string() })),
});
const example = { importId: "i1", state: "done" as const, lines: 2, imported: 2, failed: 0, errors: [] };

export function importRoutes(doors: RecordDoors, imports: Importer): Route[] {
  return [
    defineRoute({
      ...{ method: "POST", path: `${recordsPath}:import`, name: "importRecords", tag: recordsTag, access: "anyone" },
      ...{ door: "import", bodyKind: "stream" },
      summary: "Import records",
      description: `Creates records from a stream of one JSON object per line. Chunks of 1,000 commit one by one; sending the same lines with the same importId goes on behind the last chunk. \`atomic=true\` takes all or nothing, up to ${atomicMax} records. With \`Accept: ${ndjson}\` the answer is a line per chunk, the last one being the result.`,
      params: collectionParams,
      query: importQuery,
      bodyExample: `${lines}\n`,
      errors: [...anyRecordErrors, "import_invalid", "import_too_large", "import_mismatch", "import_busy"],
      responses: {
        200: {
          description: "What was taken in, and what not.",
          schema: answer,
          example,
          alternatives: { [ndjson]: { schema: { type: "string" }, example: `${JSON.stringify(example)}\n` } },
        },
      },
      async handler(ctx, { params: { collection }, query, stream, headers }) {
        const id = query.importId ?? doors.room.newId();
        if (!recordId.test(id)) throw invalid("query.importId", "Expected 1 to 64 letters, digits, _ or -.");
        const options = { id, atomic: query.atomic === "true" };
        const wantsLines = (headers.accept ?? "").includes(ndjson);
        if (wantsLines)
          return progressReply(ctx, (onProgress) => imports.run(ctx, collection, stream, { ...options, onProgress }));
        return { status: 200, json: shown(await imports.run(ctx, collection, stream, options)) };
      },
    }),
    defineRoute({
      ...{ method: "GET", path: `${recordsPath}:export`, name: "exportRecords", tag: recordsTag, access: "anyone" },
      ...{ door: "export" },
      summary: "Export records",
      description:
        "All records the caller may list and that match `filter`, one JSON object per line, in the order of their ids.",
      errors: ["query_invalid", "record_not_found", "record_definition_changed"],
      params: collectionParams,
      query: z.strictObject({ filter, params, fields, expand }),
      responses: {
        200: { description: "NDJSON, by id.", contentType: ndjson, schema: z.string(), example: `${lines}\n` },
      },
      async handler(ctx, { params: { collection }, query }) {
        const stream = await exportRecords(doors.reader, ctx, collection, parseFlatQuery(query));
        return { status: 200, stream, contentType: ndjson };
      },
    }),
  ];
}

const shown = ({ id, state, lines, imported, failed, errors }: ImportProgress) => ({
  ...{ importId: id, state, lines, imported, failed, errors },
});

/** Answers while the body is still coming in. A failure before the first chunk is a plain problem. */
async function progressReply(
  ctx: Context,
  run: (onProgress: (progress: ImportProgress) => void) => Promise<ImportProgress>,
): Promise<Reply> {
  const stream = new PassThrough();
  const write = (line: object) => stream.write(`${JSON.stringify(line)}\n`);
  let begun = () => {};
  const first = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const whole = run((progress) => {
    write(shown(progress));
    begun();
  });
  // The last line is the whole result, or the problem that ended it; the status has been sent by then.
  const finished = whole.then(
    (progress) => void write(shown(progress)),
    (error) => void write(problemDocument(toProblem(error), ctx.requestId)),
  );
  void finished.finally(() => stream.end());
  await Promise.race([first, whole]);
  return { status: 200, stream, contentType: ndjson };
}
