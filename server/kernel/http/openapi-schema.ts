// From zod to the schemas of the OpenAPI document. OpenAPI 3.1 schemas are JSON Schema 2020-12, which zod writes itself;
// what is left to do is to name shared parts and to keep examples where tools look for them.
import { type ZodType, z } from "zod";

export type Json = { [member: string]: unknown };

/** Where a schema that others point to is kept, by its name in the document. */
export type Schemas = Json;

/** `io`: as the caller may send it, or as the server answers it. `owner` names what is shared within this schema alone. */
export function schemaOf(schema: ZodType, io: "input" | "output", owner: string, schemas: Schemas): Json {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    // A schema's `example` is OpenAPI 3.0; JSON Schema, and with it 3.1, has `examples`.
    override: ({ jsonSchema }) => {
      const { example } = jsonSchema as Json;
      if (example === undefined) return;
      delete (jsonSchema as Json).example;
      (jsonSchema as Json).examples = [example];
    },
  });
  return hoist(made as Json, owner, schemas);
}

/** What a reader can try at once: the example that is given, else a value the schema names itself. */
export function exampleOf(schema: Json): unknown {
  const [given] = (schema.examples ?? []) as unknown[];
  if (given !== undefined) return given;
  const [allowed] = (schema.enum ?? []) as unknown[];
  return schema.const ?? schema.default ?? allowed;
}

/**
 * Shared and recursive parts come as `$defs`; in the document they stand among the components. A part with a name of its
 * own (zod's `id`, a capital first) keeps it and is one and the same everywhere; others are named for their owner.
 */
function hoist(schema: Json, owner: string, schemas: Schemas): Json {
  const { $schema: _dialect, $defs, ...rest } = schema;
  const nameOf = (key: string) => (/^[A-Z]/.test(key) ? key : `${owner}_${key}`.replaceAll(/[^\w.-]/g, "_"));
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        if (key !== "$ref" || typeof member !== "string") return [key, renamed(member)];
        const target = member === "#" ? "root" : member.slice(member.lastIndexOf("/") + 1);
        return [key, `#/components/schemas/${nameOf(target)}`];
      }),
    );
  };
  for (const [key, part] of Object.entries(($defs ?? {}) as Json)) keep(schemas, nameOf(key), renamed(part));
  const result = renamed(rest) as Json;
  const root = nameOf("root");
  if (JSON.stringify(result).includes(`#/components/schemas/${root}"`)) keep(schemas, root, result);
  return result;
}

function keep(schemas: Schemas, name: string, schema: unknown): void {
  const known = schemas[name];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema))
    throw new Error(`two different schemas are named ${name}`);
  schemas[name] = schema;
}
