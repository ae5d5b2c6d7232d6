import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { z } from "zod";
import { errorDocs } from "../../server/kernel/errors/docs.ts";
import type { OpenApiDocument } from "../../server/kernel/http/openapi.ts";
import { defineRoute, type Route } from "../../server/kernel/http/route.ts";
import { testDatabase } from "../support/database.ts";
import { testHttp } from "../support/http.ts";
import { validateResponse } from "../support/openapi.ts";

const thing = z.object({
  id: z.string(),
  size: z.number().nullable(),
  extra: z.json().optional(),
  at: z.iso.datetime(),
});
let answer: unknown = {};
const params = z.strictObject({ id: z.string().describe("The thing's id.") });
const routes: Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/things/{id}",
    name: "getThing",
    summary: "One thing",
    tag: "things",
    access: "anyone",
    params,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1000).default(30),
      fields: z.string().optional(),
    }),
    responses: {
      200: { description: "The thing.", schema: thing, example: { id: "a", size: 1, at: "2026-01-01T00:00:00.000Z" } },
    },
    handler: async () => ({ status: 200, json: answer }),
  }),
  defineRoute({
    method: "DELETE",
    path: "/v1/things/{id}",
    name: "deleteThing",
    summary: "Remove",
    tag: "things",
    access: "signedIn",
    params,
    responses: { 204: { description: "Gone." } },
    handler: async () => ({ status: 204 }),
  }),
  defineRoute({
    method: "POST",
    path: "/v1/things:query",
    name: "queryThings",
    summary: "Many",
    tag: "things",
    access: "anyone",
    safe: true,
    body: z.strictObject({ tree: z.json(), limit: z.int().optional() }),
    responses: {
      200: { description: "Things.", schema: z.object({ items: z.array(thing), nextCursor: z.string().nullable() }) },
    },
    handler: async () => ({ status: 200, json: { items: [], nextCursor: null } }),
  }),
  defineRoute({
    method: "POST",
    path: "/v1/import",
    name: "importThings",
    summary: "Import",
    tag: "things",
    access: "admin",
    bodyKind: "stream",
    responses: { 202: { description: "Begun.", schema: z.object({ id: z.string() }) } },
    handler: async () => ({ status: 202, json: { id: "1" } }),
  }),
];
const extendOpenApi = (document: OpenApiDocument): OpenApiDocument => {
  document.paths["/v1/collections/posts/records"] = {
    get: { operationId: "listPosts", responses: { 200: { description: "Posts." } } },
  };
  return document;
};
const database = testDatabase();
const server = testHttp(database, () => ({ routes, extendOpenApi }));
const read = async (as?: string) =>
  (await (
    await fetch(`${server.current.url}/v1/openapi.json`, as ? { headers: { authorization: `Bearer ${as}` } } : {})
  ).json()) as OpenApiDocument;

test("a validator of other people finds the document right", async () => {
  for (const as of [undefined, "admin"]) {
    const result = await new Validator().validate((await read(as)) as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  }
});

test("X11 collections stand in the document for admins and schema readers only", async () => {
  const sees = async (as?: string) => "/v1/collections/posts/records" in (await read(as)).paths;
  expect([await sees(), await sees("alice"), await sees("key")]).toEqual([false, false, false]);
  expect([await sees("admin"), await sees("schemaReader"), await sees()]).toEqual([true, true, false]);
});

test("operations say parameters, bodies, security, problems and recursive schemas", async () => {
  const document = await read();
  const get = document.paths["/v1/things/{id}"]?.get as {
    parameters: { name: string; required: boolean }[];
    security: object[];
  };
  expect(get.parameters.map(({ name, required }) => [name, required])).toEqual([
    ["id", true],
    ["limit", false],
    ["fields", false],
  ]);
  expect(get.security).toEqual([{}, { bearer: [] }]);
  const remove = document.paths["/v1/things/{id}"]?.delete as { security: object[]; parameters: object[] };
  expect(remove.security).toEqual([{ bearer: [] }]);
  expect(remove.parameters).toContainEqual({ $ref: "#/components/parameters/IdempotencyKey" });
  expect(document.components.parameters.IdempotencyKey).toMatchObject({ name: "Idempotency-Key", in: "header" });
  for (const item of Object.values(document.paths))
    for (const operation of Object.values(item)) expect(operation.responses).toHaveProperty("default");
  const text = JSON.stringify(document);
  expect(text).not.toContain("#/$defs/");
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(document.components.schemas).toHaveProperty([name]);
});

test("answers are judged: right ones pass, wrong ones and unknown ones throw", async () => {
  const document = await read();
  const good = { id: "a", size: null, extra: { deep: [1, "x", null] }, at: "2026-01-01T00:00:00.000Z" };
  validateResponse(document, "GET", "/v1/things/a", 200, good);
  validateResponse(document, "DELETE", "/v1/things/a", 204, undefined);
  expect(() => validateResponse(document, "GET", "/v1/things/a", 200, { ...good, size: "1" })).toThrow("size");
  expect(() => validateResponse(document, "GET", "/v1/things/a", 200, { id: "a" })).toThrow("required");
  expect(() => validateResponse(document, "GET", "/v1/things/a", 201, good)).toThrow("no such answer");
  expect(() => validateResponse(document, "DELETE", "/v1/things/a", 204, good)).toThrow("no body");
  expect(() => validateResponse(document, "GET", "/v1/things/a", 404, { code: "x" })).toThrow("required");
  expect(() => validateResponse(document, "GET", "/nowhere", 404, { title: "x" })).toThrow("required");
});

test("real answers and problems are what the document promises", async () => {
  const document = await read();
  answer = { id: "a", size: 3, at: "2026-01-01T00:00:00.000Z" };
  const calls: readonly [string, string][] = [
    ["GET", "/v1/things/a"],
    ["GET", "/v1/things/a?nope=1"],
    ["DELETE", "/v1/things/a"],
    ["POST", "/v1/things:query"],
    ["PUT", "/v1/things/a"],
    ["GET", "/v1/nothing"],
    ["POST", "/v1/import"],
    ["GET", "/v1/openapi.json"],
  ];
  for (const [method, path] of calls) {
    const response = await fetch(server.current.url + path, { method });
    const text = await response.text();
    const body = text === "" ? undefined : JSON.parse(text);
    validateResponse(document, method, path.split("?")[0] as string, response.status, body);
  }
});

test("every code of the kernel has a section in the docs", () => {
  expect(errorDocs()).toContain("## idempotency_key_reused\n\n**422**");
});
