// `landfall export`: a collection of a running server as NDJSON, to a file or to standard output.
import { createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { Exit } from "../kernel/exit.ts";
import { type Command, remoteOptions } from "./command.ts";
import { isFileError, remoteOf } from "./remote.ts";

export const command: Command = {
  usage: "<collection> [file]",
  details: "Without a file standard output is written. A file appears under its name only when it is complete.",
  options: {
    ...remoteOptions,
    filter: { type: "string", value: "expression", text: "Only the records for which it holds." },
  },
  positionals: { min: 1, max: 2 },
  async run(call) {
    const [collection, file] = call.positionals as [string, string | undefined];
    const filter = call.text("filter");
    const query = filter === undefined ? "" : `?${new URLSearchParams({ filter })}`;
    const response = await remoteOf(call).request("GET", `/v1/collections/${encodeURIComponent(collection)}/records:export${query}`); // biome-ignore format: one line
    const body = Readable.fromWeb(response.body as WebStream);
    if (file === undefined || file === "-") {
      await pipeline(body, call.terminal.stdout as Transform, { end: false }).catch((error: unknown) => {
        throw ended(error, "standard output", "What was written is not all there is.");
      });
      return;
    }
    const records = await save(body, file);
    call.terminal.answer({ file, records }, `${records} records written to ${file}`);
  },
};

async function save(body: Readable, file: string): Promise<number> {
  const draft = `${file}.part`;
  let records = 0;
  body.on("data", (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) records += 1;
  });
  try {
    await pipeline(body, createWriteStream(draft));
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw ended(error, file, "Nothing was written.");
  }
  return records;
}

function ended(error: unknown, file: string, left: string): Exit {
  if (isFileError(error)) return new Exit("file_unusable", `${file} cannot be written (${error.code}). ${left}`, error);
  return new Exit("broke_off", `The export broke off: ${(error as Error).message}. ${left}`, error);
}
