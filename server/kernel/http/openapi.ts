// The OpenAPI 3.1 document, made from the routes: each operation with its parameters, examples, headers, and every code it
// can fail with. What the pieces look like is said by openapi-schema, -parts and -problems.
import type { ZodObject, ZodType } from "zod";
import { product } from "../product.ts";
import {
  type HeaderName,
  type HeaderParameter,
  headerParameters,
  headerRefs,
  headers,
  parameterRefs,
} from "./openapi-parts.ts";
import { type ProblemParts, problemSchema, problemsOf } from "./openapi-problems.ts";
import { exampleOf, type Json, type Schemas, schemaOf } from "./openapi-schema.ts";
import type { ResponseSpec, Route } from "./route.ts";
import { planRoute, type RoutePlan } from "./route-plan.ts";
import { defaultHttpSettings } from "./settings.ts";
import { tagDescriptions } from "./tags.ts";

export interface OpenApiDocument extends Json {
  openapi: "3.1.0";
  info: Json;
  servers: Json[];
  tags: Json[];
  paths: { [path: string]: { [method: string]: Json } };
  components: {
    schemas: Schemas;
    responses: Json;
    parameters: Json;
    examples: Json;
    headers: Json;
    securitySchemes: Json;
  };
}

interface Parts extends ProblemParts {
  readonly schemas: Schemas;
}

export function openApiDocument(routes: readonly Route[], publicUrl: string): OpenApiDocument {
  const parts: Parts = { schemas: { Problem: problemSchema() }, responses: {}, examples: {} };
  const paths: OpenApiDocument["paths"] = {};
  for (const route of routes) {
    const item = paths[route.path] ?? {};
    paths[route.path] = item;
    item[route.method.toLowerCase()] = operation(route, parts);
  }
  const descriptions = tagDescriptions();
  const document: OpenApiDocument = {
    openapi: "3.1.0",
    info: {
      title: product.name,
      version: product.version,
      description: about,
      contact: { name: "The operator of this server", url: publicUrl },
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: publicUrl, description: "This server." }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name, description: descriptions.get(name) })),
    externalDocs: { url: `${publicUrl}/docs`, description: "The documentation this server brings along." },
    paths,
    components: {
      ...parts,
      parameters: { ...headerParameters },
      headers: { ...headers },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An access token or an API key." },
      },
    },
  };
  dropUnused(document);
  return document;
}

const about = `Collections of records under access rules, and what it takes to run them.

Errors are problem documents (RFC 9457); programs decide by \`code\`. Reads carry an \`ETag\`. Unsafe calls take an \`Idempotency-Key\`
where they say so. Every request may carry \`X-Request-Id\` and \`traceparent\`. With an admin's credential, or a key with the scope
\`schema:read\`, this document also describes the live collections.`;

function operation(route: Route, parts: Parts): Json {
  const plan = planRoute(route, defaultHttpSettings);
  const parameters = [
    ...parametersOf(route, "path", route.params, parts),
    ...parametersOf(route, "query", route.query, parts),
    ...parameterRefs(headersTaken(plan)),
  ];
  return {
    operationId: route.name,
    summary: route.summary,
    description: route.description ?? route.summary,
    tags: [route.tag],
    security: route.access === "anyone" ? [{}, { bearer: [] }] : [{ bearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(plan.bodyKind === "none" ? {} : { requestBody: requestBody(plan, parts) }),
    responses: responses(plan, parts),
  };
}

function headersTaken({ route, idempotent }: RoutePlan): HeaderParameter[] {
  const isRead = route.method === "GET" || route.safe;
  return [
    ...(idempotent ? (["IdempotencyKey"] as const) : []),
    ...(isRead && route.tagged ? (["IfNoneMatch"] as const) : []),
    ...(route.conditions ?? []).map((name) => (name === "If-Match" ? "IfMatch" : "IfNoneMatchAny")),
    ...(route.explained ? (["Explain", "ExplainAs"] as const) : []),
  ];
}

function parametersOf(route: Route, place: "path" | "query", given: ZodType | undefined, { schemas }: Parts): Json[] {
  const names = place === "path" ? [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name) : [];
  const shape = (given as ZodObject | undefined)?.shape ?? {};
  const all = place === "path" ? names : Object.keys(shape);
  return all.map((name) => {
    const field = shape[name] as ZodType | undefined;
    const json = field ? schemaOf(field, "input", `${route.name}_${name}`, schemas) : { type: "string" };
    const { description, examples: _examples, ...schema } = json;
    const example = exampleOf(json);
    return {
      ...{ name, in: place },
      required: place === "path" || (field !== undefined && !field.safeParse(undefined).success),
      ...(description === undefined ? {} : { description }),
      schema,
      ...(example === undefined ? {} : { example }),
    };
  });
}

function requestBody({ route, mediaTypes, bodyRequired, bodyKind }: RoutePlan, { schemas }: Parts): Json {
  const made = route.body ? schemaOf(route.body, "input", `${route.name}_body`, schemas) : { type: "string" };
  const { examples: _examples, ...schema } = made;
  const example = route.bodyExample ?? route.body?.meta()?.example;
  const media = { schema, ...(example === undefined ? {} : { example }) };
  return {
    required: bodyRequired || bodyKind === "stream",
    content: Object.fromEntries(mediaTypes.map((type) => [type, media])),
  };
}

function responses(plan: RoutePlan, parts: Parts): Json {
  const { route } = plan;
  const found: Json = {};
  for (const [status, spec] of Object.entries(route.responses)) found[status] = response(plan, status, spec, parts);
  if (route.tagged && (route.method === "GET" || route.safe))
    found["304"] ??= {
      description: "Not changed since the given ETag.",
      headers: headerRefs(["ETag", "X-Request-Id"]),
    };
  return { ...found, ...problemsOf(plan, parts) };
}

function response(plan: RoutePlan, status: string, spec: ResponseSpec, { schemas }: Parts): Json {
  const { description, schema: given, contentType = "application/json", example } = spec;
  const answer = { description, headers: headerRefs(headersGiven(plan, status, spec)) };
  if (!given && spec.contentType === undefined) return answer;
  const schema = given ? schemaOf(given, "output", `${plan.route.name}_${status}`, schemas) : {};
  const content = { [contentType]: { schema, ...(example === undefined ? {} : { example }) }, ...spec.alternatives };
  return { ...answer, content };
}

function headersGiven({ route, idempotent }: RoutePlan, status: string, spec: ResponseSpec): HeaderName[] {
  return [
    ...(["X-Request-Id", "RateLimit", "RateLimit-Policy"] as const),
    ...(route.tagged && status !== "204" ? (["ETag"] as const) : []),
    ...(spec.headers ?? []),
    ...(idempotent ? (["Idempotency-Replayed"] as const) : []),
  ];
}

/** What no operation of these routes refers to is left out: a linter would ask what it is for. */
function dropUnused(document: OpenApiDocument): void {
  const { parameters, headers: named } = document.components;
  const text = JSON.stringify([document.paths, document.components.responses]);
  for (const [part, kept] of [
    ["parameters", parameters],
    ["headers", named],
  ] as const)
    for (const name of Object.keys(kept)) if (!text.includes(`"#/components/${part}/${name}"`)) delete kept[name];
}
