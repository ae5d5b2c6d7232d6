// `landfall import`: an NDJSON file into a collection, through the public door of a running server.
import { randomUUID } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { Readable, Transform } from "node:stream";
import { Exit } from "../kernel/exit.ts";
import { type Call, type Command, remoteOptions } from "./command.ts";
import { documentIn, remoteOf } from "./remote.ts";

export const command: Command = {
  usage: "<collection> [file]",
  details:
    "Without a file standard input is read. Chunks of 1,000 commit one by one; an import that broke off is resumed by\n" +
    "giving the same --id and the same file again. --atomic takes all or nothing, up to 10,000 records.",
  options: {
    ...remoteOptions,
    id: { type: "string", value: "id", text: "The import's own id. Default: a new one, which is printed." },
    atomic: { type: "boolean", text: "All or nothing." },
  },
  positionals: { min: 1, max: 2 },
  async run(call) {
    const [collection, file] = call.positionals as [string, string | undefined];
    const id = call.text("id") ?? randomUUID();
    const query = new URLSearchParams({ importId: id, ...(call.flag("atomic") ? { atomic: "true" } : {}) });
    const remote = remoteOf(call);
    call.terminal.err(`Import ${id}`);
    const source = lines(call, file);
    let unreadable: unknown;
    source.on("error", (error) => {
      unreadable = error;
    });
    const path = `/v1/collections/${encodeURIComponent(collection)}/records:import?${query}`;
    const answer = await remote
      .request("POST", path, {
        headers: { "content-type": "application/x-ndjson" },
        body: Readable.toWeb(source) as ReadableStream,
        duplex: "half",
      })
      .then((response) => documentIn<Imported>(response))
      .catch((error: unknown) => {
        throw unreadable === undefined ? resumable(error, id) : cannotRead(file ?? "Standard input", unreadable);
      });
    call.terminal.answer(answer, summary(answer));
    const { failed = 0, lines: read } = answer;
    if (failed > 0) throw new Exit("lines_refused", `${failed} of ${read} lines were not taken.`);
  },
};

/** What broke off may have been imported in part, and how to go on is worth saying. */
function resumable(error: unknown, id: string): unknown {
  if (!(error instanceof Exit) || error.reason !== "broke_off") return error;
  return new Exit("broke_off", `${error.message} Run it again with the same --id to resume: ${id}`, error);
}

const cannotRead = (file: string, error: unknown) =>
  new Exit("file_unusable", `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, error);

interface Imported {
  readonly lines?: number;
  readonly failed?: number;
  /** The first of them. */
  readonly errors?: readonly { readonly line: number; readonly path: string; readonly message: string }[];
}

function summary(answer: Imported): string {
  const figures = Object.entries(answer).filter(([, value]) => typeof value !== "object");
  const refused = (answer.errors ?? []).map(({ line, path, message }) => `  line ${line}${path}: ${message}`);
  return [...figures.map(([key, value]) => `${key}: ${value}`), ...refused].join("\n");
}

/** The file's bytes; at a terminal with a line that says how far they are. */
function lines({ terminal }: Call, file: string | undefined): Readable {
  if (file === undefined || file === "-") return terminal.stdin as Readable;
  const size = sizeOf(file);
  const source = createReadStream(file);
  if (!terminal.isTTY || size === 0) return source;
  let sent = 0;
  let shown = -1;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      const percent = Math.floor((100 * sent) / size);
      if (percent !== shown) process.stderr.write(`\r${percent} % sent${percent === 100 ? "\n" : ""}`);
      shown = percent;
      done(null, chunk);
    },
  });
  source.on("error", (error) => counting.destroy(error));
  return source.pipe(counting);
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw cannotRead(file, error);
  }
}
