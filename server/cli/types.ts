// `landfall types`: the collections of a running server as the schema value the client infers everything from.
import { writeFileSync } from "node:fs";
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
    const { items } = await documentIn<{ items: Definition[] }>(response);
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

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly many?: boolean;
  readonly hidden?: boolean;
  readonly default?: unknown;
  readonly values?: readonly string[];
  readonly collection?: string;
  readonly inverse?: string;
}

export interface Definition {
  readonly name: string;
  readonly fields: readonly Field[];
}

interface Collection {
  readonly fields: Record<string, object>;
  readonly inverses?: Record<string, { collection: string; field: string }>;
}

/** In order of name, so that the file's diff shows what changed and nothing else. Hidden fields never reach a client. */
export function schemaOf(definitions: readonly Definition[]): { collections: Record<string, Collection> } {
  const sorted = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map((definition): [string, Collection] => {
    const fields = Object.fromEntries(definition.fields.filter((field) => !field.hidden).map((field) => [field.name, shapeOf(field)])); // biome-ignore format: one line
    const inverses = inversesOf(definition.name, sorted);
    return [definition.name, Object.keys(inverses).length > 0 ? { fields, inverses } : { fields }];
  });
  return { collections: Object.fromEntries(entries) };
}

/** Only what types depend on. */
function shapeOf(field: Field): object {
  return {
    type: field.type,
    ...(field.type === "select" ? { values: field.values ?? [] } : {}),
    ...(field.type === "relation" ? { collection: field.collection } : {}),
    ...(field.required ? { required: true } : {}),
    ...(field.many ? { many: true } : {}),
    ...(field.default === undefined || field.default === null ? {} : { default: field.default }),
  };
}

function inversesOf(name: string, all: readonly Definition[]): Record<string, { collection: string; field: string }> {
  const found = all.flatMap((other) =>
    other.fields
      .filter((field) => field.collection === name && field.inverse && !field.hidden)
      .map((field) => [field.inverse as string, { collection: other.name, field: field.name }] as const),
  );
  return Object.fromEntries(found);
}

export function schemaModule(schema: object): string {
  return `// Written by \`landfall types\`. Run it again after a change of the collections.
import { defineSchema } from "@landfall/client";

export const schema = defineSchema(${literal(schema, "")});
`;
}

/** JSON with bare keys where they are names; short objects on one line. */
function literal(value: unknown, indent: string): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, indent)).join(", ")}]`;
  const rows = Object.entries(value).map(([key, item]) => `${name(key)}: ${literal(item, `${indent}  `)}`);
  if (rows.length === 0) return "{}";
  const short = `{ ${rows.join(", ")} }`;
  if (short.length + indent.length < 100 && !short.includes("\n")) return short;
  return `{\n${rows.map((row) => `${indent}  ${row},\n`).join("")}${indent}}`;
}

const name = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));
