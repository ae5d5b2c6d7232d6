// From the definitions of collections to the schema value of the client, and to the file that holds it. What `landfall types`
// writes, wherever that runs.
import type { CollectionDefinition, FieldDefinition } from "./definition.ts";

/**
 * What a schema is made from: a collection's definition, as far as types depend on it.
 *
 * @example
 * ```ts
 * const tags: DefinedCollection = { name: "tags", fields: [{ name: "name", type: "text", required: true }] };
 * ```
 */
export type DefinedCollection = Pick<CollectionDefinition, "name" | "fields">;

interface Collection {
  readonly fields: Record<string, object>;
  readonly inverses?: Record<string, { collection: string; field: string }>;
}

/**
 * In order of name, so that the file's diff shows what changed and nothing else. Hidden fields never reach a client.
 *
 * @example
 * ```ts
 * const found = schemaOf([{ name: "tags", fields: [{ name: "name", type: "text", required: true }] }]);
 * console.log(found.collections.tags?.fields); // { name: { type: "text", required: true } }
 * ```
 */
export function schemaOf(definitions: readonly DefinedCollection[]): { collections: Record<string, Collection> } {
  const sorted = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map((definition): [string, Collection] => {
    const fields = Object.fromEntries(definition.fields.filter((field) => !field.hidden).map((field) => [field.name, shapeOf(field)])); // biome-ignore format: one line
    const inverses = inversesOf(definition.name, sorted);
    return [definition.name, Object.keys(inverses).length > 0 ? { fields, inverses } : { fields }];
  });
  return { collections: Object.fromEntries(entries) };
}

/** Only what types depend on. */
function shapeOf(field: FieldDefinition): object {
  return {
    type: field.type,
    ...(field.type === "select" ? { values: field.values ?? [] } : {}),
    ...(field.type === "relation" ? { collection: field.collection } : {}),
    ...(field.required ? { required: true } : {}),
    ...(field.many ? { many: true } : {}),
    ...(field.default === undefined || field.default === null ? {} : { default: field.default }),
  };
}

function inversesOf(
  name: string,
  all: readonly DefinedCollection[],
): Record<string, { collection: string; field: string }> {
  const found = all.flatMap((other) =>
    other.fields
      .filter((field) => field.collection === name && field.inverse && !field.hidden)
      .map((field) => [field.inverse as string, { collection: other.name, field: field.name }] as const),
  );
  return Object.fromEntries(found);
}

/**
 * The source of `landfall.schema.ts`.
 *
 * @example
 * ```ts
 * const text = schemaModule(schemaOf([{ name: "tags", fields: [{ name: "name", type: "text" }] }]));
 * console.log(text.includes("export const schema = defineSchema(")); // true
 * ```
 */
export function schemaModule(schema: object): string {
  const lines = [
    "// Written by `landfall types`. Run it again after a change of the collections.",
    'import { defineSchema } from "@landfall/client";',
    "",
    `export const schema = defineSchema(${literal(schema, "")});`,
  ];
  return `${lines.join("\n")}\n`;
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
