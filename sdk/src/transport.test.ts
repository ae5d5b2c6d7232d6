// The client against a server that misbehaves: a real HTTP server on loopback that plays the faults.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createClient, defineSchema, LandfallError } from "./index.ts";

const schema = defineSchema({ collections: { posts: { fields: { title: { type: "text", required: true } } } } });
const record = { id: "p1", title: "Hello", createdAt: "", updatedAt: "", version: 1 };
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

async function clientOf(answer: Answer, options: { retries?: number; timeoutMs?: number } = {}) {
  const seen: IncomingMessage[] = [];
  server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    answer(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { lf: createClient({ url, schema, token: "secret", ...options }), seen };
}

const json = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const problem = (code: string, status: number) => ({ type: "about:blank", title: code, status, code, requestId: "r1" });

test("a write that failed half-way is repeated with the same idempotency key", async () => {
  const { lf, seen } = await clientOf((_, response, attempt) => {
    if (attempt === 1) response.socket?.destroy();
    else json(response, 201, record);
  });
  expect(await lf.from("posts").create({ title: "Hello" })).toEqual(record);
  const keys = seen.map((request) => request.headers["idempotency-key"]);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
});

test("a problem becomes an error with code, advice, issues and request id, and is not repeated when it cannot help", async () => {
  const issues = [{ path: "/title", code: "too_long", message: "At most 5." }];
  const { lf, seen } = await clientOf((_, response) =>
    json(response, 400, { ...problem("validation_failed", 400), advice: "Shorten it.", errors: issues }),
  );
  const error = await lf
    .from("posts")
    .create({ title: "Hello" })
    .catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(LandfallError);
  expect(error).toMatchObject({
    code: "validation_failed",
    status: 400,
    advice: "Shorten it.",
    requestId: "r1",
    retryable: false,
  });
  expect((error as LandfallError).issueOf("title")?.message).toBe("At most 5.");
  expect(seen).toHaveLength(1);
});

test("429 and 503 are repeated, no sooner than Retry-After, and give up after the retries", async () => {
  const { lf, seen } = await clientOf((_, response) => json(response, 503, problem("overloaded", 503)), { retries: 2 });
  await expect(lf.from("posts").list()).rejects.toMatchObject({ code: "overloaded", retryable: true });
  expect(seen).toHaveLength(3);
});

test("a write that met another one is sent again, as the server advises; a taken value is not", async () => {
  for (const code of ["record_busy", "record_definition_changed"]) {
    const { lf, seen } = await clientOf((_, response, attempt) =>
      attempt === 1 ? json(response, 409, problem(code, 409)) : json(response, 201, record),
    );
    expect(await lf.from("posts").create({ title: "Hello" })).toEqual(record);
    expect(seen).toHaveLength(2);
    server?.close();
  }
  const { lf, seen } = await clientOf((_, response) => json(response, 409, problem("record_conflict", 409)));
  await expect(lf.from("posts").create({ title: "Hello" })).rejects.toMatchObject({ retryable: false });
  expect(seen).toHaveLength(1);
});

test("a caller's abort and the deadline are told apart", async () => {
  const { lf } = await clientOf(() => {}, { timeoutMs: 50 });
  await expect(lf.from("posts").list()).rejects.toMatchObject({ code: "timeout" });
  const controller = new AbortController();
  const pending = lf.from("posts").list({ signal: controller.signal, timeoutMs: 10_000 });
  controller.abort();
  await expect(pending).rejects.toMatchObject({ code: "aborted" });
});

test("an answer that is not JSON, or an error page of a proxy, is named", async () => {
  const { lf } = await clientOf((request, response) => {
    response.writeHead(request.method === "GET" ? 200 : 418, { "content-type": "text/html" }).end("<html>");
  });
  await expect(lf.from("posts").get("p1")).rejects.toMatchObject({ code: "invalid_answer", status: 200 });
  await expect(lf.from("posts").list()).rejects.toMatchObject({ code: "invalid_answer", status: 418 });
});

type Posts = ReturnType<Parameters<Parameters<ReturnType<typeof createClient<typeof schema>>["batch"]>[0]>[0]["from"]>;
const inBatch = (posts: Posts, operation: "delete" | "update" | "upsert", id: string) =>
  operation === "upsert"
    ? posts.upsert({ id, title: "x" } as never)
    : operation === "update" ? posts.update(id, {}) : posts.delete(id); // biome-ignore format: a table

test('what is undefined where a value is needed is refused before a request, never taken for "any"', async () => {
  const { lf, seen } = await clientOf((_, response) => json(response, 200, record));
  const posts = lf.from("posts");
  const nothing = undefined as never;
  const refused = { code: "invalid_argument" };
  for (const id of [undefined, null, 5, {}, ["p1"]]) {
    const not = id as never;
    await expect(posts.get(not)).rejects.toMatchObject(refused);
    await expect(posts.update(not, {})).rejects.toMatchObject(refused);
    await expect(posts.delete(not)).rejects.toMatchObject(refused);
    await expect(posts.upsert({ id: not, title: "x" })).rejects.toMatchObject(refused);
    for (const operation of ["delete", "update", "upsert"] as const)
      await expect(lf.batch((b) => [inBatch(b.from("posts"), operation, not)])).rejects.toMatchObject(refused);
  }
  for (const build of [
    () => posts.filter(nothing),
    () => posts.filter({ title: nothing }),
    () => posts.after(nothing),
    () => posts.limit(nothing),
    () => posts.sort("title", nothing),
    () => posts.fields("id", nothing),
    () => posts.expand(nothing),
  ])
    expect(build).toThrow(expect.objectContaining(refused));
  await expect(posts.update("p1", { title: "x" }, { ifVersion: nothing })).rejects.toMatchObject(refused);
  await expect(posts.delete("p1", { ifVersion: nothing })).rejects.toMatchObject(refused);
  expect(seen).toHaveLength(0);
});

test("T32 SDK builds a wrong URL: ids and names that could become another path are refused before a request", async () => {
  const { lf, seen } = await clientOf((_, response) => json(response, 200, record));
  const posts = lf.from("posts");
  for (const id of ["../admin", "?x", "#", "%2f", "a/b", "", ".", "a".repeat(65), "ä", "\0"]) {
    await expect(posts.get(id)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(posts.update(id, {})).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(posts.delete(id)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(posts.upsert({ id, title: "x" })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(posts.upsert([{ id, title: "x" }])).rejects.toMatchObject({ code: "invalid_argument" });
    for (const operation of ["delete", "update", "upsert"] as const)
      await expect(lf.batch((b) => [inBatch(b.from("posts"), operation, id)])).rejects.toMatchObject({
        code: "invalid_argument",
      });
  }
  await expect(lf.from("../../v1/admin" as "posts").list()).rejects.toMatchObject({ code: "invalid_argument" });
  expect(seen).toHaveLength(0);
});

test("ifVersion sends the epoch it learned from an earlier answer", async () => {
  const { lf, seen } = await clientOf((_, response) => json(response, 200, record, { etag: '"e7.1-br"' }));
  await lf.from("posts").update("p1", { title: "Again" }, { ifVersion: 4 });
  expect(seen.map((request) => [request.method, request.headers["if-match"]])).toEqual([
    ["GET", undefined],
    ["PATCH", '"e7.4"'],
  ]);
});

test("pages are fetched when they are asked for, and a loop over a query visits every record", async () => {
  const { lf, seen } = await clientOf((_, response, attempt) =>
    json(response, 200, { items: [{ ...record, id: `p${attempt}` }], nextCursor: attempt < 3 ? `c${attempt}` : null }),
  );
  const ids: string[] = [];
  for await (const post of lf.from("posts")) {
    ids.push(post.id);
    expect(seen).toHaveLength(ids.length);
  }
  expect(ids).toEqual(["p1", "p2", "p3"]);
});
