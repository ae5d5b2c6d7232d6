// `landfall types`: the collections of a running server as the schema value the client infers everything from.
import { writeFileSync } from "node:fs";
import { type DefinedCollection, schemaModule, schemaOf } from "@landfall/client/wire";
import { Exit } from "../kernel/exit.ts";
import { type Command, remoteOptions } from "./command.ts";
import { documentIn, remoteOf } from "./remote.ts";

export const command: Command = {
  usage: "",
  details: "Needs an admin's key or one with schema:read.  Example: landfall types --out src/landfall.schema.ts",
  options: {
    ...remoteOptions,
    out: { type: "string", value: "file", text: "Write there instead of standard output." },
  },
  positionals: { min: 0, max: 0 },
  async run(call) {
    const response = await remoteOf(call).request("GET", "/v1/collections");
    const { items } = await documentIn<{ items: DefinedCollection[] }>(response);
    const schema = schemaOf(items);
    const file = call.text("out");
    if (file !== undefined) {
      save(file, schemaModule(schema));
      call.terminal.answer({ file, collections: items.length }, `${items.length} collections written to ${file}`);
    } else call.terminal.answer(schema, schemaModule(schema).trimEnd());
  },
};

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Exit("file_unusable", `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`, error);
  }
}
