import type { Logger } from "pino";
import { describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { admin, outcome, recordTestbed } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  { name: "users", fields: [{ name: "name", type: "text" }] },
  {
    name: "posts",
    fields: [
      { name: "title", type: "text", required: true, max: 20 },
      { name: "status", type: "select", values: ["draft", "open"], default: "draft" },
      { name: "likes", type: "integer", max: 100 },
      { name: "score", type: "number" },
      { name: "price", type: "decimal" },
      { name: "tags", type: "text", many: true },
      { name: "places", type: "geo", many: true },
      { name: "place", type: "geo" },
      { name: "meta", type: "json" },
      { name: "at", type: "datetime" },
      { name: "author", type: "relation", collection: "users", inverse: "posts", onDelete: "cascade" },
      { name: "editors", type: "relation", collection: "users", many: true, inverse: "edits" },
      { name: "seen", type: "autodate", on: "update" },
    ],
    indexes: [{ fields: ["title"], unique: true }],
  },
]);

const create = async (body: object) => JSON.parse((await bed.writer.create(bed.ctx(), "posts", body)).text);
const update = async (id: string, body: object) =>
  JSON.parse((await bed.writer.update(bed.ctx(), "posts", id, body)).text);

describe("create", () => {
  test("gives the record in the contract's forms, defaults and lists filled in", async () => {
    const record = await create({ id: "p1", title: 'é\u{1F600}"\\', at: "2026-01-02T03:04:05.6+01:00", price: "1.50" });
    expect(Object.keys(record)).toEqual([
      ...["id", "title", "status", "likes", "score", "price", "tags", "places", "place", "meta", "at", "author"],
      ...["editors", "seen", "createdAt", "updatedAt", "version"],
    ]);
    expect(record).toMatchObject({
      id: "p1", title: "é\u{1F600}\"\\", status: "draft", likes: null, price: "1.50", tags: [], places: [], place: null,
      meta: null, at: "2026-01-02T02:04:05.600Z", author: null, editors: [],
    }); // biome-ignore format: one record
    expect(record.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const read = await bed.reader.read(bed.ctx(), "posts", "p1");
    expect(JSON.parse(read.text)).toEqual(record);
    expect(read.etag).toBe(`e1.${record.version}`);
  });

  test("a client without an id gets a UUIDv7", async () => {
    expect((await create({ title: "uuid" })).id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test("B01 mass assignment: system fields, unknown names and prototype names are refused", async () => {
    for (const name of ["createdAt", "updatedAt", "version", "seen", "nope", "__proto__", "constructor"]) {
      const body = JSON.parse(`{"title":"b01","${name}":"2026-01-01T00:00:00Z"}`);
      const code = ["nope", "__proto__", "constructor"].includes(name) ? "unknown_field" : "read_only";
      expect(await outcome(create(body))).toBe(`400 record_invalid: /${name} ${code}`);
    }
  });

  test("J05 object where a scalar is expected", async () => {
    for (const value of [{}, [], { $ne: 1 }, true, 5]) {
      expect(await outcome(create({ title: value }))).toBe("400 record_invalid: /title type");
      expect(await outcome(create({ title: "x", author: value }))).toBe("400 record_invalid: /author type");
      expect(await outcome(create({ id: value, title: "x" }))).toBe("400 record_invalid: /id type");
    }
    for (const body of [null, 5, "x", true]) expect(await outcome(create(body as never))).toMatch(/^400/);
  });

  test("taken ids, taken values, missing targets and impossible values each have their own answer", async () => {
    await create({ id: "taken", title: "taken" });
    expect(await outcome(create({ id: "taken", title: "other" }))).toBe("409 record_conflict: /id taken");
    expect(await outcome(create({ title: "taken" }))).toBe("409 record_conflict: /title taken");
    expect(await outcome(create({ title: "t", author: "nobody" }))).toBe(
      "422 record_unprocessable: /author relation_not_found",
    );
    expect(await outcome(create({ title: "t", editors: ["nobody"] }))).toBe(
      "422 record_unprocessable: /editors relation_not_found",
    );
    expect(await outcome(create({ title: "x".repeat(21) }))).toBe("422 record_unprocessable: /title max");
    expect(await outcome(create({}))).toBe("422 record_unprocessable: /title required");
    expect(await outcome(create({ title: "big", meta: "\u{10FFFF}".repeat(3000) }))).toBe("ok");
  });

  test("lists of relations are kept in order, in the record and in the version it answers with", async () => {
    for (const id of ["a", "b", "c"]) await bed.writer.create(bed.ctx(), "users", { id });
    const made = await bed.writer.create(bed.ctx(), "posts", { id: "list", title: "list", editors: ["b", "a"] });
    expect(JSON.parse(made.text)).toMatchObject({ editors: ["b", "a"], version: Number(made.version) });
    expect((await bed.reader.read(bed.ctx(), "posts", "list")).version).toBe(made.version);
    expect((await update("list", { editors: { $append: ["c", "b"] } })).editors).toEqual(["b", "a", "c"]);
    expect((await update("list", { editors: { $remove: "b" } })).editors).toEqual(["a", "c"]);
    const last = await bed.writer.update(bed.ctx(), "posts", "list", { editors: ["c", "b", "a"] });
    expect(JSON.parse(last.text).editors).toEqual(["c", "b", "a"]);
    expect((await bed.reader.read(bed.ctx(), "posts", "list")).version).toBe(last.version);
  });
});

describe("update", () => {
  test("PATCH merges: null is NULL, json merges deep, everything else stays", async () => {
    await create({ id: "m", title: "m", likes: 3, meta: { a: { b: 1, c: 2 }, d: [1] }, place: { lat: 1, lng: 2 } });
    expect(await update("m", { likes: null, meta: { a: { b: null, x: { y: null, z: 1 } }, d: [2] } })).toMatchObject({
      title: "m",
      likes: null,
      meta: { a: { c: 2, x: { z: 1 } }, d: [2] },
      place: { lat: 1, lng: 2 },
    });
    expect((await update("m", { meta: 5 })).meta).toBe(5);
    expect((await update("m", { meta: { $increment: 1 } })).meta).toEqual({ $increment: 1 });
  });

  test("operators work on what is stored and refuse what cannot be kept", async () => {
    await create({
      id: "o",
      title: "o",
      tags: ["a", "b", "a"],
      score: 1e308,
      places: [
        { lat: 1, lng: 2 },
        { lat: 3, lng: 4 },
      ],
    });
    expect(await update("o", { likes: { $increment: 5 }, price: { $increment: "0.10" } })).toMatchObject({
      likes: 5,
      price: "0.10",
    });
    expect(await outcome(update("o", { likes: { $increment: 96 } }))).toBe("422 record_unprocessable: /likes range");
    expect(await outcome(update("o", { score: { $increment: 1e308 } }))).toBe("422 record_unprocessable: /score range");
    expect((await update("o", { score: { $increment: -1e308 } })).score).toBe(0);
    const long = `${"9".repeat(150)}.5`;
    expect((await update("o", { price: { $increment: long } })).price).toBe(`${"9".repeat(150)}.60`);
    expect(await outcome(update("o", { price: { $increment: `0.${"0".repeat(60)}1` } }))).toBe(
      "422 record_unprocessable: /price range",
    );
    expect((await update("o", { tags: { $append: "c" } })).tags).toEqual(["a", "b", "a", "c"]);
    expect((await update("o", { tags: { $remove: "a" } })).tags).toEqual(["b", "c"]);
    expect((await update("o", { places: { $remove: { lat: 1, lng: 2 } } })).places).toEqual([{ lat: 3, lng: 4 }]);
    expect(await outcome(update("o", { likes: { $increment: "1" } }))).toBe(
      "400 record_invalid: /likes/$increment type",
    );
    expect(await outcome(update("o", { title: { $append: "1" } }))).toBe("400 record_invalid: /title type");
  });

  test("If-Match: the loser of a race is told, a matching version wins", async () => {
    const { version } = await create({ id: "v", title: "v" });
    const write = (ifMatch: "*" | readonly string[]) =>
      outcome(bed.writer.update(bed.ctx(), "posts", "v", { likes: 1 }, { ifMatch }));
    expect(await write(["1"])).toBe("412 record_version_conflict");
    expect(await write([])).toBe("412 record_version_conflict");
    expect(await write(["1", String(version), "2"])).toBe("ok");
    expect(await write([String(version)])).toBe("412 record_version_conflict");
    expect(await write("*")).toBe("ok");
  });

  test("an update that changes nothing keeps its version; autodate fields follow real ones", async () => {
    const before = await create({ id: "n", title: "n" });
    const after = await update("n", { title: "other n" });
    expect(after.version).toBeGreaterThan(before.version);
  });
});

describe("PUT, upsert and delete", () => {
  const put = (id: string, body: object, options = {}) => bed.writer.replace(bed.ctx(), "posts", id, body, options);
  test("PUT creates, then replaces: absent fields take their default", async () => {
    expect((await put("put", { title: "put", likes: 4 })).created).toBe(true);
    const second = await put("put", { title: "put2" });
    expect(second.created).toBe(false);
    expect(JSON.parse(second.text)).toMatchObject({ title: "put2", likes: null, status: "draft" });
    expect(await outcome(put("put", { title: "z" }, { ifNoneMatch: true }))).toBe("412 record_exists");
    expect(await outcome(put("put", { id: "x", title: "z" }))).toBe("422 record_unprocessable: /id id_mismatch");
  });

  test("If-Match on what is not there: lost where there would have been a record, and missing elsewhere", async () => {
    const { update: patch, upsert, replace, remove } = bed.writer;
    for (const ifMatch of ["*", ["1"]] as const) {
      const lost = "412 record_version_conflict";
      expect(await outcome(replace(bed.ctx(), "posts", "nix", { title: "z" }, { ifMatch }))).toBe(lost);
      expect(await outcome(upsert(bed.ctx(), "posts", "nix", { title: "z" }, { ifMatch }))).toBe(lost);
      // Without the condition these are 404, and then it does not count (RFC 9110 §13.2.1).
      const missing = "404 record_not_found";
      expect(await outcome(patch(bed.ctx(), "posts", "nix", { title: "z" }, { ifMatch }))).toBe(missing);
      expect(await outcome(remove(bed.ctx(), "posts", "nix", { ifMatch }))).toBe(missing);
    }
  });

  test("PATCH with upsert merges or creates, operators starting from nothing", async () => {
    const upsert = async (body: object) => JSON.parse((await bed.writer.upsert(bed.ctx(), "posts", "ups", body)).text);
    expect(await upsert({ title: "ups", likes: { $increment: 2 }, tags: { $append: "a" } })).toMatchObject({
      likes: 2,
      tags: ["a"],
    });
    expect(await upsert({ likes: { $increment: 2 }, title: "ups" })).toMatchObject({
      likes: 4,
      tags: ["a"],
      title: "ups",
    });
  });

  test("PATCH with upsert merges what it names; only a record that it has to create must be whole", async () => {
    const upsert = (id: string, body: object) => bed.writer.upsert(bed.ctx(), "posts", id, body);
    await create({ id: "part", title: "part", likes: 99 });
    const { text, created } = await upsert("part", { likes: { $increment: -50 }, tags: { $append: "a" } });
    expect([created, JSON.parse(text)]).toMatchObject([false, { title: "part", likes: 49, tags: ["a"] }]);
    const missing = "422 record_unprocessable: /title required";
    expect(await outcome(upsert("new", { likes: 1 }))).toBe(missing);
    expect(await outcome(bed.writer.upsert(bed.ctx(), "posts", "part", { likes: 1 }, { ifNoneMatch: true }))).toBe(
      missing,
    );
  });

  test("delete says 404 the second time; restrict and version are obeyed", async () => {
    const { version } = await create({ id: "d", title: "d" });
    const remove = (options = {}) => outcome(bed.writer.remove(bed.ctx(), "posts", "d", options));
    expect(await remove({ ifMatch: ["1"] })).toBe("412 record_version_conflict");
    expect(await remove({ ifMatch: [String(version)] })).toBe("ok");
    expect(await remove()).toBe("404 record_not_found");
  });

  test("a cascade takes the referring records with it", async () => {
    await bed.writer.create(bed.ctx(), "users", { id: "doomed" });
    await create({ id: "hers", title: "hers", author: "doomed" });
    await bed.writer.remove(bed.ctx(), "users", "doomed");
    expect(await outcome(bed.reader.read(bed.ctx(), "posts", "hers"))).toBe("404 record_not_found");
  });
});

test("a cascade over 10,000 records is refused before it begins", async () => {
  await bed.define({
    name: "logs",
    fields: [{ name: "user", type: "relation", collection: "users", onDelete: "cascade" }],
  });
  await bed.writer.create(bed.ctx(), "users", { id: "busy" });
  for (let chunk = 0; chunk < 10; chunk++) {
    await bed.bulk.createMany(bed.ctx(), "logs", Array(1_000).fill({ user: "busy" }), { silent: true });
  }
  const last = await bed.writer.create(bed.ctx(), "logs", { user: "busy" });
  const remove = () => outcome(bed.writer.remove(bed.ctx(), "users", "busy"));
  expect(await remove()).toBe("409 record_cascade_too_large");
  await bed.writer.remove(bed.ctx(), "logs", last.id);
  expect(await remove()).toBe("ok");
  expect((await bed.list(admin, "logs", { count: "exact", limit: "1" })).count).toBe(0);
});

test("a cascade that meets records twice counts those it has not met", async () => {
  const to = { type: "relation", collection: "users", onDelete: "setNull" } as const;
  await bed.define({
    name: "pairs",
    fields: [
      { name: "first", ...to },
      { name: "second", ...to },
    ],
  });
  await bed.writer.create(bed.ctx(), "users", { id: "twice" });
  const both = { first: "twice", second: "twice" };
  for (const body of [...Array(9).fill(both), { second: "twice" }, { second: "twice" }]) {
    await bed.bulk.createMany(bed.ctx(), "pairs", Array(1_000).fill(body), { silent: true });
  }
  const remove = () => outcome(bed.writer.remove(bed.ctx(), "users", "twice"));
  expect(await remove()).toBe("409 record_cascade_too_large");
});

test("a record that others refer to by a required relation stays", async () => {
  await bed.define({
    name: "tickets",
    fields: [{ name: "user", type: "relation", collection: "users", required: true }],
  });
  await bed.writer.create(bed.ctx(), "users", { id: "needed" });
  await bed.writer.create(bed.ctx(), "tickets", { user: "needed" });
  expect(await outcome(bed.writer.remove(bed.ctx(), "users", "needed"))).toBe("409 record_in_use");
});

test("a definition that changed elsewhere is met with one more try, inside a transaction with an answer", async () => {
  await bed.define({ name: "moving", fields: [{ name: "title", type: "text" }] });
  await bed.writer.create(bed.ctx(), "moving", { id: "m" });
  // As if another process had dropped the collection: this one's picture is old.
  await database.db.query({ text: "ALTER TABLE moving RENAME TO moved" });
  const warned: unknown[] = [];
  const log = { info() {}, warn: (what: { err: { code: string } }) => warned.push(what.err.code) } as unknown as Logger;
  const write = (ctx = bed.ctx(admin, { log })) => outcome(bed.writer.update(ctx, "moving", "m", { title: "x" }));
  expect(await write()).toBe("409 record_definition_changed");
  expect(warned, "what lasts is for the operator to see").toEqual(["42P01"]);
  expect(await database.db.transaction((tx) => write(bed.ctx(admin, { db: tx })))).toBe(
    "409 record_definition_changed",
  );
  await database.db.query({ text: "ALTER TABLE moved RENAME TO moving" });
  expect(await write()).toBe("ok");
});

test("O08 200 parallel increments and version-checked updates on one row", async () => {
  await create({ id: "o08", title: "o08" });
  const wide = database.open({ max: 10 });
  const ctx = () => bed.ctx(admin, { db: wide });
  await Promise.all(
    Array.from({ length: 200 }, () => bed.writer.update(ctx(), "posts", "o08", { score: { $increment: 1 } })),
  );
  const { version } = await bed.reader.read(bed.ctx(), "posts", "o08");
  const results = await Promise.all(
    Array.from({ length: 200 }, () =>
      outcome(bed.writer.update(ctx(), "posts", "o08", { score: { $increment: 1 } }, { ifMatch: [version] })),
    ),
  );
  expect(results.filter((result) => result === "ok")).toHaveLength(1);
  expect(results.filter((result) => result === "412 record_version_conflict")).toHaveLength(199);
  expect(JSON.parse((await bed.reader.read(bed.ctx(), "posts", "o08")).text).score).toBe(201);
});

test("no setting stays on the connection, and the log knows the actor of every shape of write", async () => {
  const one = database.open({ max: 1 });
  const ctx = bed.ctx(admin, { db: one, requestId: "shape" });
  await bed.writer.create(ctx, "posts", { id: "s", title: "s" });
  await bed.writer.update(ctx, "posts", "s", { title: "s2", editors: ["a"] });
  await bed.writer.replace(ctx, "posts", "s", { title: "s3" });
  await bed.writer.remove(ctx, "posts", "s");
  const settings = await one.query({ text: "SELECT coalesce(current_setting('landfall.actor', true), '') AS actor" });
  expect(settings).toEqual([{ actor: "" }]);
  const entries = await one.query<{ actor: string; request: string }>({
    text: "SELECT actor, request FROM landfall.change WHERE id = 's'",
  });
  expect(entries.length).toBeGreaterThanOrEqual(4);
  expect(new Set(entries.map(({ actor, request }) => `${actor} ${request}`))).toEqual(new Set(["service shape"]));
});
