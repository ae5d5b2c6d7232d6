// What the OpenAPI document says of one collection's records: as they are answered, made and changed, with an example.
import type { Json } from "../kernel/http/openapi-schema.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { exampleValue } from "./record-openapi-example.ts";
import type { FieldDefinition, JsonValue, Schema } from "./types.ts";

export interface RecordSchemas {
  /** As the server answers it. */
  readonly record: Json;
  /** As a caller makes or replaces it. */
  readonly input: Json;
  readonly patch: Json;
}

/** Nothing of an answer is required: `fields` narrows, rules of fields leave out. Expanded relations are objects. */
export function recordSchemas(schema: Schema): RecordSchemas {
  const settable = schema.fields.filter(({ type }) => type !== "autodate");
  const required = settable.filter((field) => field.required && field.default === undefined).map(({ name }) => name);
  const of = (fields: readonly FieldDefinition[], make: (field: FieldDefinition) => Json) =>
    fields.map((field) => [field.name, make(field)] as const);
  const inverses = [...schema.inverses].map(([name, { collection }]) => [name, expandedList(collection)] as const);
  return {
    record: {
      type: "object",
      description: `A record of ${schema.name}, as far as the caller may see it.`,
      properties: Object.fromEntries([
        ["id", { type: "string", description: "The record's id." }],
        ...of(schema.fields, answered),
        ...inverses,
        ["createdAt", { type: "string", format: "date-time", description: "When it was made." }],
        ["updatedAt", { type: "string", format: "date-time", description: "When it was last changed." }],
        ["version", { type: "integer", description: "Grows with each change." }],
      ]),
    },
    input: {
      type: "object",
      description: `A record of ${schema.name}, as it is made or replaced.`,
      properties: Object.fromEntries([["id", idInput], ...of(settable, taken)]),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    },
    patch: {
      type: "object",
      description: `Changes of a record of ${schema.name}: what is left out stays.`,
      properties: Object.fromEntries([["id", idInput], ...of(settable, changed)]),
      additionalProperties: false,
    },
  };
}

export interface RecordExamples {
  readonly record: Json;
  readonly input: Json;
  readonly patch: Json;
}

export function recordExamples(schema: Schema, kinds: FieldKinds): RecordExamples {
  const valueIn = (field: FieldDefinition): readonly [string, JsonValue][] => {
    const value = exampleValue(field, kinds);
    return value === undefined ? [] : [[field.name, value]];
  };
  const settable = schema.fields.filter(({ type }) => type !== "autodate");
  const values = settable.flatMap(valueIn);
  const times = { createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z" };
  return {
    record: { id: "p1", ...Object.fromEntries(schema.fields.flatMap(valueIn)), ...times, version: 7 },
    input: Object.fromEntries(values),
    patch: Object.fromEntries(values.slice(0, 2)),
  };
}

const idInput = {
  type: "string",
  description: "Chosen by the caller, or made by the server.",
  pattern: "^[A-Za-z0-9_-]{1,64}$",
};

function expandedList(collection: string): Json {
  return { type: "array", items: { type: "object" }, description: `Records of ${collection}, when expanded.` };
}

function answered(field: FieldDefinition): Json {
  const one = field.type === "relation" ? { anyOf: [text, { type: "object" }] } : shapeOf(field);
  return described(field, many(field, one));
}

function taken(field: FieldDefinition): Json {
  return described(field, many(field, { ...shapeOf(field), ...boundsOf(field) }));
}

const operator = (name: string, value: Json): Json => ({
  ...{ type: "object", properties: { [name]: value }, required: [name], additionalProperties: false },
});

function changed(field: FieldDefinition): Json {
  const whole = many(field, { ...shapeOf(field), ...boundsOf(field) });
  if (field.many) {
    const element = shapeOf(field);
    const some = isAnything(element) ? {} : { anyOf: [element, { type: "array", items: element }] };
    return described(field, { anyOf: [whole, operator("$append", some), operator("$remove", some)] });
  }
  if (field.type !== "number" && field.type !== "integer" && field.type !== "decimal") return described(field, whole);
  return described(field, { anyOf: [whole, operator("$increment", shapeOf(field))] });
}

function many(field: FieldDefinition, one: Json): Json {
  if (field.many) return { type: "array", items: one, ...(field.required ? { minItems: 1 } : {}) };
  // What may be anything may be null already.
  if (field.required || isAnything(one)) return one;
  return { anyOf: [...((one.anyOf as Json[] | undefined) ?? [one]), { type: "null" }] };
}

const isAnything = (schema: Json): boolean => Object.keys(schema).length === 0;

function described(field: FieldDefinition, schema: Json): Json {
  const { type, hidden, collection, default: value } = field;
  const notes = [
    ...(type === "relation" ? [`${field.many ? "Ids of records" : "The id of a record"} of ${collection}.`] : []),
    ...(type === "decimal" ? ["A decimal number as text."] : []),
    ...(type === "richtext" ? ["HTML, sanitised when it is written."] : []),
    ...(type === "autodate" ? ["Set by the server."] : []),
    ...(hidden ? ["Seen and set by admins only."] : []),
  ];
  return {
    ...schema,
    ...(notes.length === 0 ? {} : { description: notes.join(" ") }),
    ...(value === undefined || value === null ? {} : { default: value }),
  };
}

const text = { type: "string" };
const place = {
  type: "object",
  properties: { lat: { type: "number" }, lng: { type: "number" } },
  required: ["lat", "lng"],
};

function shapeOf(field: FieldDefinition): Json {
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
    default:
      return text;
  }
}

/** What a value must keep to, as far as JSON Schema has words for it. */
function boundsOf({ type, min, max, pattern }: FieldDefinition): Json {
  const bounds = (low: string, high: string) => ({
    ...(typeof min === "number" ? { [low]: min } : {}),
    ...(typeof max === "number" ? { [high]: max } : {}),
  });
  switch (type) {
    case "number":
    case "integer":
      return bounds("minimum", "maximum");
    case "decimal":
      return { pattern: "^[+-]?[0-9]+(\\.[0-9]+)?$" };
    case "text":
    case "email":
    case "url":
      return {
        ...bounds("minLength", "maxLength"),
        ...(pattern === undefined ? {} : { pattern: ecmaPattern(pattern) }),
      };
    case "id":
      return { pattern: "^[A-Za-z0-9_-]{1,64}$" };
    default:
      return {};
  }
}

/** Our patterns are ECMAScript's but for escapes: there, only signs that mean something may be escaped. */
function ecmaPattern(pattern: string): string {
  return pattern.replaceAll(/\\([\s\S])/g, (escaped, char: string) =>
    /[\^$\\.*+?()[\]{}|/-]/.test(char) ? escaped : char,
  );
}
