import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../test/support/database.ts";
import { type Actor, service } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { Route } from "../kernel/http/route.ts";
import { definitionRoutes } from "./definition-routes.ts";
import { definitionTools } from "./definition-tools.ts";
import { createSchemaRegistry, type SchemaRegistry } from "./schemas-registry.ts";

const database = testDatabase();
let registry: SchemaRegistry;
let routes: Route[];

beforeAll(async () => {
  const onError = (error: unknown) => {
    throw error;
  };
  registry = createSchemaRegistry({ db: database.db, pollMs: 3_600_000, onError });
  await registry.run();
  routes = definitionRoutes({ db: database.db, registry, tools: definitionTools({ lockTimeoutMs: 4_000 }) });
});
afterAll(() => registry.drain());

const never = new AbortController().signal;
const context = (): Context => ({
  ...{ actor: service, requestId: "r1", door: "rest", nowMs: 0, db: database.db, signal: never },
  log: pino({ enabled: false }),
});

interface Sent {
  readonly collection?: string;
  readonly query?: object;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Runs an operation as the pipeline would: everything validated first. A refusal is given as its code. */
async function call(name: string, sent: Sent = {}, actor: Actor = service) {
  const route = routes.find((one) => one.name === name) as Route;
  const input = {
    params: route.params?.parse({ collection: sent.collection }),
    query: route.query?.parse(sent.query ?? {}),
    body: route.body?.parse(sent.body),
    headers: sent.headers ?? {},
  };
  const reply = await route
    .handler({ ...context(), actor }, input as never)
    .catch((problem) => ({ status: problem.status, json: problem.code, etag: undefined, headers: {} }));
  const schema = route.responses[reply.status]?.schema;
  if (schema) schema.parse(reply.json);
  return reply;
}

const posts = { name: "posts", fields: [{ name: "title", type: "text" }] };

test("a definition is created, read, listed, changed and dropped, each seen at once", async () => {
  const created = await call("createCollection", { body: posts });
  expect(created).toMatchObject({ status: 201, headers: { Location: "/v1/collections/posts" } });
  expect(created.json).toMatchObject({ name: "posts", kind: "base", fields: posts.fields, indexes: [], rules: {} });
  const read = await call("getCollection", { collection: "posts" });
  expect(read.json).toEqual(created.json);
  expect(read.etag).toBe(created.etag);
  const { verdicts: _, ...listed } = created.json as Record<string, unknown>;
  expect(await call("listCollections")).toMatchObject({ status: 200, json: { items: [listed], nextCursor: null } });
  const changed = await call("changeCollection", { collection: "posts", body: { rules: { list: "true" } } });
  expect(changed).toMatchObject({
    status: 200,
    json: { rules: { list: "true" }, verdicts: { list: "rowLocal" }, fields: posts.fields },
  });
  expect((await call("getCollection", { collection: "posts" })).json).toEqual(changed.json);
  expect(registry.current().byName.get("posts")?.rules.list).toBe("true");
  expect(await call("dropCollection", { collection: "posts" })).toMatchObject({ status: 204 });
  expect(await call("getCollection", { collection: "posts" })).toMatchObject({
    status: 404,
    json: "collection_not_found",
  });
  expect(await call("changeCollection", { collection: "posts", body: {} })).toMatchObject({ status: 404 });
  expect(await call("dropCollection", { collection: "posts" })).toMatchObject({ status: 404 });
});

test("a list says about how many records there are: to admins, once the database knows", async () => {
  await call("createCollection", { body: { ...posts, name: "crowd" } });
  const crowd = async (as?: Actor) => {
    const { items } = (await call("listCollections", {}, as)).json as { items: { name: string }[] };
    return items.find(({ name }) => name === "crowd");
  };
  expect(await crowd()).not.toHaveProperty("estimatedCount");
  await database.db.query({ text: "INSERT INTO public.crowd (id) SELECT n::text FROM generate_series(1, 500) n" });
  await database.db.query({ text: "ANALYZE public.crowd" });
  expect(await crowd()).toMatchObject({ estimatedCount: 500 });
  expect(await crowd({ ...service, kind: "key", seesHidden: false })).not.toHaveProperty("estimatedCount");
  await call("dropCollection", { collection: "crowd", query: { confirm: "loss" } });
});

test("If-Match guards a change by the tag that was read; values are lost only when it is said", async () => {
  const { etag } = await call("createCollection", { body: posts });
  await database.db.query({ text: "INSERT INTO public.posts (id, title) VALUES ('1', 'x')" });
  const rules = { body: { rules: { list: "true" } }, collection: "posts" };
  for (const tag of ['"0"', `W/"${etag}"`, '"nonsense"', `"0", "1-gz", W/"${etag}"`]) {
    expect(await call("changeCollection", { ...rules, headers: { "if-match": tag } }), tag).toMatchObject({
      status: 412,
    });
  }
  for (const tag of ["nonsense", `"${etag}`, `"${etag}" "0"`]) {
    expect(await call("changeCollection", { ...rules, headers: { "if-match": tag } }), tag).toMatchObject({
      status: 400,
    });
  }
  expect(await call("changeCollection", { ...rules, headers: { "if-match": `"0", "${etag}-gz"` } })).toMatchObject({
    status: 200,
  });
  expect(await call("changeCollection", { ...rules, headers: { "if-match": `"${etag}"` } })).toMatchObject({
    status: 412,
  });
  expect(await call("changeCollection", { ...rules, headers: { "if-match": "*" } })).toMatchObject({ status: 200 });
  const empty = { collection: "posts", body: { fields: [] } };
  expect(await call("changeCollection", empty)).toMatchObject({ status: 409, json: "collection_change_refused" });
  expect(await call("changeCollection", { ...empty, query: { confirm: "loss" } })).toMatchObject({ status: 200 });
  expect(await call("dropCollection", { collection: "posts" })).toMatchObject({ status: 409 });
  expect(await call("dropCollection", { collection: "posts", query: { confirm: "loss" } })).toMatchObject({
    status: 204,
  });
});

test("J11 names of built-in properties are collections that are not there", async () => {
  for (const collection of ["toString", "constructor", "__proto__", "hasOwnProperty", "x".repeat(100)]) {
    expect(await call("getCollection", { collection })).toMatchObject({ status: 404 });
    expect(await call("dropCollection", { collection })).toMatchObject({ status: 404 });
  }
});

test("X11 only credentials for definitions reach these operations", () => {
  for (const route of routes) expect(route.access).toBe(route.method === "GET" ? "schema:read" : "schema:write");
});

test("every shape and example stands in the OpenAPI document", () => {
  for (const route of routes) {
    for (const shape of [route.params, route.query, route.body]) if (shape) z.toJSONSchema(shape, { io: "input" });
    for (const response of Object.values(route.responses)) {
      if (!response.schema) continue;
      z.toJSONSchema(response.schema);
      response.schema.parse(response.example);
    }
  }
});
