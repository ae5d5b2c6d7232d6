// Who may do what, asked at every door: the route inventory swept with foreign ids, the same decision over every transport,
// system tables, keys that are narrowed, rows that change hands, and what stays of grants when a collection goes.
import { beforeAll, describe, expect, test } from "vitest";
import { databaseState } from "../support/database-state.ts";
import { makeWorld, type Principal, posts, principals, type World } from "../support/hostile-world.ts";
import { type Aim, aimsOf, isReading, type Operation, operationsOf } from "../support/route-inventory.ts";
import { type Answer, setupUrl, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_RATE_PER_CREDENTIAL: "0" });
const canary = "kanari-7f3a";
let world: World;
let operations: Operation[];
let targets: Parameters<typeof aimsOf>[1];

beforeAll(async () => {
  world = await makeWorld(server.url, { canary });
  const owner = { email: "owner@example.com", password: "the owner's password" };
  const secret = setupUrl(server).split("#setup=")[1];
  const admin = await server.call("POST", "/v1/setup", { secret, ...owner }, { as: null });
  expect(admin.status).toBe(201);
  const keys = await server.call("GET", "/v1/api-keys");
  const sessions = await server.call("GET", "/v1/admin/sessions", undefined, { as: admin.json.token });
  // The first cursor of an installation stores its secret.
  expect((await server.call("GET", "/v1/collections/posts/records?limit=1")).json.nextCursor).not.toBeNull();
  operations = await operationsOf(server.call);
  targets = {
    records: [
      { collection: "posts", id: "draft-mallory" },
      { collection: "posts", id: "draft-nobody" },
      { collection: "vault", id: "v1" },
      { collection: "people", id: "mallory" },
    ],
    ids: [...keys.json.items, ...sessions.json.items].map(({ id }: { id: string }) => id),
  };
});

const send = (as: string | null, { operation, path, body, headers }: Aim): Promise<Answer> =>
  server.call(operation.method, path, body, { as, headers });
const described = (who: string, { operation, path }: Aim, { status, text }: Answer) =>
  `${who}: ${operation.method} ${path} -> ${status} ${text.slice(0, 200)}`;
const isMutating = (operation: Operation) => !isReading(operation);

test("A26 A18 A21 every route with every foreign id as everybody: nothing read, nothing changed", async () => {
  const before = await stateBesideImports();
  const wrong: string[] = [];
  for (const who of ["anon", "alice", "readOnly", "scoped"] as const)
    for (const operation of operations)
      for (const aim of aimsOf(operation, targets)) {
        const answer = await send(world.as[who], aim);
        const refused = answer.status >= 400 && answer.status < 500;
        // A batch and an import answer 200 with a verdict for each; a list shows what one may see.
        const harmless = answer.status === 200 && (isReading(operation) || operation.name === "batch" || answer.json.imported === 0); // biome-ignore format: one line
        if ((!refused && !harmless) || answer.text.includes(canary)) wrong.push(described(who, aim, answer));
        if (operation.name === "batch" && answer.status === 200)
          for (const { status } of answer.json.results) if (status < 400) wrong.push(described(who, aim, answer));
      }
  expect(wrong).toEqual([]);
  expect(await stateBesideImports()).toEqual(before);
  expect(operations.length).toBeGreaterThan(25);
}, 120_000);

test("A20 a read-only key is refused by every mutating route, as such where it is known", async () => {
  const before = await databaseState(server.database.db);
  const wrong: string[] = [];
  for (const operation of operations.filter(isMutating))
    for (const aim of aimsOf(operation, targets)) {
      const answer = await send(world.as.readOnly, aim);
      if (answer.status !== 403 || answer.json.code !== "credential_read_only")
        wrong.push(described("readOnly", aim, answer));
    }
  expect(wrong).toEqual([]);
  expect(await databaseState(server.database.db)).toEqual(before);
});

describe("A13 tables that are no collections", () => {
  const names = ["apiKey", "admin", "session", "idempotencyKey", "change", "change_0", "tick", "meta", "denial", "collection", "landfall.apiKey", "landfall.session", "pg_class", "pg_authid", "information_schema.tables", "public.posts", "posts__tags", "Posts", "POSTS", "posts ", "constructor", "toString", "__proto__", "hasOwnProperty"]; // biome-ignore format: a list
  test("are answered like a name that is nowhere, for everybody, the admin too", async () => {
    const wrong: string[] = [];
    const recordOperations = operations.filter(({ path }) => path.includes("{collection}/records"));
    for (const operation of recordOperations) {
      for (const who of ["anon", "alice", "scoped", "admin"] as const) {
        const at = async (collection: string) => {
          const [aim] = aimsOf(operation, {
            ...targets,
            records: [{ collection: encodeURIComponent(collection), id: "x" }],
          });
          const answer = await send(world.as[who], aim as Aim);
          return { shown: `${answer.status} ${withoutIds(answer.text)}`, aim: aim as Aim, answer };
        };
        const nowhere = await at("nowhere");
        if (nowhere.answer.status !== 404) wrong.push(described(who, nowhere.aim, nowhere.answer));
        for (const { shown, aim, answer } of await Promise.all(names.map(at)))
          if (shown !== nowhere.shown) wrong.push(described(who, aim, answer));
      }
    }
    expect(wrong).toEqual([]);
  });
});

test("A16 what is forbidden is answered exactly like what is not there", async () => {
  const wrong: string[] = [];
  const pairs = [
    ["/v1/collections/posts/records/draft-mallory", "/v1/collections/posts/records/nobody-has-this"],
    ["/v1/collections/posts/records/draft-nobody", "/v1/collections/posts/records/nobody-has-this"],
    ["/v1/collections/vault/records/v1", "/v1/collections/nowhere/records/v1"],
    ["/v1/collections/vault/records", "/v1/collections/nowhere/records"],
    ["/v1/collections/vault/records:query", "/v1/collections/nowhere/records:query"],
    ["/v1/collections/vault/records:export", "/v1/collections/nowhere/records:export"],
    ["/v1/collections/vault", "/v1/collections/nowhere"],
  ] as const;
  for (const who of ["anon", "alice"] as const)
    for (const [forbidden, missing] of pairs)
      for (const [method, body] of [
        ["GET", undefined],
        ["PATCH", { title: "x" }],
        ["DELETE", undefined],
        ["POST", { title: "x" }],
      ] as const) {
        // biome-ignore format: one line
        const [a, b] = await Promise.all(
          [forbidden, missing].map((path) => server.call(method, path, body, { as: world.as[who] })),
        );
        if (likeness(a as Answer) !== likeness(b as Answer))
          wrong.push(`${who} ${method} ${forbidden}: ${likeness(a as Answer)} and ${likeness(b as Answer)}`);
      }
  expect(wrong).toEqual([]);
});

describe("A19 one decision over every transport", () => {
  const sees = (who: Principal, post: (typeof posts)[number]) =>
    post.status === "open" || (post.owner !== null && post.owner === (who === "readOnly" ? "alice" : who));

  test.each(principals.filter((who) => who !== "scoped"))("%s", async (who) => {
    const as = world.as[who];
    const found: Record<string, unknown> = {};
    const wanted: Record<string, unknown> = {};
    const salaryOf = (item: { salary?: unknown } | undefined) =>
      item === undefined ? "unseen" : (item.salary ?? "masked");
    const exported = (await server.call("GET", "/v1/collections/posts/records:export", undefined, { as })).text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    for (const post of posts) {
      const { id } = post;
      const got = await server.call("GET", `/v1/collections/posts/records/${id}`, undefined, { as });
      const asks = { filter: `id == '${id}'` };
      const listed = await server.call("GET", `/v1/collections/posts/records?${new URLSearchParams(asks)}`, undefined, {
        as,
      });
      const queried = await server.call("POST", "/v1/collections/posts/records:query", asks, { as });
      const batched = await server.call("POST", "/v1/batch", { mode: "each", operations: [{ op: "get", collection: "posts", id }, { op: "list", collection: "posts", body: asks }] }, { as }); // biome-ignore format: one line
      const [one, list] = batched.json.results ?? [];
      const mayWrite = who !== "readOnly";
      const counted = await server.call("GET", `/v1/collections/posts/records?${new URLSearchParams({ ...asks, count: "exact" })}`, undefined, { as }); // biome-ignore format: one line
      const visible = sees(who, post);
      // The field's own rule hides it although the row is seen.
      const salary = !visible ? "unseen" : post.owner === (who === "readOnly" ? "alice" : who) ? "shown" : "masked";
      const said = (item: object | undefined) => (salaryOf(item) === "unseen" || salaryOf(item) === "masked" ? salaryOf(item) : "shown"); // biome-ignore format: one line
      found[id] = {
        get: said(got.status === 200 ? got.json : undefined),
        list: said(listed.json.items[0]),
        query: said(queried.json.items[0]),
        count: counted.json.count,
        export: said(exported.find((item) => item.id === id)),
        ...(mayWrite ? { batchGet: said(one?.status === 200 ? one.body : undefined), batchList: said(list?.body?.items[0]) } : {}), // biome-ignore format: one line
      };
      wanted[id] = {
        ...{ get: salary, list: salary, query: salary, count: visible ? 1 : 0, export: salary },
        ...(mayWrite ? { batchGet: salary, batchList: salary } : {}),
      };
    }
    expect(found).toEqual(wanted);
  });

  test("expanded relations are judged by their own collection's rules", async () => {
    const path = "/v1/collections/posts/records/open-alice?expand=author.team,author.posts,parent,kept,children";
    const { json } = await server.call("GET", path, undefined, { as: world.as.bob });
    expect(json.kept).toBeNull();
    expect(json.author.team).toBeNull();
    expect(json.author.posts.map(({ id }: { id: string }) => id)).toEqual(["open-alice"]);
    expect(JSON.stringify(json)).not.toContain(`${canary}-alice`);
  });
});

test("B01 fields that belong to the server or are hidden are not settable, by no way of writing", async () => {
  const before = await stateBesideImports();
  const owned: readonly [string, unknown][] = [["version", 99], ["createdAt", "2001-01-01T00:00:00.000Z"], ["updatedAt", "2001-01-01T00:00:00.000Z"], ["secret", "mine"], ["hash", "x"], ["role", "admin"]]; // biome-ignore format: one line
  const path = "/v1/collections/posts/records";
  const as = world.as.alice;
  const wrong: string[] = [];
  for (const [name, value] of owned) {
    const body = { owner: "alice", [name]: value };
    for (const [method, at, sent] of [
      ["POST", path, body],
      ["POST", path, [body]],
      ["PATCH", `${path}/draft-alice`, body],
      ["PUT", `${path}/draft-alice`, body],
      ["PUT", `${path}/brand-new`, body],
      ["PATCH", `${path}/brand-new?upsert=true`, body],
      ["POST", "/v1/batch", { mode: "atomic", operations: [{ op: "create", collection: "posts", body }] }],
    ] as const) {
      // biome-ignore format: one line
      const answer = await server.call(method, at, sent, { as });
      if (answer.status !== 400) wrong.push(`${name} ${method} ${at} -> ${answer.status} ${answer.text}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(await stateBesideImports()).toEqual(before);
});

test("B01 an import takes no hidden field, and leaves the server's own fields to the server", async () => {
  const path = "/v1/collections/posts/records";
  const lines = [
    { id: "imported", owner: "alice", version: 99, createdAt: "2001-01-01T00:00:00.000Z" },
    { id: "imported-secret", owner: "alice", secret: "mine" },
    { id: "imported-for-bob", owner: "bob" },
  ].map((line) => JSON.stringify(line));
  const how = { as: world.as.alice, headers: { "content-type": "application/x-ndjson" } };
  expect((await server.call("POST", `${path}:import`, lines.join("\n"), how)).status).toBe(200);
  const rows = await server.database.db.query<{ id: string; createdAt: Date }>({
    text: `SELECT id, "createdAt" FROM public.posts WHERE id LIKE 'imported%'`,
  });
  expect(rows.filter(({ id }) => id !== "imported")).toEqual([]);
  for (const { createdAt } of rows) expect(createdAt.getUTCFullYear()).toBeGreaterThan(2001);
});

test("B04 no row is taken over or given away", async () => {
  const path = "/v1/collections/posts/records";
  const { alice, bob } = world.as;
  const attempts = await Promise.all([
    server.call("PATCH", `${path}/draft-alice`, { owner: "bob" }, { as: alice }),
    server.call("PATCH", `${path}/open-alice`, { owner: "bob" }, { as: bob }),
    server.call("PUT", `${path}/open-alice`, { owner: "bob" }, { as: bob }),
    server.call("PATCH", `${path}/open-alice?upsert=true`, { owner: "bob" }, { as: bob }),
    server.call("PATCH", `${path}/draft-nobody`, { owner: "bob" }, { as: bob }),
    server.call("DELETE", `${path}/open-alice`, undefined, { as: bob }),
    server.call("POST", path, { owner: null }, { as: null }),
    server.call("PATCH", `${path}/draft-nobody`, { title: "x" }, { as: null }),
  ]);
  for (const { status } of attempts) expect([403, 404]).toContain(status);
  const rows = await server.database.db.query({
    text: `SELECT id, owner FROM public.posts WHERE id IN ('draft-alice', 'open-alice', 'draft-nobody') ORDER BY id`,
  });
  expect(rows).toEqual([
    { id: "draft-alice", owner: "alice" },
    { id: "draft-nobody", owner: null },
    { id: "open-alice", owner: "alice" },
  ]);
});

test("A25 A17 a new collection admits nobody, and a new one of an old name inherits no grant", async () => {
  const make = () => server.call("POST", "/v1/collections", { name: "temp", fields: [{ name: "t", type: "text" }] });
  expect((await make()).status).toBe(201);
  expect((await server.call("POST", "/v1/collections/temp/records", { id: "t1", t: "x" })).status).toBe(201);
  const key = await server.call("POST", "/v1/api-keys", {
    name: "temp",
    collections: { temp: ["list", "get", "create"] },
  });
  const statusOf = async (as: string | null) =>
    (await server.call("GET", "/v1/collections/temp/records", undefined, { as })).status;
  for (const who of ["anon", "alice", "bob"] as const) expect(await statusOf(world.as[who])).toBe(404);
  expect(await statusOf(key.json.secret)).toBe(200);
  expect((await server.call("DELETE", "/v1/collections/temp?confirm=loss")).status).toBe(204);
  expect((await make()).status).toBe(201);
  // At once, although the verdict on the key was kept: its scope names the collection that is gone.
  expect(await statusOf(key.json.secret)).toBe(404);
  expect((await server.call("POST", "/v1/collections/temp/records", { t: "x" }, { as: key.json.secret })).status).toBe(404); // biome-ignore format: one line
});

test("X07 X11 private answers are not cacheable by others, and the schema is not shown to strangers", async () => {
  const wrong: string[] = [];
  for (const operation of operations.filter(({ method }) => method === "GET"))
    for (const aim of aimsOf(operation, { records: [{ collection: "posts", id: "open-alice" }], ids: ["x"] })) {
      const answer = await send(world.as.alice, aim);
      // What every JWT library and OAuth client in the world may read and keep.
      if (aim.path.startsWith("/.well-known/")) continue;
      const caching = answer.headers.get("cache-control") ?? "";
      const varies = (answer.headers.get("vary") ?? "").includes("Authorization");
      if (!/no-store/.test(caching) && !(/private/.test(caching) && varies))
        wrong.push(described("alice", aim, answer));
    }
  expect(wrong).toEqual([]);
  const document = await server.call("GET", "/v1/openapi.json", undefined, { as: world.as.alice });
  expect(document.text).not.toMatch(/record_posts|vault|salary/);
  const outside = { headers: { "x-forwarded-for": "203.0.113.9" } };
  expect((await server.call("GET", "/metrics", undefined, { as: null, ...outside })).status).toBe(401);
  expect((await server.call("GET", "/metrics", undefined, { as: world.as.alice, ...outside })).status).toBe(403);
});

/** Whoever may create may begin an import, which is noted, whatever becomes of its lines. */
async function stateBesideImports(): Promise<Record<string, string>> {
  const { "landfall.import": _, ...state } = await databaseState(server.database.db);
  return state;
}

const withoutIds = (text: string) => text.replaceAll(/"requestId":"[^"]*"/g, "");

function likeness({ status, headers, text }: Answer): string {
  const names = [...headers.keys()].filter((name) => name !== "content-length").sort();
  return `${status} ${names.join(" ")} ${withoutIds(text)}`;
}
