import { request } from "node:http";
import { Readable } from "node:stream";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../../test/support/database.ts";
import { rawRequest, testHttp } from "../../../test/support/http.ts";
import { defineRoute, type Route } from "./route.ts";

const database = testDatabase();
const notes = "x".repeat(3_000);
/** Longer than what goes uncompressed, in characters of one to four bytes. */
const foreign = JSON.stringify({ text: "aä中\u{1F600}\u2028".repeat(2_000) });
const ok = { 200: { description: "ok" } };

const routes: Route[] = [
  defineRoute({
    method: "GET", path: "/v1/things/{id}", name: "getThing", summary: "One thing", tag: "things", access: "anyone",
    params: z.strictObject({ id: z.string().max(64) }),
    query: z.strictObject({ fields: z.string().optional(), limit: z.coerce.number().int().min(1).max(1000).optional() }),
    responses: ok,
    handler: async (_ctx, { params, query }) => ({ status: 200, json: { id: params.id, ...query }, etag: "1.7" }),
  }),
  defineRoute({
    method: "PATCH", path: "/v1/things/{id}", name: "updateThing", summary: "Change", tag: "things", access: "anyone",
    params: z.strictObject({ id: z.string() }), body: z.strictObject({ title: z.string().nullable() }), responses: ok,
    handler: async (_ctx, { body }) => ({ status: 200, json: body }),
  }),
  defineRoute({
    method: "POST", path: "/v1/things:query", name: "queryThings", summary: "Query", tag: "things", access: "anyone",
    safe: true, body: z.strictObject({ filter: z.string() }), responses: ok,
    handler: async (_ctx, { body }) => ({ status: 200, json: body }),
  }),
  defineRoute({
    method: "POST", path: "/v1/things/{id}:restore", name: "restoreThing", summary: "Restore", tag: "things",
    access: "anyone", params: z.strictObject({ id: z.string() }), responses: ok,
    handler: async (_ctx, { params }) => ({ status: 200, json: { restored: params.id } }),
  }),
  defineRoute({
    method: "POST", path: "/v1/things", name: "createThing", summary: "Create", tag: "things", access: "anyone",
    body: z.strictObject({ title: z.string(), tags: z.array(z.string()).optional(), extra: z.json().optional() }),
    bodyLimitTimes: 2, responses: ok,
    handler: async (_ctx, { body }) => ({ status: 201, json: body, headers: { Location: `/v1/things/${body.title}` } }),
  }),
  defineRoute({
    method: "GET", path: "/v1/long", name: "getLong", summary: "Long", tag: "things", access: "anyone", responses: ok,
    handler: async () => ({ status: 200, json: { notes }, etag: "2.1" }),
  }),
  defineRoute({
    method: "GET", path: "/v1/octets", name: "getOctets", summary: "Octets", tag: "things", access: "anyone", responses: ok,
    handler: async () => ({ status: 200, octets: Buffer.from(foreign).toString("latin1"), etag: "2.2" }),
  }),
  defineRoute({
    method: "GET", path: "/v1/secret", name: "getSecret", summary: "Secret", tag: "things", access: "signedIn",
    cache: "no-store", responses: ok,
    handler: async (ctx) => ({ status: 200, json: { secret: notes, who: ctx.actor.label } }),
  }),
  defineRoute({
    method: "GET", path: "/v1/stream", name: "streamThings", summary: "Stream", tag: "things", access: "anyone",
    responses: ok,
    handler: async () => ({ status: 200, stream: Readable.from([notes]), contentType: "application/x-ndjson" }),
  }),
  defineRoute({
    method: "POST", path: "/v1/import", name: "importThings", summary: "Import", tag: "things", access: "anyone",
    bodyKind: "stream", bodyLimitBytes: 2_000, responses: ok,
    handler: async (_ctx, { stream }) => {
      let bytes = 0;
      for await (const chunk of stream) bytes += (chunk as Buffer).length;
      return { status: 200, json: { bytes } };
    },
  }),
  defineRoute({
    method: "GET", path: "/v1/broken", name: "getBroken", summary: "Broken", tag: "things", access: "anyone", responses: ok,
    handler: async (ctx) => ({ status: 200, json: await ctx.db.query({ text: "SELECT * FROM very_secret_table" }) }),
  }),
  defineRoute({
    method: "GET", path: "/v1/slow", name: "getSlow", summary: "Slow", tag: "things", access: "anyone", responses: ok,
    handler: async (ctx) => {
      await ctx.db.transaction(async (tx) => {
        await tx.query({ text: "SET LOCAL statement_timeout = 20" });
        await tx.query({ text: "SELECT pg_sleep(5)" });
      });
      return { status: 200 };
    },
  }),
  ...(["admin", "schema:read"] as const).map((access) =>
    defineRoute({
      method: "GET", path: `/v1/only/${access.replace(":", "-")}`, name: `only${access}`, summary: "Only", tag: "things",
      access, responses: ok, handler: async () => ({ status: 200, json: {} }),
    }),
  ),
]; // biome-ignore format: a table of routes

const server = testHttp(database, () => ({ routes, settings: { urlLimitBytes: 2_000, bodyLimitBytes: 50_000 } }));
const call = (path: string, init: RequestInit & { as?: string; headers?: Record<string, string> } = {}) =>
  fetch(server.current.url + path, {
    redirect: "manual",
    ...init,
    headers: { ...(init.as === undefined ? {} : { authorization: `Bearer ${init.as}` }), ...init.headers },
  });
const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}, as?: string) =>
  call(path, {
    method,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
    ...(as === undefined ? {} : { as }),
  });

async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const document = (await response.json()) as Record<string, unknown>;
  expect(document).toMatchObject({
    type: `/docs/errors#${document.code}`, title: expect.any(String), status: response.status,
    detail: expect.any(String), advice: expect.any(String), requestId: response.headers.get("x-request-id"),
    errors: expect.any(Array),
  }); // biome-ignore format: one object
  return document;
}

/** Head and body of an answer as Node's client saw it, for what fetch hides. */
function bare(path: string, headers: Record<string, string>, method = "GET") {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request({ port: server.current.port, path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode as number, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on("error", reject).end();
  });
}

test("routes with custom verbs are told apart", async () => {
  expect(await (await send("POST", "/v1/things:query", { filter: "a" })).json()).toEqual({ filter: "a" });
  expect(await (await call("/v1/things/a1:restore", { method: "POST" })).json()).toEqual({ restored: "a1" });
  expect(await (await call("/v1/things/a%3Ab")).json()).toEqual({ id: "a:b" });
});

test("HEAD answers what GET would, without the body", async () => {
  const response = await bare("/v1/things/a", {}, "HEAD");
  expect(response.status).toBe(200);
  expect(response.headers["content-length"]).toBe(String('{"id":"a"}'.length));
  expect(response.body.length).toBe(0);
});

test("a missing route, a foreign method and a trailing slash are problems", async () => {
  expect((await problem(await call("/v1/nothing"))).code).toBe("route_not_found");
  expect((await problem(await call("/v1/long/"))).code).toBe("route_not_found");
  expect((await problem(await call("/V1/long"))).code).toBe("route_not_found");
  const refused = await call("/v1/things/a", { method: "PUT" });
  expect(refused.headers.get("allow")).toBe("GET, PATCH, HEAD, OPTIONS");
  expect((await problem(refused)).status).toBe(405);
});

test("a path that does not decode is malformed", async () => {
  expect((await problem(await call("/v1/things/%E0%A4%A"))).code).toBe("request_malformed");
  expect((await problem(await call("/v1/things/%ff"))).status).toBe(400);
});

const badBodies: readonly [string, string, string, string][] = [
  ["broken JSON", '{"title":', "json_malformed", ""],
  ["no UTF-8", "\xff\xfe", "json_malformed", ""],
  ["an unknown key", '{"title":"a","x":1}', "input_invalid", "/x"],
  ["a wrong type", '{"title":1}', "input_invalid", "/title"],
  ["a missing key", "{}", "input_invalid", "/title"],
  ["a wrong element", '{"title":"a","tags":["b",2]}', "input_invalid", "/tags/1"],
  ["U+0000", '{"title":"a\\u0000b"}', "input_invalid", "/title"],
  ["U+0000 in a key", '{"title":"a","extra":{"k\\u0000":1}}', "input_invalid", "/extra/k\ufffd"],
  ["a lone surrogate", '{"title":"a","tags":["\\ud800"]}', "input_invalid", "/tags/0"],
  ["a lone surrogate in a key", '{"title":"a","extra":{"~/\\udfff":1}}', "input_invalid", "/extra/~0~1\ufffd"],
  ["an array for an object", "[]", "input_invalid", ""],
  ["null", "null", "input_invalid", ""],
];

test.each(badBodies)("a body with %s is refused", async (_name, body, code, path) => {
  const response = await call("/v1/things", {
    method: "POST",
    body: Buffer.from(body, body.startsWith("\xff") ? "latin1" : "utf8"),
    headers: { "content-type": "application/json" },
  });
  expect(response.status).toBe(400);
  const document = await problem(response);
  expect(document.code).toBe(code);
  if (code === "input_invalid") expect((document.errors as { path: string }[])[0]?.path).toBe(path);
});

test("a well-formed surrogate pair and a merge patch pass", async () => {
  expect((await send("POST", "/v1/things", '{"title":"\\ud83d\\ude00"}')).status).toBe(201);
  const patch = await send(
    "PATCH",
    "/v1/things/a",
    { title: null },
    { "content-type": "application/merge-patch+json" },
  );
  expect(await patch.json()).toEqual({ title: null });
});

test("D01 a body nested 10^4 deep is refused within 100 ms", async () => {
  const depth = 10_000;
  // The process's own CPU time: client and server are both in it, other processes are not.
  const before = process.cpuUsage();
  const response = await send("POST", "/v1/things", `{"title":"a","extra":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  expect((await problem(response)).code).toBe("json_too_deep");
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(100);
  expect((await send("POST", "/v1/things", `{"title":"[[[[","extra":${"[".repeat(63)}${"]".repeat(63)}}`)).status).toBe(
    201,
  );
});

test("J05 an object or array where a scalar is expected never passes", async () => {
  for (const title of [{ $ne: null }, ["a"], true, null]) {
    expect((await problem(await send("POST", "/v1/things", { title }))).code).toBe("input_invalid");
  }
  for (const query of ["fields[]=a", "fields[x]=a", "fields.x=a", "limit[gt]=1"])
    expect((await problem(await call(`/v1/things/a?${query}`))).status).toBe(400);
});

test("D05 query-string arrays are not parsed and cost nothing", async () => {
  const before = process.memoryUsage().rss;
  for (const query of ["a[]=1&".repeat(250), `a${"[b]".repeat(500)}=1`, "a=1&a=2"])
    expect((await problem(await call(`/v1/things/a?${query}`))).status).toBe(400);
  expect((await problem(await call(`/v1/things/a?${"a[]=1&".repeat(2_000)}`))).code).toBe("url_too_long");
  expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
});

test("D08 numbers out of every range are refused, and the next request works", async () => {
  for (const limit of ["NaN", "Infinity", "-1", "1e999", "0x", "1.5", "9".repeat(400)])
    expect((await problem(await call(`/v1/things/a?limit=${limit}`))).status).toBe(400);
  expect(await (await call("/v1/things/a?limit=5")).json()).toEqual({ id: "a", limit: 5 });
});

test("query parameters: unknown, repeated, undecodable, U+0000", async () => {
  const first = async (query: string) =>
    ((await problem(await call(`/v1/things/a?${query}`))).errors as { path: string; code: string }[])[0];
  expect(await first("nope=1")).toMatchObject({ path: "query.nope", code: "unknown" });
  expect(await first("fields=a&fields=b")).toMatchObject({ path: "query.fields", code: "repeated" });
  expect(await first("fields=%zz")).toMatchObject({ path: "query.fields", code: "encoding_invalid" });
  expect(await first("fields=%ed%a0%80")).toMatchObject({ path: "query.fields", code: "encoding_invalid" });
  expect(await first("fields=a%00")).toMatchObject({ path: "query.fields", code: "text_invalid" });
  expect(((await problem(await call("/v1/things/a%00b"))).errors as { path: string }[])[0]?.path).toBe("path.id");
  expect(((await problem(await call("/v1/long?x=1"))).errors as { path: string }[])[0]?.path).toBe("query.x");
  expect(await (await call("/v1/things/a?fields=b+c%2Bd")).json()).toEqual({ id: "a", fields: "b c+d" });
});

test("J09 __proto__ in bodies and queries is refused and pollutes nothing", async () => {
  for (const body of [
    '{"title":"a","__proto__":{"polluted":1}}',
    '{"title":"a","extra":{"__proto__":{"polluted":1}}}',
    '{"title":"a","extra":{"\\u005f_proto__":{"polluted":1}}}',
    '{"title":"a","constructor":{"prototype":{"polluted":1}}}',
  ])
    expect((await problem(await send("POST", "/v1/things", body))).status).toBe(400);
  expect((await problem(await call("/v1/things/a?__proto__=1"))).status).toBe(400);
  expect((await problem(await call("/v1/things/a?constructor=1"))).status).toBe(400);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  expect(await (await call("/v1/things/a", { as: "bob" })).json()).toEqual({ id: "a" });
});

test("J11 prototype names as ids, methods and routes find nothing", async () => {
  for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty", "n".repeat(1_500)]) {
    expect((await problem(await call(`/v1/${name}`))).code).toBe("route_not_found");
    expect((await problem(await send("POST", `/v1/things:${name}`, {}))).code).toBe("route_not_found");
  }
  expect(await (await call("/v1/things/__proto__")).json()).toEqual({ id: "__proto__" });
  expect((await call("/livez")).status).toBe(200);
});

test("J12 a header value made from input is one line of ASCII", async () => {
  const response = await send("POST", "/v1/things", { title: "a\r\nSet-Cookie: x=1\u00fc" });
  expect(response.status).toBe(201);
  expect(response.headers.get("set-cookie")).toBeNull();
  expect(response.headers.get("location")).toBe("/v1/things/a%0D%0ASet-Cookie: x=1%C3%BC");
});

test("content types, codings and sizes of bodies are checked", async () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json; charset=latin1",
  ])
    expect((await problem(await send("POST", "/v1/things", { title: "a" }, { "content-type": type }))).status).toBe(
      415,
    );
  expect((await problem(await send("POST", "/v1/things", {}, { "content-encoding": "gzip" }))).status).toBe(415);
  expect((await problem(await call("/v1/things", { method: "POST" }))).code).toBe("body_required");
  expect((await send("POST", "/v1/things", { title: "a", extra: "x".repeat(60_000) })).status).toBe(201);
  expect((await problem(await send("POST", "/v1/things", { title: "x".repeat(200_000) }))).code).toBe("body_too_large");
  const chunked = await call("/v1/things", {
    method: "POST",
    body: Readable.toWeb(Readable.from([Buffer.alloc(150_000, 32), Buffer.from("{}")])) as ReadableStream,
    headers: { "content-type": "application/json" },
    duplex: "half",
  } as object);
  expect((await problem(chunked)).code).toBe("body_too_large");
  expect((await problem(await send("POST", "/v1/things/a:restore", { x: 1 }))).status).toBe(400);
  expect((await send("POST", "/v1/things/a:restore", {})).status).toBe(200);
});

test("a streamed body reaches the handler and is bounded", async () => {
  const body = (bytes: number) =>
    send("POST", "/v1/import", "x".repeat(bytes), { "content-type": "application/x-ndjson" });
  expect(await (await body(1_999)).json()).toEqual({ bytes: 1_999 });
  expect((await problem(await body(2_001))).code).toBe("body_too_large");
  expect((await problem(await send("POST", "/v1/import", "a"))).status).toBe(415);
});

test("a streamed body that is not there is an empty one, and the connection goes on", async () => {
  const request = (more: string) =>
    `POST /v1/import HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n${more}\r\n`;
  const answers = await rawRequest(server.current.port, request("") + request("Connection: close\r\n"));
  expect(answers.match(/\{"bytes":0\}/g)).toHaveLength(2);
});

test("access: credentials missing, wrong, too weak, read-only", async () => {
  const anonymousAnswer = await call("/v1/only/admin");
  expect(anonymousAnswer.headers.get("www-authenticate")).toBe('Bearer realm="landfall"');
  expect((await problem(anonymousAnswer)).code).toBe("credential_required");
  const wrong = await call("/v1/things/a", { as: "nobody" });
  expect(wrong.headers.get("www-authenticate")).toContain("invalid_token");
  expect(wrong.status).toBe(401);
  expect((await problem(await call("/v1/only/admin", { as: "alice" }))).code).toBe("not_allowed");
  expect((await problem(await call("/v1/only/admin", { as: "key" }))).code).toBe("not_allowed");
  expect((await problem(await call("/v1/only/schema-read", { as: "key" }))).code).toBe("scope_missing");
  expect((await call("/v1/only/schema-read", { as: "schemaReader" })).status).toBe(200);
  expect((await call("/v1/only/admin", { as: "admin" })).status).toBe(200);
  expect((await problem(await send("PATCH", "/v1/things/a", { title: "b" }, {}, "readonly"))).code).toBe(
    "credential_read_only",
  );
  expect((await send("POST", "/v1/things:query", { filter: "a" }, {}, "readonly")).status).toBe(200);
});

test("ETag, 304 and coding suffixes", async () => {
  const plain = await bare("/v1/long", {});
  expect(plain.headers).toMatchObject({
    etag: '"2.1"',
    "cache-control": "private, no-cache",
    vary: "Authorization, Accept-Encoding",
  });
  for (const [coding, suffix, decode] of [["gzip", "-gz", gunzipSync], ["br", "-br", brotliDecompressSync], ["zstd", "-zst", zstdDecompressSync]] as const) {
    const packed = await bare("/v1/long", { "accept-encoding": coding });
    expect(packed.headers).toMatchObject({ etag: `"2.1${suffix}"`, "content-encoding": coding, "content-length": String(packed.body.length) });
    expect(decode(packed.body).toString()).toBe(plain.body.toString());
    const again = await bare("/v1/long", { "if-none-match": `"2.1${suffix}"`, "accept-encoding": coding });
    expect(again.status).toBe(304);
    expect(again.headers).toMatchObject({ etag: `"2.1${suffix}"`, vary: "Authorization, Accept-Encoding" });
  } // biome-ignore format: a table
  expect((await bare("/v1/long", { "if-none-match": 'W/"2.0", "2.1"' })).status).toBe(304);
  expect((await bare("/v1/long", { "if-none-match": '"2.10"' })).status).toBe(200);
  expect((await bare("/v1/things/a", { "accept-encoding": "gzip" })).headers["content-encoding"]).toBeUndefined();
  expect((await bare("/v1/stream", { "accept-encoding": "gzip" })).headers["content-encoding"]).toBeUndefined();
  expect(
    (await bare("/v1/long", { "accept-encoding": "gzip;q=0, *;q=0" })).headers["content-encoding"],
  ).toBeUndefined();
});

test("a body given as octets is the same body, in every coding", async () => {
  const plain = await bare("/v1/octets", {});
  expect(plain.body.toString()).toBe(foreign);
  expect(plain.headers).toMatchObject({ etag: '"2.2"', "content-length": String(Buffer.byteLength(foreign)) });
  for (const [coding, decode] of [["gzip", gunzipSync], ["br", brotliDecompressSync], ["zstd", zstdDecompressSync]] as const) {
    const packed = await bare("/v1/octets", { "accept-encoding": coding });
    expect(packed.headers["content-encoding"]).toBe(coding);
    expect(decode(packed.body).toString()).toBe(foreign);
  } // biome-ignore format: a table
  expect((await bare("/v1/octets", { "if-none-match": '"2.2"' })).status).toBe(304);
  const head = await call("/v1/octets", { method: "HEAD", headers: { "accept-encoding": "identity" } });
  expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(foreign)));
});

test("X07 answers with secrets are never stored nor compressed, others are private", async () => {
  const secret = await bare("/v1/secret", { authorization: "Bearer alice", "accept-encoding": "gzip, br, zstd" });
  expect(secret.headers["cache-control"]).toBe("no-store");
  expect(secret.headers["content-encoding"]).toBeUndefined();
  const own = await call("/v1/things/a", { as: "alice" });
  expect(own.headers.get("cache-control")).toBe("private, no-cache");
  expect(own.headers.get("vary")).toContain("Authorization");
  expect((await call("/v1/nothing", { as: "alice" })).headers.get("cache-control")).toBe("no-store");
});

test("security headers stand on answers and on problems", async () => {
  for (const path of ["/v1/long", "/v1/nothing", "/livez"]) {
    const { headers } = await call(path);
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("server")).toBeNull();
  }
});

test("X10 nothing of SQL, stacks or paths reaches the caller; the log has the cause", async () => {
  const text = await (await call("/v1/broken")).text();
  expect(JSON.parse(text)).toMatchObject({ status: 500, code: "internal" });
  for (const leak of ["very_secret_table", "SELECT", "relation", "node_modules", ".ts", "42P01"])
    expect(text).not.toContain(leak);
  expect(JSON.stringify(server.current.logged("getBroken"))).toContain("very_secret_table");
});

test("a statement timeout is 503 with Retry-After", async () => {
  const response = await call("/v1/slow");
  expect(response.headers.get("retry-after")).toBe("1");
  expect((await problem(response)).code).toBe("database_timeout");
});

test("request ids: ours, theirs when harmless, and trace ids, on answer and log", async () => {
  expect((await call("/v1/long")).headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const response = await call("/v1/long", {
    headers: { "x-request-id": "my-id.1", traceparent: `00-${trace}-b7ad6b7169203331-01` },
    as: "alice",
  });
  expect(response.headers.get("x-request-id")).toBe("my-id.1");
  expect(server.current.logged("getLong").at(-1)).toMatchObject({
    requestId: "my-id.1",
    traceId: trace,
    status: 200,
    actor: "user:alice",
  });
  expect((await call("/v1/long", { headers: { "x-request-id": 'a"b' } })).headers.get("x-request-id")).toMatch(
    /^[0-9a-f]{32}$/,
  );
});

test("RateLimit headers in their structured form", async () => {
  const { headers } = await call("/v1/things/a", { as: "bob" });
  expect(headers.get("ratelimit-policy")).toBe('"credential";q=60000;w=60');
  expect(headers.get("ratelimit")).toMatch(/^"credential";r=\d+;t=\d+$/);
});

test("T31 CORS: any origin on /v1 without credentials; preflight", async () => {
  const simple = await call("/v1/long", { headers: { origin: "https://evil.example" } });
  expect(simple.headers.get("access-control-allow-origin")).toBe("*");
  expect(simple.headers.get("access-control-allow-credentials")).toBeNull();
  expect(simple.headers.get("access-control-expose-headers")).toContain("ETag");
  const preflight = await call("/v1/things/a", {
    method: "OPTIONS",
    headers: { origin: "https://a.example", "access-control-request-method": "PATCH" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
  expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
  expect(
    (await call("/livez", { headers: { origin: "https://a.example" } })).headers.get("access-control-allow-origin"),
  ).toBeNull();
});

test("what Node's parser refuses is a problem too", async () => {
  const { port } = server.current;
  const codeOf = async (bytes: string) => {
    const answer = await rawRequest(port, bytes);
    expect(answer).toContain("Content-Type: application/problem+json");
    return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)).code;
  };
  expect(await codeOf("NONSENSE\r\n\r\n")).toBe("request_malformed");
  expect(await codeOf(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)).toBe("headers_too_large");
  expect(
    await codeOf(
      "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
  ).toBe("request_malformed");
  expect(await codeOf("GET /v1/long HTTP/1.1\r\nConnection: close\r\n\r\n")).toBe("request_malformed");
  expect(await codeOf("GET /v1/l\u00f6ng HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toBe("request_malformed");
  expect(await codeOf("POST /v1/things HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nConnection: close\r\n\r\n")).toBe(
    "expectation_failed",
  );
  expect(await codeOf("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")).toBe("method_not_allowed");
  const absolute = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`;
  expect(await rawRequest(port, absolute("http://A.example/v1/things/q"))).toContain('{"id":"q"}');
  expect(await codeOf(absolute("http://elsewhere.example/v1/things/q"))).toBe("request_malformed");
});

test("X11 the OpenAPI document grows only for those who may read the schema", async () => {
  const document = (await (await call("/v1/openapi.json")).json()) as { openapi: string; paths: object };
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toContain("/v1/things/{id}:restore");
});
