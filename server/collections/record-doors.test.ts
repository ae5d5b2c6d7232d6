// The HTTP doors as a client meets them: headers, batch, import, export.
import { Readable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import type { Reply, Route } from "../kernel/http/route.ts";
import { textOfOctets } from "../kernel/octets.ts";
import { batchRoutes } from "./batch.ts";
import { denialRoutes } from "./denial-routes.ts";
import { importer } from "./import.ts";
import { lineBytesMax } from "./import-lines.ts";
import { importRoutes } from "./import-routes.ts";
import { recordRoutes } from "./record-routes.ts";
import { admin, anonymous, outcome, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  { name: "users", fields: [{ name: "name", type: "text" }], rules: { list: "true" } },
  {
    name: "posts",
    fields: [
      { name: "title", type: "text", required: true, max: 50 },
      { name: "n", type: "integer" },
      { name: "author", type: "relation", collection: "users", inverse: "posts" },
      { name: "readers", type: "relation", collection: "users", many: true, inverse: "reads" },
      { name: "meta", type: "json" },
      { name: "note", type: "text", hidden: true },
    ],
    indexes: [{ fields: ["n"], unique: true }],
    rules: {
      list: "author == auth.id || n == 1",
      create: "author == auth.id",
      update: "author == auth.id",
      delete: "author == auth.id",
    },
  },
  { name: "careful", fields: [{ name: "title", type: "text" }], preconditionRequired: true },
  {
    name: "comments",
    fields: [
      { name: "text", type: "text" },
      { name: "post", type: "relation", collection: "posts", inverse: "comments" },
    ],
    rules: { list: "text != 'secret'" },
  },
]);

let routes: ReadonlyMap<string, Route>;
beforeAll(async () => {
  const doors = { room: bed.room, reader: bed.reader, writer: bed.writer, bulk: bed.bulk };
  const all = [
    ...recordRoutes(doors),
    ...batchRoutes(doors),
    ...importRoutes(doors, importer(bed.room, bed.bulk)),
    ...denialRoutes(bed.room),
  ];
  routes = new Map(all.map((route) => [route.name, route]));
  for (const id of ["ann", "bob"]) await bed.writer.create(bed.ctx(), "users", { id, name: id });
});

interface Call {
  readonly params?: object;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly stream?: Iterable<string | Buffer>;
}

/** Runs a route as the pipeline does: query and body validated by its schemas. */
async function call(
  actor: Actor,
  name: string,
  { params = {}, query = {}, body, headers = {}, stream = [] }: Call,
): Promise<Reply> {
  const route = routes.get(name) as Route;
  const door = route.door ?? "rest";
  return route.handler(bed.ctx(actor, { door }), {
    params: route.params ? route.params.parse(params) : params,
    query: route.parseQuery ? route.parseQuery(query) : route.query ? route.query.parse(query) : {},
    body: route.body ? route.body.parse(body) : undefined,
    headers,
    stream: Readable.from(stream),
    ip: "127.0.0.1",
  });
}
const textOf = ({ text, octets, json }: Reply) =>
  octets === undefined ? (text ?? JSON.stringify(json)) : textOfOctets(octets);
const json = (reply: Reply) => JSON.parse(textOf(reply));
const posts = { collection: "posts" };
const ann = user("ann");

describe("records", () => {
  test("create answers 201 with a Location and an ETag that If-Match takes", async () => {
    const made = await call(ann, "createRecords", { params: posts, body: { id: "etag", title: "a", author: "ann" } });
    expect(made).toMatchObject({ status: 201, headers: { Location: "/v1/collections/posts/records/etag" } });
    expect(made.etag).toBe(`e1.${json(made).version}`);
    const at = { params: { ...posts, id: "etag" } };
    const patch = (match: string) =>
      outcome(call(ann, "updateRecord", { ...at, body: { title: "b" }, headers: { "if-match": match } }));
    const lists = ['"e1.1", "e1.2"', `"e1.1", W/"${made.etag}"`, `"${made.etag}.1"`];
    for (const lost of ['"e2.5"', '"e1.1"', `W/"${made.etag}"`, '"e1"', '"e1.99999999999999999999"', ...lists]) {
      expect(await patch(lost), lost).toBe("412 record_version_conflict");
    }
    for (const malformed of ["junk", `"${made.etag}`, `"${made.etag}" "e1.1"`, ""]) {
      expect(await patch(malformed), malformed).toBe("400 input_invalid: header.If-Match entity_tag_invalid");
    }
    expect(await patch(`"e2.5", "e1.1", "${made.etag}-abc-gz"`)).toBe("ok");
    expect(await patch(`"${made.etag}"`)).toBe("412 record_version_conflict");
    const read = await call(ann, "getRecord", { ...at, query: { fields: "id,title" } });
    expect(read.etag).toMatch(/^e1\.\d+-[\w-]{27}$/);
    expect(json(read)).toEqual({ id: "etag", title: "b" });
  });

  test("a list pages by cursor and says so in Link", async () => {
    for (let n = 0; n < 5; n++) await bed.writer.create(bed.ctx(), "users", { id: `page${n}`, name: "page" });
    const query = { filter: "name == 'page'", sort: "-id", limit: "2" };
    const first = await call(anonymous, "listRecords", { params: { collection: "users" }, query });
    expect(json(first).items.map(({ id }: { id: string }) => id)).toEqual(["page4", "page3"]);
    const next = new URL(/^<(.+)>; rel="next"$/.exec(first.headers?.Link ?? "")?.[1] as string, "http://x");
    expect(next.pathname).toBe("/v1/collections/users/records");
    expect(next.searchParams.get("cursor")).toBe(json(first).nextCursor);
    const second = await call(anonymous, "listRecords", {
      params: { collection: "users" },
      query: Object.fromEntries(next.searchParams),
    });
    expect(json(second).items.map(({ id }: { id: string }) => id)).toEqual(["page2", "page1"]);
    const body = { ...query, limit: 10, count: "exact" };
    const whole = await call(anonymous, "queryRecords", { params: { collection: "users" }, body });
    expect(json(whole)).toMatchObject({ nextCursor: null, count: 5 });
    const tree = {
      op: "==",
      args: [
        { op: "name", args: ["name"] },
        { op: "value", args: ["page"] },
      ],
    };
    expect(
      json(await call(anonymous, "queryRecords", { params: { collection: "users" }, body: { filter: tree } })).items,
    ).toHaveLength(5);
    expect(await outcome(call(anonymous, "listRecords", { params: posts, query: { nope: "1" } }))).toMatch(
      /^400 input_invalid/,
    );
  });

  test("expand nests, limits per parent, and obeys each target's rules", async () => {
    for (const id of ["x1", "x2"]) {
      await bed.writer.create(bed.ctx(), "posts", { id, title: id, author: "bob", readers: ["bob", "ann"] });
      for (const text of ["one", "two", "secret", "three"]) {
        await bed.writer.create(bed.ctx(), "comments", { id: `${id}-${text}`, text, post: id });
      }
    }
    const query = { expand: "posts(limit:1).comments(limit:2,sort:-text),posts.readers", fields: "id" };
    const read = await call(user("bob"), "getRecord", { params: { collection: "users", id: "bob" }, query });
    const [post, ...others] = json(read).posts;
    expect(others).toEqual([]);
    expect(post).toMatchObject({ id: "x1", author: "bob", readers: [{ id: "bob", name: "bob" }, { id: "ann" }] });
    expect(post.comments.map(({ text }: { text: string }) => text)).toEqual(["two", "three"]);
    const dotted = await call(user("bob"), "getRecord", {
      params: { ...posts, id: "x1" },
      query: { fields: "title,author.name" },
    });
    expect(json(dotted)).toEqual({ title: "x1", author: { name: "bob" } });
    const greedy = { expand: "posts(limit:100).comments(limit:100)", limit: "1000" };
    expect(await outcome(call(anonymous, "listRecords", { params: { collection: "users" }, query: greedy }))).toBe(
      "400 query_invalid: query.expand too_many",
    );
  });

  test("a collection may require preconditions", async () => {
    const careful = { params: { collection: "careful", id: "c" } };
    const put = (headers: Record<string, string>) =>
      outcome(call(admin, "replaceRecord", { ...careful, body: { title: "t" }, headers }));
    expect(await put({})).toBe("428 record_precondition_required");
    expect(await put({ "if-none-match": "*" })).toBe("ok");
    expect(await put({ "if-none-match": "*" })).toBe("412 record_exists");
    expect(await put({ "if-match": "*" })).toBe("ok");
    expect(await outcome(call(admin, "deleteRecord", careful))).toBe("428 record_precondition_required");
  });

  test("J09 prototype pollution via JSON", async () => {
    for (const text of [
      '{"__proto__":{"polluted":1},"title":"x"}',
      '{"title":"x","constructor":{"prototype":{"polluted":1}}}',
    ]) {
      expect(await outcome(call(admin, "createRecords", { params: posts, body: JSON.parse(text) }))).toMatch(/^400/);
    }
    const meta = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    await call(admin, "createRecords", { params: posts, body: { id: "proto", title: "x", meta } });
    const patched = await call(admin, "updateRecord", { params: { ...posts, id: "proto" }, body: { meta } });
    expect(JSON.stringify(json(patched).meta)).toContain('"__proto__":{"polluted":1}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

test("what is wrong with a query is named where it stands: in the address, or in the body", async () => {
  const users = { collection: "users" };
  const inUrl = (query: Record<string, string>) => outcome(call(admin, "listRecords", { params: users, query }));
  const inBody = (body: object) => outcome(call(admin, "queryRecords", { params: users, body }));
  expect(await inUrl({ filter: "nope" })).toBe("400 query_invalid: query.filter expression_unknown_name");
  expect(await inBody({ filter: "nope" })).toBe("400 query_invalid: /filter expression_unknown_name");
  expect(await inUrl({ sort: "nope" })).toBe("400 query_invalid: query.sort unknown_field");
  expect(await inBody({ sort: "nope" })).toBe("400 query_invalid: /sort unknown_field");
  expect(await inBody({ expand: "nope" })).toBe("400 query_invalid: /expand unknown_field");
});

test("params are read as a body is, and what they may not hold is named by its place in them", async () => {
  const params = (text: string) =>
    outcome(
      call(admin, "listRecords", { params: { collection: "users" }, query: { filter: "name == $a", params: text } }),
    );
  expect(await params('{"a":"\\u0000"}')).toBe("400 input_invalid: query.params/a text_invalid");
  expect(await params('{"a":"\\ud800"}')).toBe("400 input_invalid: query.params/a text_invalid");
  expect(await params('{"a":["x",{"b/c":"\\udfff"}]}')).toBe("400 input_invalid: query.params/a/1/b~1c text_invalid");
  expect(await params('{"a":"x","k\\u0000":1}')).toBe("400 input_invalid: query.params/k\ufffd text_invalid");
  expect(await params('{"a":"x","__proto__":{"b":1}}')).toBe("400 input_invalid: query.params/__proto__ key_forbidden");
  expect(await params(`{"a":${"[".repeat(7_000)}${"]".repeat(7_000)}}`)).toBe(
    "400 query_invalid: query.params invalid",
  );
  for (const text of ["", "[]", "null", '"a"', "{", "1"])
    expect(await params(text)).toBe("400 query_invalid: query.params invalid");
  expect(await params('{"a":"\\ud83d\\ude00"}')).toBe("ok");
});

describe("batch", () => {
  const batch = async (actor: Actor, body: object) => json(await call(actor, "batch", { body }));

  test("atomic: references name earlier ids, reads see earlier writes", async () => {
    const { results } = await batch(admin, {
      operations: [
        { op: "create", collection: "users", body: { name: "new" } },
        {
          op: "create",
          collection: "posts",
          body: { title: "ref", author: { $idOf: 0 }, readers: [{ $idOf: 0 }, "ann"], meta: { $idOf: 0 } },
        },
        { op: "patch", collection: "posts", id: { $idOf: 1 }, body: { title: "ref2" } },
        { op: "get", collection: "posts", id: { $idOf: 1 } },
        { op: "list", collection: "posts", body: { filter: "title == 'ref2'" } },
        { op: "delete", collection: "posts", id: { $idOf: 1 } },
      ],
    });
    expect(results.map(({ status }: { status: number }) => status)).toEqual([201, 201, 200, 200, 200, 204]);
    expect(results[3].body).toMatchObject({
      title: "ref2",
      author: results[0].body.id,
      readers: [results[0].body.id, "ann"],
      meta: { $idOf: 0 },
    });
    expect(results[4].body.items).toHaveLength(1);
  });

  test("atomic: one failure undoes all and names its operation", async () => {
    const operations = [
      { op: "create", collection: "posts", body: { id: "undone", title: "a" } },
      { op: "create", collection: "posts", body: { title: "x".repeat(51) } },
    ];
    expect(await outcome(batch(admin, { operations }))).toBe("422 record_unprocessable: /operations/1/body/title max");
    expect(await outcome(bed.reader.read(bed.ctx(), "posts", "undone"))).toBe("404 record_not_found");
    const late = [{ op: "get", collection: "posts", id: { $idOf: 0 } }];
    expect(await outcome(batch(admin, { operations: late }))).toMatch(/^400 batch_invalid/);
  });

  test("a version given in an operation that lost is 409; each goes on behind a failure", async () => {
    const made = await bed.writer.create(bed.ctx(), "posts", { id: "ver", title: "a" });
    const patch = { op: "patch", collection: "posts", id: "ver", body: { title: "b" } };
    const version = Number(made.version);
    expect(await outcome(batch(admin, { operations: [{ ...patch, version: 1 }] }))).toBe("409 record_version_conflict");
    const operations = [
      { ...patch, version: 1 },
      { ...patch, version },
      { op: "get", collection: "nowhere", id: "x" },
    ];
    const { results } = await batch(admin, { mode: "each", operations });
    expect(results.map(({ status }: { status: number }) => status)).toEqual([409, 200, 404]);
    expect(results[0].problem).toMatchObject({ code: "record_version_conflict", status: 409, title: "Conflict" });
  });

  test("an error names its place in the request", async () => {
    const at = async (operation: object) =>
      outcome(batch(admin, { operations: [{ collection: "posts", ...operation }] }));
    expect(await at({ op: "patch", body: {} })).toBe("400 batch_invalid: /operations/0/id required");
    expect(await at({ op: "create", body: { title: "a", author: { $idOf: 0 } } })).toBe(
      "400 batch_invalid: /operations/0/body/author reference",
    );
    expect(await at({ op: "put", id: "a b", body: { title: "a" } })).toBe(
      "422 record_unprocessable: /operations/0/id format",
    );
    expect(await at({ op: "list", body: { sort: "nope" } })).toBe(
      "400 query_invalid: /operations/0/body/sort unknown_field",
    );
    // The body of a list is checked by what checks that of records:query.
    expect(await at({ op: "list", body: { nope: 1 } })).toBe("400 input_invalid: /operations/0/body/nope unknown");
    expect(await at({ op: "list", body: { expand: { author: { limit: "x" } } } })).toMatch(
      /^400 input_invalid: .operations.0.body.expand/,
    );
    expect(await at({ op: "list", body: { expand: { comments: { limit: 2 } } } })).toBe("ok");
    expect(await at({ op: "create", id: "one", body: { id: "two", title: "a" } })).toBe(
      "422 record_unprocessable: /operations/0/body/id id_mismatch",
    );
    expect(await at({ op: "create", id: "one", body: "text" })).toBe("400 record_invalid: /operations/0/body type");
    expect(await at({ op: "create", id: "one" })).toBe("422 record_unprocessable: /operations/0/body/title required");
  });

  test("a member that an operation would ignore is refused", async () => {
    const at = async (operation: object) =>
      outcome(batch(admin, { operations: [{ collection: "posts", ...operation }] }));
    for (const [operation, member] of [
      [{ op: "create", body: { title: "a" }, version: 3 }, "version"],
      [{ op: "get", id: "x1", version: 3 }, "version"],
      [{ op: "put", id: "x1", body: { title: "a" }, upsert: true }, "upsert"],
      [{ op: "delete", id: "x1", body: {} }, "body"],
    ] as const) {
      expect(await at(operation)).toBe(`400 batch_invalid: /operations/0/${member} unknown`);
    }
  });

  test("the rules are those of every other door", async () => {
    const operations = [
      { op: "create", collection: "posts", body: { title: "mine", author: "ann" } },
      { op: "create", collection: "posts", body: { title: "hers", author: "bob" } },
      { op: "delete", collection: "posts", id: "x1" },
      { op: "patch", collection: "posts", id: { $idOf: 0 }, body: { note: "hidden" } },
    ];
    const { results } = await batch(ann, { mode: "each", operations });
    expect(results.map(({ status }: { status: number }) => status)).toEqual([201, 403, 404, 400]);
  });

  test("D03 amplification: a batch has a limit", async () => {
    const operations = Array(101).fill({ op: "get", collection: "posts", id: "x" });
    await expect(batch(admin, { operations })).rejects.toThrow();
  });
});

describe("import and export", () => {
  const lines = (rows: Iterable<unknown>) =>
    [...rows].map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n");
  const send = async (actor: Actor, text: string, query: Record<string, string> = {}, headers = {}) =>
    call(actor, "importRecords", { params: posts, query, headers, stream: [text.slice(0, 700), text.slice(700)] });
  const people = (count: number, name: string) =>
    Array.from({ length: count }, (_, n) => ({ id: `${name}${n}`, title: `${name} ${n} é` }));

  test("takes what it can, says what it could not and where", async () => {
    const rows: unknown[] = people(2_500, "im");
    rows[3] = "{broken";
    rows[1_200] = { title: "x".repeat(51) };
    rows[1_300] = { ...(rows[0] as object) };
    rows[2_400] = "";
    const answer = json(await send(admin, lines(rows), { importId: "i1" }));
    expect(answer).toMatchObject({ importId: "i1", state: "done", lines: 2_500, imported: 2_496, failed: 3 });
    expect(
      answer.errors.map(({ line, path, code }: { line: number; path: string; code: string }) => [line, path, code]),
    ).toEqual([
      [4, "", "json_malformed"],
      [1_201, "/title", "max"],
      [1_301, "/id", "taken"],
    ]);
    const known = { text: `SELECT reltuples::int AS rows FROM pg_class WHERE oid = 'public.posts'::regclass` };
    expect((await database.db.query<{ rows: number }>(known))[0]?.rows).toBeGreaterThanOrEqual(2_496);
    expect(json(await send(admin, lines(rows), { importId: "i1" }))).toEqual(answer);
    expect(await outcome(send(admin, "{}", { importId: "../x" }))).toMatch(/^400/);
    expect(await outcome(send(ann, lines(rows), { importId: "i1" }))).toBe("409 import_mismatch");
  });

  test("a line is read as a body is: no U+0000, no lone surrogate, no __proto__, 64 levels", async () => {
    const rows = [
      '{"title":"a\\u0000"}',
      '{"title":"a","meta":{"b":["\\ud800"]}}',
      '{"title":"a","meta":{"__proto__":{"c":1}}}',
      `{"title":"a","meta":${"[".repeat(64)}${"]".repeat(64)}}`,
      '{"title":"a","meta":{"b":"\\ud83d\\ude00"}}',
    ];
    const { imported, errors } = json(await send(admin, rows.join("\n")));
    expect(imported).toBe(1);
    expect(errors).toMatchObject([
      { line: 1, path: "/title", code: "text_invalid" },
      { line: 2, path: "/meta/b/0", code: "text_invalid" },
      { line: 3, path: "/meta/__proto__", code: "key_forbidden" },
      { line: 4, path: "", code: "json_too_deep" },
    ]);
  });

  test("goes on behind the last chunk when it broke off", async () => {
    const rows = people(2_200, "res");
    const text = lines(rows);
    async function* broken() {
      yield Buffer.from(text.slice(0, Math.floor(text.length * 0.7)));
      throw new Error("connection lost");
    }
    const route = routes.get("importRecords") as Route;
    const input = { params: posts, query: { importId: "r1" }, body: undefined, headers: {}, ip: "" };
    const first = route.handler(bed.ctx(), { ...input, stream: Readable.from(broken()) });
    await expect(first).rejects.toThrow("connection lost");
    const answer = json(await send(admin, text, { importId: "r1" }));
    expect(answer).toMatchObject({ imported: 2_200, failed: 0, lines: 2_200, state: "done" });
    const count = await bed.list(admin, "posts", { limit: "1", count: "exact", filter: "id.startsWith('res')" });
    expect(count.count).toBe(2_200);
  });

  test("atomic takes all or nothing", async () => {
    const rows = people(1_500, "at");
    rows[1_400] = { id: "at0", title: "again" };
    const before = (await bed.list(admin, "posts", { limit: "1", count: "exact" })).count;
    expect(await outcome(send(admin, lines(rows), { atomic: "true" }))).toBe("409 record_conflict: /1401/id taken");
    expect((await bed.list(admin, "posts", { limit: "1", count: "exact" })).count).toBe(before);
    expect(json(await send(admin, lines(people(1_500, "at")), { atomic: "true" }))).toMatchObject({ imported: 1_500 });
  });

  test("rules and hidden fields hold in an import", async () => {
    const rows = [
      { title: "a", author: "ann" },
      { title: "b", author: "bob" },
      { title: "c", author: "ann", note: "x" },
    ];
    const answer = json(await send(ann, lines(rows)));
    expect(answer).toMatchObject({ imported: 1, failed: 2 });
    expect(answer.errors.map(({ code }: { code: string }) => code)).toEqual(["record_forbidden", "unknown_field"]);
    expect(await outcome(send(anonymous, "{}"))).toBe("ok");
  });

  test("hostile bytes are refused with their line", async () => {
    for (const text of [`{"title":"ok"}\n${"x".repeat(lineBytesMax + 1)}`]) {
      expect(await outcome(send(admin, text))).toBe("400 import_invalid");
    }
    const bytes = call(admin, "importRecords", { params: posts, stream: [Buffer.from([0xff, 0xfe, 0x0a])] });
    expect(await outcome(bytes)).toBe("400 import_invalid");
  });

  test("progress comes line by line to those who ask for it", async () => {
    const reply = await send(admin, lines(people(2_100, "pr")), {}, { accept: "application/x-ndjson" });
    const text = await new Response(Readable.toWeb(reply.stream as Readable) as ReadableStream).text();
    const progress = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(progress.map(({ imported }) => imported)).toEqual([1_000, 2_000, 2_100, 2_100]);
    expect(progress.at(-1)).toMatchObject({ state: "done", failed: 0 });
  });

  test("an export holds what its caller may list, and can be imported again", async () => {
    const exported = async (actor: Actor, query = {}) => {
      const reply = await call(actor, "exportRecords", { params: posts, query });
      const text = await new Response(Readable.toWeb(reply.stream as Readable) as ReadableStream).text();
      return text.split("\n").filter(Boolean);
    };
    const all = await exported(admin);
    expect(all).toHaveLength((await bed.list(admin, "posts", { limit: "1", count: "exact" })).count as number);
    const mine = (await exported(ann)).map((line) => JSON.parse(line));
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.every(({ author }) => author === "ann")).toBe(true);
    expect(await outcome(exported(anonymous, { filter: "nope == 1" }))).toMatch(/^400/);
    const first = all.slice(0, 1_100);
    for (const line of first) await bed.writer.remove(bed.ctx(), "posts", JSON.parse(line).id);
    expect(json(await send(admin, first.join("\n")))).toMatchObject({ imported: 1_100, failed: 0 });
    const again = (await exported(admin)).map((line) => JSON.parse(line));
    const plain = (record: object) => ({ ...record, createdAt: 0, updatedAt: 0, version: 0 });
    expect(again.map(plain)).toEqual(all.map((line) => plain(JSON.parse(line))));
  });
});

test("denials are read by admins, page by page, filtered by collection", async () => {
  for (let n = 0; n < 5; n++) await outcome(bed.writer.create(bed.ctx(ann), "posts", { title: "x", author: "bob" }));
  const first = await call(admin, "listDenials", { query: { collection: "posts", limit: "3" } });
  const { items, nextCursor } = json(first);
  expect(items).toHaveLength(3);
  expect(items[0]).toMatchObject({
    collection: "posts",
    operation: "create",
    clause: "author == auth.id",
    actor: "user:ann",
  });
  const second = json(
    await call(admin, "listDenials", { query: { collection: "posts", limit: "1000", cursor: nextCursor } }),
  );
  expect(second.items.length).toBeGreaterThanOrEqual(2);
  expect(await outcome(call(admin, "listDenials", { query: { cursor: nextCursor } }))).toBe("400 cursor_invalid");
});
