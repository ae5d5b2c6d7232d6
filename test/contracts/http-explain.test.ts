// X-Landfall-Explain-As: an admin asks how somebody else's request would end. The answer is that actor's, a refusal names its
// clause, and nothing at all is done.
import { beforeAll, expect, test } from "vitest";
import { databaseState } from "../support/database-state.ts";
import { type Answer, serviceKey, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_RATE_PER_CREDENTIAL: "0" });
const records = "/v1/collections/posts/records";
const secrets: Record<string, string> = {};
const ids: Record<string, string> = {};

beforeAll(async () => {
  const must = async (path: string, body: object) => {
    const answer = await server.call("POST", path, body);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.json;
  };
  const rules = {
    list: "status == 'open' || owner == auth.id",
    create: "owner == auth.id && 'writer' in auth.roles",
    update: "owner == auth.id && status != 'closed'",
    delete: "owner == auth.id",
  };
  const fields = [
    { name: "title", type: "text" },
    { name: "status", type: "select", values: ["draft", "open", "closed"] },
    { name: "owner", type: "text" },
    { name: "salary", type: "integer", rules: { read: "owner == auth.id", write: "'boss' in auth.roles" } },
    { name: "secret", type: "text", hidden: true },
  ];
  await must("/v1/collections", { name: "posts", fields, rules });
  await must("/v1/collections", { name: "locked", fields: [{ name: "a", type: "text" }] });
  await must(records, [
    { id: "open", title: "o", status: "open", owner: "ann", salary: 1, secret: "canary" },
    { id: "draft", title: "d", status: "draft", owner: "ann", secret: "canary" },
    { id: "closed", title: "c", status: "closed", owner: "ann", secret: "canary" },
  ]);
  // The first list of an installation makes the secret that signs cursors.
  expect((await server.call("GET", records)).status).toBe(200);
  for (const [name, body] of Object.entries({
    reader: { collections: { posts: ["list", "get"] } },
    readOnly: { collections: { "*": ["get", "update"] }, readOnly: true },
    bob: { collections: { "*": ["get", "update"] }, actAs: { id: "bob" } },
  })) {
    const key = await must("/v1/api-keys", { name, ...body });
    secrets[name] = key.secret;
    ids[name] = key.id;
  }
});

const ann = JSON.stringify({ id: "ann" });
const bob = JSON.stringify({ id: "bob", roles: ["writer"] });
const explain = (as: string, method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
  server.call(method, path, body, { headers: { "x-landfall-explain": "1", "x-landfall-explain-as": as, ...more } });
const told = ({ status, json }: Answer) =>
  [status, ...(json?.errors ?? []).map(({ path, message }: { path: string; message: string }) => `${path}: ${message}`)].join(" "); // biome-ignore format: one line

test("a refusal names the rule and the clause that decided", async () => {
  const change = { title: "new" };
  const cases: readonly [as: string, method: string, path: string, body: object | undefined, expected: string][] = [
    [bob, "PATCH", "/open", change, "403 rules.update: owner == auth.id"],
    [ann, "PATCH", "/closed", change, "403 rules.update: status != 'closed'"],
    [ann, "PATCH", "/open", { salary: 2 }, "403 fields.salary.rules.write: 'boss' in auth.roles"],
    [bob, "PATCH", "/draft", change, "404 rules.get: status == 'open' || owner == auth.id"],
    [bob, "GET", "/draft", undefined, "404 rules.get: status == 'open' || owner == auth.id"],
    ["anonymous", "GET", "/draft", undefined, "404 rules.get: status == 'open' || owner == auth.id"],
    [bob, "DELETE", "/open", undefined, "403 rules.delete: owner == auth.id"],
    [bob, "PUT", "/open", { title: "x" }, "403 rules.update: owner == auth.id"],
    [ann, "POST", "", { owner: "ann" }, "403 rules.create: 'writer' in auth.roles"],
    [bob, "GET", "/nowhere", undefined, "404"],
  ];
  for (const [as, method, path, body, expected] of cases)
    expect(told(await explain(as, method, records + path, body)), `${method} ${path}`).toBe(expected);
  const locked = "/v1/collections/locked/records";
  expect(told(await explain(ann, "GET", locked))).toBe("404 rules.list: no rule");
  expect(told(await explain(ann, "POST", locked, {}))).toBe("404 rules.create: no rule");
  expect(told(await explain(`key:${ids.reader}`, "GET", locked))).toBe("404 scope.list: not in the scope");
  expect(told(await explain(`key:${ids.readOnly}`, "PATCH", `${records}/open`, change))).toBe("403");
  expect(told(await explain(`key:${ids.bob}`, "PATCH", `${records}/open`, change))).toBe("403 rules.update: owner == auth.id"); // biome-ignore format: one line
});

test("what is allowed is answered as to that actor, is not stored and is not cached", async () => {
  const before = await databaseState(server.database.db);
  const changed = await explain(ann, "PATCH", `${records}/open`, { title: "new" });
  expect([changed.status, changed.json.title, changed.json.salary]).toEqual([200, "new", 1]);
  expect(changed.text).not.toContain("canary");
  expect([changed.headers.get("cache-control"), changed.headers.get("etag")]).toEqual(["no-store", null]);
  const created = await explain(bob, "POST", records, { id: "made", owner: "bob" });
  expect([created.status, created.headers.get("location")]).toEqual([201, null]);
  expect((await explain(bob, "POST", records, [{ owner: "bob" }, { owner: "bob" }])).status).toBe(201);
  expect((await explain(bob, "PUT", `${records}/other`, { owner: "bob" })).status).toBe(201);
  expect((await explain(ann, "DELETE", `${records}/open`)).status).toBe(204);
  const seen = await explain(bob, "GET", `${records}?sort=id&count=exact`);
  expect([seen.json.items.map(({ id }: { id: string }) => id), seen.json.count]).toEqual([["open"], 1]);
  expect(seen.text).not.toMatch(/salary|canary/);
  const queried = await explain(ann, "POST", `${records}:query`, { filter: "status != 'open'" });
  expect(queried.json.items).toHaveLength(2);
  expect(await databaseState(server.database.db)).toEqual(before);
});

test("an explained refusal is no denial: neither the log nor the list of denials takes it for one", async () => {
  const denials = async () => (await server.call("GET", "/v1/denials?limit=1000")).json.items.length;
  const before = await denials();
  await explain(bob, "PATCH", `${records}/open`, { title: "x" });
  await explain(bob, "GET", `${records}/draft`);
  expect(await denials()).toBe(before);
  await server.call("PATCH", `${records}/open`, { title: "x" }, { as: secrets.bob as string });
  expect(await denials()).toBe(before + 1);
});

test("A24 nobody but an admin is told anything, or becomes anybody", async () => {
  const before = await databaseState(server.database.db);
  for (const as of [secrets.reader, secrets.bob, secrets.readOnly] as string[]) {
    const headers = { "x-landfall-explain": "1", "x-landfall-explain-as": ann };
    expect(told(await server.call("PATCH", `${records}/open`, { title: "x" }, { as, headers }))).toBe("403");
    const plain = await server.call("GET", `${records}/draft`, undefined, { as, headers: { "x-landfall-explain": "1" } }); // biome-ignore format: one line
    expect(plain.text).not.toContain("rules.");
  }
  const headers = { "x-landfall-explain": "1", "x-landfall-explain-as": ann };
  const anonymous = await server.call("GET", `${records}/draft`, undefined, { as: null, headers });
  expect(anonymous.status).toBe(403);
  expect(await databaseState(server.database.db)).toEqual(before);
});

test("what cannot be explained is refused and never done in earnest", async () => {
  const before = await databaseState(server.database.db);
  const body = { title: "earnest" };
  const path = `${records}/open`;
  for (const as of [
    "",
    "nobody",
    "key:none",
    "{}",
    '{"id":"a b"}',
    '{"id":"u","admin":true}',
    "null",
    "[]",
    "user:ann",
  ])
    expect(told(await explain(as, "PATCH", path, body)), as).toMatch(/^400 header.X-Landfall-Explain-As: /);
  const bare = { headers: { "x-landfall-explain-as": ann } };
  expect(told(await server.call("PATCH", path, body, bare))).toMatch(/^400 header.X-Landfall-Explain: /);
  expect(told(await explain(ann, "PATCH", path, body, { "x-landfall-explain": "true" }))).toMatch(/^400 header/);
  expect(told(await explain(ann, "PATCH", path, body, { "idempotency-key": "k" }))).toMatch(/^400 header/);
  for (const [method, elsewhere, given] of [
    ["POST", "/v1/collections", { name: "made" }],
    ["POST", "/v1/batch", { operations: [{ op: "delete", collection: "posts", id: "open" }] }],
    ["GET", `${records}:export`, undefined],
    ["DELETE", `/v1/api-keys/${ids.bob}`, undefined],
  ] as const)
    expect(told(await explain(ann, method, elsewhere, given)), elsewhere).toMatch(/^400 header/);
  expect(await databaseState(server.database.db)).toEqual(before);
  // Admins pass every rule: without another actor there is nothing to explain, and the work is done.
  const own = await server.call(
    "PATCH",
    path,
    { title: "o" },
    { as: serviceKey, headers: { "x-landfall-explain": "1" } },
  );
  expect(own.status).toBe(200);
});
