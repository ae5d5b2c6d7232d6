// The live collections in the OpenAPI document: for each one the schemas of its records and the operations on them, with
// examples from its fields, so that generated clients are typed. Only those who may read the schema are shown this.
import type { OpenApiDocument } from "../kernel/http/openapi.ts";
import type { Json } from "../kernel/http/openapi-schema.ts";
import { type RecordExamples, recordExamples, recordSchemas } from "./record-openapi-schema.ts";
import type { Room } from "./record-room.ts";
import type { Schema, Schemas } from "./types.ts";

export function extendRecordPaths(
  room: Pick<Room, "schemas" | "kinds">,
): (document: OpenApiDocument) => OpenApiDocument {
  let last: { readonly of: Schemas; readonly document: OpenApiDocument } | undefined;
  return (document) => {
    const current = room.schemas.current();
    if (last?.of === current) return last.document;
    const schemas = [...current.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const schema of schemas) {
      document.tags.push({ name: schema.name, description: `The records of the collection \`${schema.name}\`.` });
      const names = addSchemas(document, schema);
      const parts: Parts = { names, examples: recordExamples(schema, room.kinds) };
      for (const operation of operations) addOperation(document, schema, operation, parts);
    }
    last = { of: current, document };
    return document;
  };
}

/** Ends of the component names. No two collections meet: what stands before them is the collection's own name. */
interface Names {
  readonly record: string;
  readonly input: string;
  readonly patch: string;
  readonly page: string;
}

interface Parts {
  readonly names: Names;
  readonly examples: RecordExamples;
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

function addSchemas({ components }: OpenApiDocument, schema: Schema): Names {
  const record = `${capital(schema.name)}Record`;
  const names = { record, input: `${record}Input`, patch: `${record}Patch`, page: `${record}Page` };
  const { record: answered, input, patch } = recordSchemas(schema);
  const page = {
    type: "object",
    description: `A page of records of ${schema.name}.`,
    properties: {
      items: { type: "array", items: ref(record) },
      nextCursor: { type: ["string", "null"], description: "For the next page; null on the last one." },
      count: { type: "integer", description: "How many records match, with `count=exact`." },
    },
    required: ["items", "nextCursor"],
  };
  Object.assign(components.schemas, {
    [record]: answered,
    [names.input]: input,
    [names.patch]: patch,
    [names.page]: page,
  });
  return names;
}

interface Operation {
  readonly suffix: string;
  readonly method: string;
  /** `listPostsRecords`: two collections cannot meet, nor one with a generic operation. */
  readonly id: (collection: string) => string;
  /** By status; what is not named stays as it is in the generic operation. */
  readonly answers?: (parts: Parts) => { readonly [status: string]: { schema: Json; example: unknown } };
  readonly body?: (parts: Parts) => { schema: Json; example: unknown };
}

const one = ({ names, examples }: Parts) => ({ schema: ref(names.record), example: examples.record });
const page = ({ names, examples }: Parts) => ({
  schema: ref(names.page),
  example: { items: [examples.record], nextCursor: null },
});
const input = ({ names, examples }: Parts) => ({ schema: ref(names.input), example: examples.input });
const lines = (value: unknown) => ({ schema: { type: "string" }, example: `${JSON.stringify(value)}\n` });

const operations: readonly Operation[] = [
  { suffix: "", method: "get", id: (name) => `list${name}Records`, answers: (parts) => ({ 200: page(parts) }) },
  {
    ...{ suffix: "", method: "post", id: (name) => `create${name}Records` },
    body: (parts) => ({
      schema: {
        anyOf: [input(parts).schema, { type: "array", items: input(parts).schema, minItems: 1, maxItems: 1000 }],
      },
      example: parts.examples.input,
    }),
    answers: (parts) => ({
      201: {
        schema: {
          anyOf: [
            one(parts).schema,
            { type: "object", properties: { items: { type: "array", items: one(parts).schema } }, required: ["items"] },
          ],
        },
        example: parts.examples.record,
      },
    }),
  },
  {
    ...{ suffix: ":query", method: "post", id: (name) => `query${name}Records` },
    body: () => ({
      schema: ref("RecordQuery"),
      example: { filter: "id != $a", params: { a: "p1" }, sort: ["-createdAt"], limit: 10 },
    }),
    answers: (parts) => ({ 200: page(parts) }),
  },
  { suffix: "/{id}", method: "get", id: (name) => `get${name}Record`, answers: (parts) => ({ 200: one(parts) }) },
  {
    ...{ suffix: "/{id}", method: "patch", id: (name) => `update${name}Record` },
    body: ({ names, examples }) => ({ schema: ref(names.patch), example: examples.patch }),
    answers: (parts) => ({ 200: one(parts), 201: one(parts) }),
  },
  {
    ...{ suffix: "/{id}", method: "put", id: (name) => `replace${name}Record` },
    body: input,
    answers: (parts) => ({ 200: one(parts), 201: one(parts) }),
  },
  { suffix: "/{id}", method: "delete", id: (name) => `delete${name}Record` },
  {
    ...{ suffix: ":import", method: "post", id: (name) => `import${name}Records` },
    body: ({ examples }) => lines(examples.input),
  },
  {
    ...{ suffix: ":export", method: "get", id: (name) => `export${name}Records` },
    answers: ({ examples }) => ({ 200: lines(examples.record) }),
  },
];

const generic = "/v1/collections/{collection}/records";

interface Copy extends Json {
  operationId: string;
  summary: string;
  parameters?: Json[];
  requestBody?: { content: { [type: string]: Json } };
  responses: { [status: string]: { content?: { [type: string]: Json } } };
}

/** Copies the generic operation with the collection's name in place of the parameter. */
function addOperation(document: OpenApiDocument, schema: Schema, operation: Operation, parts: Parts): void {
  const { suffix, method, id, answers, body } = operation;
  const known = document.paths[generic + suffix]?.[method];
  if (!known) return;
  const copy = structuredClone(known) as Copy;
  // Which generic operation it is, for those who know that one by name.
  copy["x-landfall-operation"] = copy.operationId;
  copy.operationId = id(capital(schema.name));
  copy.summary = `${copy.summary}: ${schema.name}`;
  copy.tags = [schema.name];
  copy.parameters = (copy.parameters ?? []).flatMap((parameter) => parameterFor(schema, parameter));
  if (copy.requestBody && body)
    for (const type of Object.keys(copy.requestBody.content)) copy.requestBody.content[type] = body(parts);
  for (const [status, media] of Object.entries(answers?.(parts) ?? {})) {
    const content = copy.responses[status]?.content;
    for (const type of Object.keys(content ?? {})) if (content) content[type] = media;
  }
  const path = `/v1/collections/${schema.name}/records${suffix}`;
  const paths = document.paths[path] ?? {};
  document.paths[path] = paths;
  paths[method] = copy;
}

/** The generic examples speak of fields that this collection may not have. */
function parameterFor(schema: Schema, parameter: Json): Json[] {
  const fields = ["id", ...schema.fields.slice(0, 2).map(({ name }) => name)].join(",");
  const [target] = [...schema.fields.filter(({ type }) => type === "relation").map(({ name }) => name), ...schema.inverses.keys()]; // biome-ignore format: one question
  switch (parameter.name) {
    case "collection":
      return [];
    case "filter":
      return [{ ...parameter, example: "id != $a" }];
    case "params":
      return [{ ...parameter, example: '{"a":"p1"}' }];
    case "sort":
      return [{ ...parameter, example: "-createdAt" }];
    case "fields":
      return [{ ...parameter, example: fields }];
    case "expand":
      // Nothing to expand, nothing to say.
      return target === undefined ? [] : [{ ...parameter, example: target }];
    default:
      return [parameter];
  }
}
