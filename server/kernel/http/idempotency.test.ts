import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../../test/support/database.ts";
import { testHttp } from "../../../test/support/http.ts";
import { octetsOfText } from "../octets.ts";
import { removeExpiredKeys } from "./idempotency.ts";
import { defineRoute } from "./route.ts";

const database = testDatabase();
const responses = { 201: { description: "made" } };
const body = z.strictObject({
  name: z.string(),
  mode: z.enum(["large", "octets", "refuse", "crash", "hold"]).optional(),
});
const gate = { entered: Promise.withResolvers<void>(), open: Promise.withResolvers<void>() };
let crashed = false;

const create = defineRoute({
  method: "POST",
  path: "/v1/effects",
  name: "createEffect",
  summary: "Effect",
  tag: "t",
  access: "anyone",
  body,
  responses,
  handler: async (ctx, input) => {
    const { name, mode } = input.body;
    await ctx.db.query({ text: "INSERT INTO effect (name) VALUES ($1)", values: [name] });
    if (mode === "refuse") throw new TypeError("a bug after the effect");
    if (mode === "crash" && !crashed) {
      crashed = true;
      await ctx.db.query({ text: "SELECT pg_terminate_backend(pg_backend_pid())" });
    }
    if (mode === "hold") {
      gate.entered.resolve();
      await gate.open.promise;
    }
    if (mode === "octets") return { status: 201, octets: octetsOfText(JSON.stringify({ name, notes: Math.random() })) };
    const notes = mode === "large" ? "x".repeat(70_000) : Math.random();
    return { status: 201, json: { name, notes }, summary: { name }, etag: "1.1", headers: { Location: `/v1/${name}` } };
  },
});
const secret = defineRoute({
  method: "POST",
  path: "/v1/secrets",
  name: "createSecret",
  summary: "Secret",
  tag: "t",
  access: "anyone",
  cache: "no-store",
  body: z.strictObject({}),
  responses,
  handler: async () => ({ status: 201, json: { secret: "lf_key_topsecretvalue" }, summary: { id: "k1" } }),
});
const unkeyed = defineRoute({ ...create, path: "/v1/unkeyed", name: "unkeyed", idempotent: false });
const server = testHttp(database, () => ({ routes: [create, secret, unkeyed] }));

beforeAll(() => database.db.query({ text: "CREATE TABLE effect (id serial, name text)" }));

const post = (path: string, key: string, content: object, as = "alice") =>
  fetch(server.current.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key, authorization: `Bearer ${as}` },
    body: JSON.stringify(content),
  });
const effects = async (name: string) =>
  (await database.db.query({ text: "SELECT 1 FROM effect WHERE name = $1", values: [name] })).length;
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test("a repeated request is answered byte for byte from the first one", async () => {
  const first = await post("/v1/effects", "k1", { name: "once" });
  const again = await post("/v1/effects", "k1", { name: "once" });
  expect(again.status).toBe(201);
  expect(await again.text()).toBe(await first.text());
  for (const name of ["etag", "location", "content-type"])
    expect(again.headers.get(name)).toBe(first.headers.get(name));
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await effects("once")).toBe(1);
});

test("so is one whose answer went out as octets", async () => {
  const first = await (await post("/v1/effects", "k-octets", { name: "Ω \u{1F600}", mode: "octets" })).text();
  const again = await (await post("/v1/effects", "k-octets", { name: "Ω \u{1F600}", mode: "octets" })).text();
  expect(JSON.parse(first)).toMatchObject({ name: "Ω \u{1F600}" });
  expect(again).toBe(first);
});

test("the same key with another body is 422, for another principal another key", async () => {
  await post("/v1/effects", "k2", { name: "mine" });
  expect(await codeOf(await post("/v1/effects", "k2", { name: "other" }))).toBe("idempotency_key_reused");
  expect(await codeOf(await post("/v1/effects?x=1", "k2", { name: "mine" }))).toBe("input_invalid");
  const bobs = await post("/v1/effects", "k2", { name: "mine" }, "bob");
  expect(bobs.headers.get("idempotency-replayed")).toBeNull();
  expect(await effects("mine")).toBe(2);
});

test("E01 100 parallel requests with one key have one effect and one answer", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => {
      let response = await post("/v1/effects", "k3", { name: "parallel" });
      while (response.status === 409) {
        expect(response.headers.get("retry-after")).toBe("1");
        await response.text();
        response = await post("/v1/effects", "k3", { name: "parallel" });
      }
      expect(response.status).toBe(201);
      return response.text();
    }),
  );
  expect(new Set(answers).size).toBe(1);
  expect(await effects("parallel")).toBe(1);
});

test("a repeat while the first is worked on is 409 and does not wait", async () => {
  const first = post("/v1/effects", "k4", { name: "held", mode: "hold" });
  await gate.entered.promise;
  const second = await post("/v1/effects", "k4", { name: "held", mode: "hold" });
  expect(await codeOf(second)).toBe("idempotency_in_flight");
  gate.open.resolve();
  expect((await first).status).toBe(201);
  expect(await effects("held")).toBe(1);
});

test("E01 after a crash between effect and commit the repeat has the one effect", async () => {
  const first = await post("/v1/effects", "k5", { name: "crash", mode: "crash" });
  expect(first.status).toBe(503);
  expect(first.headers.get("retry-after")).toBe("1");
  expect(await codeOf(first)).toBe("database_unavailable");
  expect(await effects("crash")).toBe(0);
  const again = await post("/v1/effects", "k5", { name: "crash", mode: "crash" });
  expect(again.status).toBe(201);
  expect(again.headers.get("idempotency-replayed")).toBeNull();
  expect((await post("/v1/effects", "k5", { name: "crash", mode: "crash" })).headers.get("idempotency-replayed")).toBe(
    "true",
  );
  expect(await effects("crash")).toBe(1);
});

test("a failure undoes the effect and keeps no answer", async () => {
  expect((await post("/v1/effects", "k6", { name: "undone", mode: "refuse" })).status).toBe(500);
  expect(await effects("undone")).toBe(0);
  expect((await post("/v1/effects", "k6", { name: "undone" })).status).toBe(201);
});

test("an answer over 64 KB is replayed as its summary, a secret one too, and no secret is stored", async () => {
  await post("/v1/effects", "k7", { name: "large", mode: "large" });
  const again = await post("/v1/effects", "k7", { name: "large", mode: "large" });
  expect([again.status, await again.json()]).toEqual([201, { name: "large" }]);
  expect(await (await post("/v1/secrets", "k8", {})).text()).toContain("topsecret");
  expect(await (await post("/v1/secrets", "k8", {})).json()).toEqual({ id: "k1" });
  const rows = await database.db.query({ text: `SELECT k::text FROM landfall."idempotencyKey" k` });
  expect(JSON.stringify(rows)).not.toContain("topsecret");
});

test("keys that cannot protect are refused", async () => {
  expect(await codeOf(await post("/v1/effects", "k".repeat(256), { name: "a" }))).toBe("idempotency_key_invalid");
  expect(await codeOf(await post("/v1/effects", "a b", { name: "a" }))).toBe("idempotency_key_invalid");
  expect(await codeOf(await post("/v1/unkeyed", "k9", { name: "a" }))).toBe("idempotency_key_invalid");
});

test("a key is forgotten after 24 hours", async () => {
  await post("/v1/effects", "k10", { name: "old" });
  await database.db.query({
    text: `UPDATE landfall."idempotencyKey" SET "createdAt" = "createdAt" - interval '25 hours' WHERE key = 'k10'`,
  });
  expect((await post("/v1/effects", "k10", { name: "old" })).headers.get("idempotency-replayed")).toBeNull();
  expect(await effects("old")).toBe(2);
  await database.db.query({
    text: `UPDATE landfall."idempotencyKey" SET "createdAt" = "createdAt" - interval '25 hours' WHERE key = 'k10'`,
  });
  expect(await removeExpiredKeys(database.db, 100)).toBe(1);
});
