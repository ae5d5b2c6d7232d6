// The OpenAPI 3.1 document, made from the routes. OpenAPI 3.1 schemas are JSON Schema 2020-12, which zod writes itself.
import { type ZodObject, type ZodType, z } from "zod";
import { errorCatalogue } from "../errors/index.ts";
import { product } from "../product.ts";
import type { ResponseSpec, Route } from "./route.ts";
import { planRoute } from "./route-plan.ts";
import { defaultHttpSettings } from "./settings.ts";

type Json = { [member: string]: unknown };

export interface OpenApiDocument extends Json {
  openapi: "3.1.0";
  info: Json;
  servers: Json[];
  tags: Json[];
  paths: { [path: string]: { [method: string]: Json } };
  components: { schemas: Json; responses: Json; securitySchemes: Json };
}

export function openApiDocument(routes: readonly Route[], publicUrl: string): OpenApiDocument {
  const schemas: Json = { Problem: problemSchema() };
  const paths: OpenApiDocument["paths"] = {};
  for (const route of routes) {
    const item = paths[route.path] ?? {};
    paths[route.path] = item;
    item[route.method.toLowerCase()] = operation(route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: { title: product.name, version: product.version, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: publicUrl }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      responses: { Problem: { description: "Any failure; `code` says which.", content: problemContent() } },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An access token or an API key." },
      },
    },
  };
}

function operation(route: Route, schemas: Json): Json {
  const plan = planRoute(route, defaultHttpSettings);
  const parameters = [
    ...parametersOf(route, "path", route.params, schemas),
    ...parametersOf(route, "query", route.query, schemas),
    ...(plan.idempotent ? [idempotencyHeader] : []),
  ];
  return {
    operationId: route.name,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    security: route.access === "anyone" ? [{}, { bearer: [] }] : [{ bearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(plan.bodyKind === "none" ? {} : { requestBody: requestBody(route, plan.mediaTypes, schemas) }),
    responses: responses(route, schemas),
  };
}

const idempotencyHeader = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "A fresh value per request; repeating the request with it does the work once. Kept for 24 hours.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function parametersOf(route: Route, place: "path" | "query", schema: ZodType | undefined, schemas: Json): Json[] {
  const names = place === "path" ? [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name) : [];
  const shape = (schema as ZodObject | undefined)?.shape ?? {};
  const all = place === "path" ? names : Object.keys(shape);
  return all.map((name) => {
    const field = shape[name] as ZodType | undefined;
    const json = field ? inputSchema(field, `${route.name}_${name}`, schemas) : { type: "string" };
    const { description, ...rest } = json;
    const required = place === "path" || (field !== undefined && !field.safeParse(undefined).success);
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: rest };
  });
}

function requestBody(route: Route, mediaTypes: readonly string[], schemas: Json): Json {
  const schema = route.body ? inputSchema(route.body, `${route.name}_body`, schemas) : {};
  return {
    required: !route.body?.safeParse(undefined).success,
    content: Object.fromEntries(mediaTypes.map((type) => [type, { schema }])),
  };
}

function responses(route: Route, schemas: Json): Json {
  const found: Json = {};
  for (const [status, spec] of Object.entries(route.responses)) found[status] = response(route, status, spec, schemas);
  if (route.method === "GET" || route.safe) found["304"] ??= { description: "Not changed since the given ETag." };
  found.default = { $ref: "#/components/responses/Problem" };
  return found;
}

function response(route: Route, status: string, spec: ResponseSpec, schemas: Json): Json {
  if (!spec.schema && spec.contentType === undefined) return { description: spec.description };
  const schema = spec.schema ? outputSchema(spec.schema, `${route.name}_${status}`, schemas) : {};
  const example = spec.example === undefined ? {} : { example: spec.example };
  return {
    description: spec.description,
    content: { [spec.contentType ?? "application/json"]: { schema, ...example } },
  };
}

function inputSchema(schema: ZodType, name: string, schemas: Json): Json {
  return hoist(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json, name, schemas);
}

function outputSchema(schema: ZodType, name: string, schemas: Json): Json {
  return hoist(z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }) as Json, name, schemas);
}

/** Recursive parts come as `$defs`; in the document they stand among the components under a name of their own. */
function hoist(schema: Json, name: string, schemas: Json): Json {
  const { $schema: _dialect, $defs, ...rest } = schema;
  const own = (key: string) => `${name}_${key}`.replaceAll(/[^\w.-]/g, "_");
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        if (key !== "$ref" || typeof member !== "string") return [key, renamed(member)];
        if (member === "#") return [key, `#/components/schemas/${own("root")}`];
        return [key, `#/components/schemas/${own(member.slice(member.lastIndexOf("/") + 1))}`];
      }),
    );
  };
  for (const [key, part] of Object.entries(($defs ?? {}) as Json)) schemas[own(key)] = renamed(part);
  const result = renamed(rest) as Json;
  if (JSON.stringify(result).includes(`#/components/schemas/${own("root")}"`)) schemas[own("root")] = result;
  return result;
}

function problemContent(): Json {
  return { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
}

function problemSchema(): Json {
  const text = { type: "string" };
  const issue = {
    type: "object",
    required: ["path", "code", "message"],
    properties: { path: text, code: text, message: text },
  };
  return {
    type: "object",
    description: "RFC 9457 problem document.",
    required: ["type", "title", "status", "detail", "code", "advice", "requestId", "errors"],
    properties: {
      type: { type: "string", format: "uri-reference" },
      title: text,
      status: { type: "integer" },
      detail: text,
      code: { type: "string", enum: [...errorCatalogue().keys()].sort() },
      advice: text,
      requestId: text,
      errors: { type: "array", items: issue },
    },
  };
}
