// The record doors as the public contract words them, asked of a running server: paging, sorting, shaping, counting, entity
// tags, and the bounds of what one request may hold.
import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, call, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_RATE_PER_CREDENTIAL: "0" });
const posts = "/v1/collections/posts/records";
const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  server.call(method, path, body, { headers });
const get = (query: Record<string, string> | string = "", path = posts) =>
  server.call("GET", typeof query === "string" ? `${path}${query}` : `${path}?${new URLSearchParams(query)}`);
const ids = ({ json }: Answer): string[] => json.items.map(({ id }: { id: string }) => id);
/** `400 query_invalid query.sort`: status, code, and where. */
const told = ({ status, json }: Answer) =>
  `${status} ${json?.code ?? ""} ${(json?.errors ?? []).map(({ path }: { path: string }) => path).join()}`.trim();
let reader = "";
let ann = "";

beforeAll(async () => {
  const people = { name: "people", fields: [{ name: "name", type: "text" }], rules: { list: "name != 'ghost'" } };
  const fields = [
    { name: "title", type: "text", required: true },
    { name: "a", type: "integer" },
    { name: "b", type: "text" },
    { name: "author", type: "relation", collection: "people", inverse: "posts" },
    { name: "readers", type: "relation", collection: "people", many: true, inverse: "reads" },
    { name: "note", type: "text", rules: { read: "auth.id == 'ann'" } },
  ];
  const shared = { name: "posts", fields, rules: { list: "true" } };
  const notes = { name: "notes", fields: [{ name: "text", type: "text" }], rules: { list: "true" } };
  for (const one of [people, shared, notes]) expect((await ask("POST", "/v1/collections", one)).status).toBe(201);
  await ask("POST", "/v1/collections/people/records", [{ id: "ann", name: "Ann" }, { id: "gho", name: "ghost" }]); // biome-ignore format: one line
  const rows = Array.from({ length: 24 }, (_, n) => ({
    ...{ id: `p${String(n).padStart(2, "0")}`, title: `t${n}`, a: n % 4 === 0 ? null : n % 3, b: n % 5 === 0 ? null : ["ß", "z", "Z", "é"][n % 4] },
    ...{ author: n % 2 === 0 ? "ann" : "gho", readers: n % 3 === 0 ? ["gho", "ann"] : ["ann"], note: "n" },
  })); // biome-ignore format: a table
  expect((await ask("POST", posts, rows)).status).toBe(201);
  const key = async (body: object) => (await ask("POST", "/v1/api-keys", { name: "k", ...body })).json.secret;
  reader = await key({ collections: { "*": ["list", "get"] }, actAs: { id: "bob" }, readOnly: true });
  ann = await key({ collections: { "*": ["list", "get"] }, actAs: { id: "ann" } });
});

/** Every page by cursor, in order, checking what comes with each. */
async function walk(query: Record<string, string>): Promise<string[]> {
  const found: string[] = [];
  let path = `${posts}?${new URLSearchParams(query)}`;
  for (;;) {
    const page = await server.call("GET", path);
    expect(page.status).toBe(200);
    found.push(...ids(page));
    const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
    expect(link === undefined).toBe(page.json.nextCursor === null);
    if (link === undefined) return found;
    path = link;
  }
}

describe("a list", () => {
  test("sorts by several keys, nulls last ascending and first descending, text by code point, id last and the way of the key before it", async () => {
    const all = (await get({ limit: "1000" })).json.items as Record<string, number | string | null>[];
    const rank = (value: number | string | null | undefined, down: boolean) => (value === null ? (down ? -1 : 1) : 0);
    for (const sort of ["a,b", "-a,b", "a,-b", "-b,-a", "b,-id", "-a"]) {
      const given = sort.split(",");
      const last = given.at(-1)?.startsWith("-") ? "-id" : "id";
      const keys = [...given, ...(sort.includes("id") ? [] : [last])];
      const expected = all.toSorted((x, y) => {
        for (const key of keys) {
          const [name, down] = [key.replace("-", ""), key.startsWith("-")];
          const [p, q] = [x[name] ?? null, y[name] ?? null];
          if (p === q) continue;
          if (p === null || q === null) return rank(p, down) - rank(q, down);
          return (p < q ? -1 : 1) * (down ? -1 : 1);
        }
        return 0;
      });
      for (const limit of ["1", "5", "24", "1000"])
        expect([sort, limit, await walk({ sort, limit })]).toEqual([sort, limit, expected.map(({ id }) => id)]);
    }
  });

  test("binds the parameters of a filter, and counts on request only", async () => {
    const asked = { filter: "author == $who && a > $n", params: '{"who":"ann","n":0}', limit: "2" };
    const page = await get({ ...asked, count: "exact" });
    const all = await get({ ...asked, limit: "1000" });
    expect([page.json.count, page.json.items.length]).toEqual([all.json.items.length, 2]);
    expect(Object.keys(all.json)).toEqual(["items", "nextCursor"]);
    expect(told(await get({ count: "about" }))).toMatch(/^400 .*count$/);
  });

  test("is 30 long unless said, and says how long it may be", async () => {
    await ask(
      "POST",
      "/v1/collections/notes/records",
      Array.from({ length: 31 }, () => ({ text: "x" })),
    );
    expect((await get("", "/v1/collections/notes/records")).json.items).toHaveLength(30);
    for (const limit of ["0", "1001", "-1", "1e2", "x", ""]) expect(told(await get({ limit }))).toBe("400 query_invalid query.limit"); // biome-ignore format: one line
  });

  test("takes a cursor of its own query and caller only", async () => {
    const { nextCursor: cursor } = (await get({ sort: "a", limit: "2" })).json;
    expect((await get({ sort: "a", limit: "5", cursor })).status).toBe(200);
    const altered = `${cursor.slice(0, -2)}${cursor.at(-2) === "A" ? "B" : "A"}${cursor.at(-1)}`;
    for (const query of [{ sort: "-a", cursor }, { sort: "a", filter: "a == 1", cursor }, { sort: "a", cursor: altered }, { sort: "a", cursor: "" }]) // biome-ignore format: a list
      expect(told(await get(query as Record<string, string>))).toMatch(/^400 cursor_invalid/);
    const other = await call(server.url, "GET", `${posts}?sort=a&cursor=${cursor}`, undefined, { as: reader });
    expect(told(other)).toMatch(/^400 cursor_invalid/);
  });
});

describe("what is shown", () => {
  const people = "/v1/collections/people/records";
  const asBob = (path: string) => call(server.url, "GET", path, undefined, { as: reader });

  test("dotted fields narrow, expansions stand in place, limits hold for each parent", async () => {
    expect((await get("/p00?fields=id,title,author.name")).json).toEqual({ id: "p00", title: "t0", author: { name: "Ann" } }); // biome-ignore format: one line
    const { posts: written } = (await get("/ann?expand=posts(limit:3)", people)).json;
    expect(written.map(({ id }: { id: string }) => id)).toEqual(["p00", "p02", "p04"]);
    const both = (await get("?expand=posts(limit:3,sort:-title),reads(limit:1)&sort=id", people)).json.items;
    expect(both.map((one: { posts: unknown[]; reads: unknown[] }) => [one.posts.length, one.reads.length])).toEqual([[3, 1], [3, 1]]); // biome-ignore format: one line
    expect(both[0].posts[0].title).toBe("t8");
    for (const expand of [
      "posts(limit:101)",
      "posts(limit:0)",
      "nope",
      "author",
      "posts(",
      "posts.author.posts.author",
    ])
      expect(told(await get({ expand }, people))).toBe("400 query_invalid query.expand");
    expect(told(await get({ fields: "id,nope" }))).toBe("400 query_invalid query.fields");
  });

  test("a target that may not be seen is null, and left out of a list", async () => {
    const { author, readers } = (await asBob(`${posts}/p03?expand=author,readers`)).json;
    expect([author, readers.map(({ id }: { id: string }) => id)]).toEqual([null, ["ann"]]);
    expect((await asBob(`${posts}/p03?fields=author.name`)).json).toEqual({ author: null });
  });

  test("a field that its caller may not read is left out, and gives the tag of another body", async () => {
    const [hers, his] = [await call(server.url, "GET", `${posts}/p01`, undefined, { as: ann }), await asBob(`${posts}/p01`)]; // biome-ignore format: one line
    expect([hers.json.note, "note" in his.json]).toEqual(["n", false]);
    expect(hers.headers.get("etag")).not.toBe(his.headers.get("etag"));
  });
});

describe("entity tags", () => {
  test("a whole record is named by epoch and version, anything else with a hash; 304 answers both", async () => {
    const plain = "/v1/collections/people/records/ann";
    const whole = await ask("GET", plain);
    expect(whole.headers.get("etag")).toBe(`"${/[^".]+/.exec(whole.headers.get("etag") as string)?.[0]}.${whole.json.version}"`); // biome-ignore format: one line
    for (const path of [plain, `${plain}?fields=id`, `${plain}?expand=posts`, posts, `${posts}?sort=-a&limit=3`]) {
      const first = await ask("GET", path);
      const tag = first.headers.get("etag") as string;
      if (path !== plain) expect(tag).toMatch(/^"\w+\.\d+-[\w-]+"$/);
      expect(first.headers.get("cache-control")).toBe("private, no-cache");
      const again = await ask("GET", path, undefined, { "if-none-match": tag });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", tag]);
    }
  });

  test("a query in a body answers like the same in the address, with its tag and 304, to read-only keys too", async () => {
    const flat = { filter: "a > 0", sort: "-a,b", limit: "5", fields: "id,title", count: "exact" };
    const body = { ...flat, limit: 5, sort: ["-a", "b"] };
    const [page, asked] = [await get(flat), await ask("POST", `${posts}:query`, body)];
    expect([asked.status, asked.json.items, asked.json.count]).toEqual([200, page.json.items, page.json.count]);
    const tag = asked.headers.get("etag") as string;
    expect(tag).toMatch(/^"\w+\.0-[\w-]+"$/);
    expect((await ask("POST", `${posts}:query`, body, { "if-none-match": tag })).status).toBe(304);
    expect((await ask("POST", `${posts}:query`, { ...body, limit: 4 }, { "if-none-match": tag })).status).toBe(200);
    // Safe: a key for repeats has no meaning, and the answer of another time is not replayed.
    const keyed = { "idempotency-key": "query" };
    for (const _ of [1, 2]) {
      const again = await ask("POST", `${posts}:query`, body, keyed);
      expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([200, null]);
    }
    const his = await call(server.url, "POST", `${posts}:query`, { filter: { op: ">", args: [{ op: "name", args: ["a"] }, { op: "value", args: [0] }] } }, { as: reader }); // biome-ignore format: one line
    expect(his.status).toBe(200);
    expect(told(await ask("POST", `${posts}:query`, { nope: 1 }))).toBe("400 input_invalid /nope");
    expect(told(await ask("POST", `${posts}:query`, { limit: 1_001 }))).toBe("400 query_invalid /limit");
  });
});

describe("how much one request may hold", () => {
  const notes = "/v1/collections/notes/records";
  const count = async () => (await get({ count: "exact", limit: "1" }, notes)).json.count as number;

  test("an array of 1 to 1,000 records, all or nothing", async () => {
    const before = await count();
    const many = (length: number) =>
      ask(
        "POST",
        notes,
        Array.from({ length }, (_, n) => ({ text: String(n) })),
      );
    for (const length of [0, 1_001]) {
      const refused = await many(length);
      expect([told(refused), refused.json.errors[0].message]).toEqual(["400 record_invalid", "Expected 1 to 1000 records."]); // biome-ignore format: one line
    }
    expect(await count()).toBe(before);
    const made = await many(1_000);
    expect([made.status, made.json.items.length]).toEqual([201, 1_000]);
    expect(await count()).toBe(before + 1_000);
  });

  test("a batch of 1 to 100 operations", async () => {
    const batch = (length: number, more: object = {}) =>
      ask("POST", "/v1/batch", { operations: Array(length).fill({ op: "get", collection: "posts", id: "p00" }), ...more }); // biome-ignore format: one line
    for (const length of [0, 101]) expect(told(await batch(length))).toBe("400 input_invalid /operations");
    expect((await batch(100)).json.results).toHaveLength(100);
    expect(told(await batch(1, { mode: "both" }))).toBe("400 input_invalid /mode");
  });

  test("an atomic import of 10,000 records, and of every other import any number", async () => {
    const before = await count();
    const lines = (length: number) => Array.from({ length }, (_, n) => `{"text":"${n}"}\n`).join("");
    const send = (length: number, query = "") =>
      ask("POST", `${notes}:import${query}`, lines(length), { "content-type": "application/x-ndjson" });
    expect(told(await send(10_001, "?atomic=true"))).toBe("422 import_too_large");
    expect(await count()).toBe(before);
    expect((await send(10_001)).json).toMatchObject({ imported: 10_001, failed: 0, state: "done" });
    const exported = (await ask("GET", `${notes}:export?filter=text == '10000'`)).text.trim().split("\n");
    expect(exported.map((line) => JSON.parse(line).text)).toEqual(["10000"]);
  });

  test("a parameter that is not known is refused at every door", async () => {
    for (const [method, path] of [["GET", posts], ["GET", `${posts}/p00`], ["POST", posts], ["PATCH", `${posts}/p00`], ["PUT", `${posts}/p00`], ["DELETE", `${posts}/p00`], ["GET", `${posts}:export`], ["POST", `${posts}:query`], ["POST", "/v1/batch"]] as const) // biome-ignore format: a list
      expect([path, told(await ask(method, `${path}?nope=1`, method === "GET" || method === "DELETE" ? undefined : {}))]).toEqual([path, "400 input_invalid query.nope"]); // biome-ignore format: one line
  });
});
