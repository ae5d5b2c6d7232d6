// 20,000 hostile requests made from the server's own OpenAPI document, as several principals. No 5xx, no crash, no stall, and
// nothing of the inside in any answer.
import { request } from "node:http";
import { expect, test } from "vitest";
import { type FuzzRequest, fuzzRequests } from "../support/fuzz.ts";
import { type InsideScan, insideScan, type Seen } from "../support/inside.ts";
import { seeded } from "../support/random.ts";
import { serviceKey, testServer } from "../support/server.ts";
import { watchStalls } from "../support/stall.ts";

const requests = Number(process.env.FUZZ_REQUESTS ?? 20_000);
const parallel = 16;
const server = testServer({
  LANDFALL_RATE_PER_ADDRESS: "0",
  LANDFALL_RATE_PER_CREDENTIAL: "0",
  LANDFALL_LOG_LEVEL: "error",
});

/** The world may change under the definitions' doors, but not away: they get these in place of `posts`. */
const spares = Array.from({ length: 20 }, (_, n) => `spare${n}`);
const definitionOfPosts = /^(PATCH|DELETE) \/v1\/collections\/posts(?=$|\?)/;
const deletionOfFirst = /^(DELETE .*)post-1(?=$|\?)/;

test("G02 X10 no hostile input causes a 5xx, a crash, a stall, or shows the inside", async () => {
  const posts = {
    name: "posts",
    kind: "base",
    fields: [
      { name: "title", type: "text", required: true, max: 200 },
      { name: "status", type: "select", values: ["draft", "open"] },
      { name: "likes", type: "integer" },
      { name: "price", type: "decimal" },
      { name: "tags", type: "text", many: true },
      { name: "meta", type: "json" },
      { name: "place", type: "geo" },
      { name: "at", type: "datetime" },
      { name: "day", type: "date" },
      { name: "body", type: "richtext" },
      { name: "parent", type: "relation", collection: "posts", onDelete: "setNull", inverse: "children" },
      { name: "friends", type: "relation", collection: "posts", many: true, onDelete: "cascade" },
      { name: "slug", type: "text", max: 50 },
      { name: "secret", type: "text", hidden: true },
    ],
    indexes: [{ fields: ["slug"], unique: true }],
    rules: { list: "true", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.id == 'u1'" },
  };
  expect((await server.call("POST", "/v1/collections", posts)).status).toBe(201);
  for (const name of spares)
    expect((await server.call("POST", "/v1/collections", { name, fields: [{ name: "a", type: "text" }] })).status).toBe(
      201,
    );
  const post = { title: "t", status: "open", likes: 1, price: "1.50", tags: ["a"], meta: { a: { b: 1 } }, place: { lat: 1, lng: 2 }, at: "2026-01-01T00:00:00Z", day: "2026-01-01", body: "<p>x</p>", parent: null, friends: ["post-1"] }; // biome-ignore format: one record
  for (const id of ["post-1", "post-2"])
    expect(
      (await server.call("POST", "/v1/collections/posts/records", { ...post, id, title: id, friends: [] })).status,
    ).toBe(201);
  const actions = ["list", "get", "create", "update", "delete"];
  const made = await server.call("POST", "/v1/api-keys", {
    name: "fuzz",
    collections: { "*": actions },
    actAs: { id: "u1", roles: [], teams: [], claims: {} },
  });
  const document = (await server.call("GET", "/v1/openapi.json")).json;
  const principals = [null, made.json.secret, serviceKey, "lf_key_wrong"] as const;
  const supply = fuzzRequests(document, {
    bodies: {
      createRecords: [post, [post, { ...post, title: "u" }]],
      updateRecord: [{ likes: { $increment: 1 } }, { tags: { $append: "x" } }, post],
      replaceRecord: [post],
      importRecords: [post],
      queryRecords: [
        { filter: "status == $s", params: { s: "open" }, sort: ["-likes"], limit: 5, expand: { children: { limit: 2 } } },
        { filter: { op: "==", args: [{ op: "field", name: "title" }, { op: "literal", value: "t" }] } },
      ],
      batch: [
        { mode: "each", operations: [{ op: "create", collection: "posts", body: post }, { op: "patch", collection: "posts", id: { $idOf: 0 }, body: { likes: 2 } }, { op: "list", collection: "posts", body: { limit: 1 } }] },
        { mode: "atomic", operations: [{ op: "put", collection: "posts", id: "post-2", body: post }, { op: "delete", collection: "posts", id: "post-2" }] },
      ],
      createCollection: [{ ...posts, name: "more", fields: posts.fields.filter(({ type }) => type !== "relation") }, { name: "few", fields: [{ name: "n", type: "number", min: 0 }] }],
      changeCollection: [{ fields: [{ name: "a", type: "text" }, { name: "b", type: "integer", default: 1 }] }, { rules: { list: "a == 'x'" } }, { indexes: [{ fields: ["a"] }] }],
      createApiKey: [{ name: "k", collections: { posts: ["list"] }, actAs: { id: "u2" }, expiresAt: "2027-01-01T00:00:00Z" }],
      signInAdmin: [{ email: "owner@example.com", password: "a wrong password" }],
      setUp: [{ secret: "lf_setup_x", email: "owner@example.com", password: "a long password" }],
    }, // biome-ignore format: bodies, one a line
    random: seeded(Number(process.env.FUZZ_SEED ?? 20_261_120)),
    known: {
      collection: ["posts", "posts", "posts", "nope"],
      id: ["post-1", "post-2", "nope"],
      filter: [
        "status == 'open'",
        "likes > 1 && tags.exists(t, t == 'a')",
        "meta.a.b == 1",
        "parent.title.startsWith('x')",
        "secret == 'x'",
        "1/0 == 1",
        "matches(title, '(a|b){1,50}')",
      ],
      sort: ["-createdAt", "title,-likes", "secret", "nope"],
      fields: ["id,title", "secret", "parent.title"],
      expand: ["parent", "children(limit:2)", "parent.parent.parent.parent", "nope"],
      limit: ["1", "1000", "0", "1e3"],
    },
  });

  const inside = await insideScan(server.database);
  const faultOf = (answer: Seen, sent: string) => faultWith(inside, answer, sent);
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  const through = new Set<string>();
  const who = seeded(4);
  let sent = 0;
  const worker = async () => {
    for (const made of supply) {
      const spare = `$1 /v1/collections/${spares[sent % spares.length]}`;
      const [, path] = `${made.method} ${made.path}`
        .replace(definitionOfPosts, spare)
        .replace(deletionOfFirst, "$1post-2")
        .split(" ", 2) as [string, string];
      const hostile = { ...made, path };
      if (sent++ >= requests || wrong.length > 5) return;
      // Drawn, not in turn: operations come in turn, and each would meet the same principals again and again.
      const as = principals[Math.floor(who() * principals.length)] as string | null;
      // The console's own doors stay open: the service key and the admin may end sessions and keys, not the test.
      const answer = await send(hostile, as);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status < 300) through.add(`${hostile.method} ${hostile.path.split("?")[0]}`);
      const fault = faultOf(
        answer,
        `${as}${decoded(hostile.path)}${JSON.stringify(hostile.headers)}${hostile.body ?? ""}`,
      );
      if (fault)
        wrong.push(
          `${fault}: ${hostile.method} ${hostile.path} ${JSON.stringify(hostile.headers)} ${hostile.body?.slice(0, 500)} -> ${answer.text.slice(0, 400)}`,
        );
    }
  };
  // The generator is shared: an early return of one worker must not close it for the others.
  supply.return = undefined as never;
  const stalls = watchStalls(server);
  await Promise.all(Array.from({ length: parallel }, worker));
  const stallMs = await stalls.stop();
  expect(wrong).toEqual([]);
  // Some requests must get through, or nothing was tested: on every door of records, and of definitions.
  const records = "/v1/collections/posts/records";
  const doors = [`POST ${records}`, `GET ${records}`, `POST ${records}:query`, `POST ${records}:import`, `GET ${records}:export`, `GET ${records}/post-1`, `PATCH ${records}/post-1`, `PUT ${records}/post-1`, "POST /v1/batch", "POST /v1/collections", "POST /v1/api-keys"]; // biome-ignore format: a list
  expect(doors.filter((door) => !through.has(door))).toEqual([]);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 50);
  expect(statuses.get(400) ?? 0).toBeGreaterThan(requests / 20);
  expect((await server.call("GET", "/readyz", undefined, { as: null })).status).toBe(200);
  expect(stallMs).toBeLessThan(200);
}, 120_000);

function faultWith(inside: InsideScan, answer: Seen, sent: string): string | undefined {
  if (answer.status >= 500) return `status ${answer.status}`;
  if (answer.status < 400) return undefined;
  if (answer.headers["content-type"] !== "application/problem+json")
    return `a ${answer.status} of type ${answer.headers["content-type"]}`;
  return inside(answer, sent);
}

/** As it was sent and as the server may have read it. */
function decoded(path: string): string {
  try {
    return `${path} ${decodeURIComponent(path)}`;
  } catch {
    return path;
  }
}

/** `fetch` refuses or mends many hostile requests; node:http sends them as they are. */
function send(hostile: FuzzRequest, as: string | null): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { ...hostile.headers };
    if (as !== null) headers.authorization = `Bearer ${as}`;
    // Node frames the body of a DELETE only when told to; without this it would be read as the next request.
    if (hostile.body !== undefined) headers["content-length"] = String(Buffer.byteLength(hostile.body));
    const out = request(
      { host: "127.0.0.1", port: server.port, method: hostile.method, path: hostile.path, headers },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          if (text.length < 100_000) text += chunk;
        });
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    out.on("error", (error) => {
      const request = `${hostile.method} ${hostile.path} ${hostile.body?.slice(0, 500)}`;
      reject(new Error(`${error.message}: ${request}\n${server.output().slice(-2_000)}`));
    });
    out.end(hostile.body);
  });
}
