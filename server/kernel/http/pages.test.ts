import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, zstdCompressSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { startTestHttp, type TestHttp, type TestHttpOptions, testHttp } from "../../../test/support/http.ts";
import { defineRoute } from "./route.ts";

const database = testDatabase();
const folder = mkdtempSync(join(tmpdir(), "lf-static-"));
mkdirSync(join(folder, "assets"));
writeFileSync(join(folder, "index.html"), "<!doctype html><title>Console</title>");
writeFileSync(join(folder, "not-found.html"), `<!doctype html><title>No page here</title>${"x".repeat(2_000)}`);
writeFileSync(join(folder, ".env"), "hidden");
const script = `console.log(${JSON.stringify("x".repeat(2_000))})`;
writeFileSync(join(folder, "assets", "index-a1b2.js"), script);
writeFileSync(join(folder, "assets", "index-a1b2.js.br"), brotliCompressSync(script));
writeFileSync(join(folder, "assets", "index-a1b2.js.zst"), zstdCompressSync(script));
afterAll(() => rmSync(folder, { recursive: true }));

const ownDoor = defineRoute({
  method: "POST",
  path: "/v1/admin/session",
  name: "refresh",
  summary: "Cookie door",
  tag: "t",
  access: "anyone",
  sameOrigin: true,
  responses: { 204: { description: "ok" } },
  handler: async () => ({ status: 204 }),
});
const server = testHttp(database, () => ({
  routes: [ownDoor],
  mounts: [
    { path: "/console", folder, policy: "console", fallback: "index.html" },
    { path: "/docs", folder, policy: "docs", notFound: "not-found.html" },
  ],
  files: [
    { path: "/sdk.tgz", file: join(folder, "assets", "index-a1b2.js"), contentType: "application/gzip" },
    { path: "/unbuilt.tgz", file: join(folder, "unbuilt.tgz"), contentType: "application/gzip" },
  ],
  home: "/console/",
  settings: { publicUrl: "https://app.example", corsOrigins: ["https://shop.example"] },
}));
const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(server.current.url + path, { headers, method, redirect: "manual" });

test("the console is served with a strict policy, for every address the browser routes", async () => {
  for (const path of ["/console/", "/console/collections/posts"]) {
    const page = await get(path);
    expect(await page.text()).toContain("Console");
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("unsafe-eval");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get("strict-transport-security")).toContain("max-age=");
    expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
  }
  expect((await get("/console")).headers.get("location")).toBe("/console/");
  expect((await get("/")).headers.get("location")).toBe("/console/");
});

test("a single file is sent as it is, revalidated by its content, and a 404 as long as it is not built", async () => {
  const whole = await get("/sdk.tgz", { "accept-encoding": "gzip, br" });
  expect(await whole.text()).toBe(script);
  expect(whole.headers.get("content-encoding")).toBeNull();
  expect(whole.headers.get("content-type")).toBe("application/gzip");
  expect(whole.headers.get("x-content-type-options")).toBe("nosniff");
  const tag = whole.headers.get("etag") as string;
  expect(tag).toMatch(/^"[0-9a-f]{32}"$/);
  expect((await get("/sdk.tgz", { "if-none-match": tag })).status).toBe(304);
  expect((await get("/sdk.tgz", { "if-none-match": '"other"' })).status).toBe(200);
  const head = await get("/sdk.tgz", {}, "HEAD");
  expect([head.status, head.headers.get("content-length")]).toEqual([200, String(script.length)]);
  const refused = await get("/sdk.tgz", {}, "POST");
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect(await (await get("/unbuilt.tgz")).json()).toMatchObject({ status: 404, code: "route_not_found" });
});

test("hashed assets are cached for good and sent precompressed", async () => {
  const packed = await get("/console/assets/index-a1b2.js", { "accept-encoding": "br" });
  expect(packed.headers.get("content-encoding")).toBe("br");
  expect(packed.headers.get("content-type")).toContain("javascript");
  expect(packed.headers.get("cache-control")).toContain("immutable");
  expect(await packed.text()).toBe(script);
  const plain = await get("/console/assets/index-a1b2.js", { "accept-encoding": "identity" });
  expect(plain.headers.get("content-encoding")).toBeNull();
});

test("of the codings a browser takes, the file is sent in the smallest that there is", async () => {
  const codingFor = async (path: string, accept: string) =>
    (await get(path, { "accept-encoding": accept })).headers.get("content-encoding");
  expect(await codingFor("/console/assets/index-a1b2.js", "gzip, deflate, br, zstd")).toBe("br");
  expect(await codingFor("/console/assets/index-a1b2.js", "zstd, br;q=0")).toBe("zstd");
  // There is no .gz beside it: a coding that is not there does not hide one that is.
  expect(await codingFor("/console/assets/index-a1b2.js", "gzip, zstd")).toBe("zstd");
  expect(await codingFor("/console/assets/index-a1b2.js", "gzip")).toBeNull();
});

test("nothing outside the built files is reachable", async () => {
  for (const path of [
    "/console/.env",
    "/console/..%2f..%2fetc%2fpasswd",
    "/console/%2e%2e/x.js",
    "/console/missing.js",
    "/console/a%00.js",
    "/consolex",
  ]) {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
  }
  expect((await get("/console/%zz")).status).toBe(400);
  expect((await get("/console/", {}, "POST")).status).toBe(405);
});

test("who asks for HTML is shown a page under 404, everybody else a problem, and the page has no address of its own", async () => {
  const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  for (const path of [
    "/docs/nope",
    "/docs/nope.html",
    "/docs/a/b/",
    "/docs/not-found",
    "/docs/not-found.html",
    "/docs/.env",
  ]) {
    const shown = await get(path, { accept: html, range: "bytes=0-5" });
    expect([path, shown.status]).toEqual([path, 404]);
    expect(shown.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(shown.headers.get("cache-control")).toBe("no-cache");
    expect(shown.headers.get("vary")).toBe("Accept, Accept-Encoding");
    expect(shown.headers.get("content-security-policy")).toContain("style-src 'self';");
    expect(await shown.text()).toContain("No page here");
    for (const accept of ["*/*", "application/json"]) {
      const told = await get(path, { accept });
      expect([path, told.status]).toEqual([path, 404]);
      expect(await told.json()).toMatchObject({ code: "route_not_found" });
    }
  }
  const tag = (await get("/docs/nope", { accept: html })).headers.get("etag") ?? "";
  expect((await get("/docs/nope", { accept: html, "if-none-match": tag })).status).toBe(404);
  expect((await get("/docs/%zz", { accept: html })).status).toBe(400);
});

test("T31 what works by cookie refuses browsers of other origins; CORS is narrowed to the list", async () => {
  const door = (headers: Record<string, string>) => get("/v1/admin/session", headers, "POST");
  expect((await door({})).status).toBe(204);
  expect((await door({ origin: "https://app.example" })).status).toBe(204);
  for (const headers of [{ origin: "https://shop.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]) {
    const refused = await door(headers as Record<string, string>);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  }
  const listed = await get("/v1/openapi.json", { origin: "https://shop.example" });
  expect(listed.headers.get("access-control-allow-origin")).toBe("https://shop.example");
  expect(listed.headers.get("vary")).toContain("Origin");
  expect(
    (await get("/v1/openapi.json", { origin: "https://evil.example" })).headers.get("access-control-allow-origin"),
  ).toBeNull();
});

test("a text/plain form of a foreign page is no JSON call", async () => {
  const response = await fetch(`${server.current.url}/v1/admin/session`, {
    method: "POST",
    body: '{"a":"="}',
    headers: { origin: "https://evil.example", "content-type": "text/plain" },
  });
  expect(response.status).toBe(403);
});

const once = async (options: TestHttpOptions, work: (started: TestHttp) => Promise<void>) => {
  const started = await startTestHttp(database, options);
  await work(started).finally(() => started.http.stop());
};

test("readiness follows the probe, in one word, and a hanging probe is not ready", async () => {
  await once({ ready: () => Promise.reject(new Error("no database at 10.0.0.1")) }, async ({ url }) => {
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, "unready"]);
    expect(await (await fetch(`${url}/livez`)).text()).toBe("ok");
  });
  await once({ ready: () => new Promise(() => {}) }, async ({ url }) => {
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });
});

test("X11 metrics are for loopback or the scope", async () => {
  const text = await (await get("/metrics")).text();
  expect(text).toContain("landfall_db_connections");
  expect(text).toContain('landfall_http_request_duration_seconds_bucket{le="0.001",route="refresh"');
  const proxied = { "x-forwarded-for": "203.0.113.1" };
  expect((await get("/metrics", proxied)).status).toBe(401);
  expect((await get("/metrics", { ...proxied, authorization: "Bearer key" })).status).toBe(403);
  expect((await get("/metrics", { ...proxied, authorization: "Bearer scraper" })).status).toBe(200);
  expect((await get("/metrics", { ...proxied, authorization: "Bearer admin" })).status).toBe(200);
});
