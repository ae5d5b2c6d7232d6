// The live collections in the OpenAPI document: for each one its record's schema and the paths of its records, so that
// generated clients are typed. Only those who may read the schema are shown this.
import type { OpenApiDocument } from "../kernel/http/openapi.ts";
import type { Room } from "./record-room.ts";
import type { FieldDefinition, Schema } from "./types.ts";

type Json = { [member: string]: unknown };

export function extendRecordPaths({ schemas }: Pick<Room, "schemas">): (document: OpenApiDocument) => OpenApiDocument {
  return (document) => {
    for (const schema of schemas.current().byName.values()) {
      const name = `record_${schema.name}`;
      document.components.schemas[name] = recordSchema(schema);
      addPaths(document, schema, { $ref: `#/components/schemas/${name}` });
    }
    return document;
  };
}

const generic = "/v1/collections/{collection}/records";
/** Of the generic operations, those whose body or answer is a record or a page of them. */
const operations: readonly (readonly [suffix: string, method: string, answer: "one" | "page"])[] = [
  ["", "get", "page"],
  ["", "post", "one"],
  [":query", "post", "page"],
  ["/{id}", "get", "one"],
  ["/{id}", "patch", "one"],
  ["/{id}", "put", "one"],
  ["/{id}", "delete", "one"],
];

/** Copies each generic operation with the collection's name in place of the parameter. */
function addPaths(document: OpenApiDocument, schema: Schema, record: Json): void {
  const page = {
    type: "object",
    properties: {
      items: { type: "array", items: record },
      nextCursor: { type: ["string", "null"] },
      count: { type: "integer" },
    },
    required: ["items", "nextCursor"],
  };
  for (const [suffix, method, answer] of operations) {
    const operation = document.paths[generic + suffix]?.[method];
    if (!operation) continue;
    const copy = structuredClone(operation) as Json & { parameters?: Json[]; responses: { [status: string]: Json } };
    copy.operationId = `${operation.operationId}_${schema.name}`;
    copy.tags = [schema.name];
    copy.parameters = (copy.parameters ?? []).filter(({ name }) => name !== "collection");
    for (const status of ["200", "201"]) {
      const content = copy.responses[status]?.content as { "application/json"?: Json } | undefined;
      if (content?.["application/json"]) {
        content["application/json"] = {
          schema: answer === "page" ? page : status === "201" && suffix === "" ? { anyOf: [record, page] } : record,
        };
      }
    }
    const path = `/v1/collections/${schema.name}/records${suffix}`;
    const paths = document.paths[path] ?? {};
    document.paths[path] = paths;
    paths[method] = copy;
  }
}

/** Nothing is required: `fields` narrows, field rules leave out. Expanded relations stand as objects. */
function recordSchema(schema: Schema): Json {
  const time = { type: "string", format: "date-time" };
  const properties: Json = { id: { type: "string" } };
  for (const field of schema.fields) properties[field.name] = fieldSchema(field);
  Object.assign(properties, { createdAt: time, updatedAt: time, version: { type: "integer" } });
  return { type: "object", properties };
}

const text = { type: "string" };
const place = {
  type: "object",
  properties: { lat: { type: "number" }, lng: { type: "number" } },
  required: ["lat", "lng"],
};

function fieldSchema(field: FieldDefinition): Json {
  const one = valueSchema(field);
  if (field.many) return { type: "array", items: one };
  return field.required ? one : { anyOf: [one, { type: "null" }] };
}

function valueSchema(field: FieldDefinition): Json {
  switch (field.type) {
    case "number":
      return { type: "number" };
    case "integer":
      return { type: "integer" };
    case "bool":
      return { type: "boolean" };
    case "select":
      return { type: "string", enum: field.values ?? [] };
    case "datetime":
    case "autodate":
      return { type: "string", format: "date-time" };
    case "date":
      return { type: "string", format: "date" };
    case "geo":
      return place;
    case "json":
      return {};
    case "relation":
      return { anyOf: [text, { type: "object" }] };
    default:
      return text;
  }
}
