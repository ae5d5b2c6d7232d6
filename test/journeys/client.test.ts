// An app developer's first hour with the client, against a real server: write, ask, page, change, collide, batch.
import { append, createClient, defineSchema, increment, LandfallError, remove } from "@landfall/client";
import { beforeAll, expect, test } from "vitest";
import { testServer } from "../support/server.ts";

const server = testServer();

const schema = defineSchema({
  collections: {
    people: {
      fields: { name: { type: "text", required: true }, city: { type: "text" } },
      inverses: { tasks: { collection: "tasks", field: "assignee" }, owned: { collection: "tasks", field: "owners" } },
    },
    tasks: {
      fields: {
        title: { type: "text", required: true },
        status: { type: "select", values: ["draft", "open", "done"], default: "draft" },
        points: { type: "integer", required: true, default: 0 },
        hours: { type: "number" },
        cost: { type: "decimal" },
        tags: { type: "text", many: true },
        urgent: { type: "bool" },
        due: { type: "datetime" },
        day: { type: "date" },
        place: { type: "geo" },
        extra: { type: "json" },
        assignee: { type: "relation", collection: "people" },
        owners: { type: "relation", collection: "people", many: true },
      },
    },
  },
});

type Lf = ReturnType<typeof createClient<typeof schema>>;
let ann: Lf;
let nobody: Lf;

beforeAll(async () => {
  const people = {
    name: "people",
    kind: "base",
    fields: [
      { name: "name", type: "text", required: true },
      { name: "city", type: "text" },
    ],
    rules: { list: "true", create: "auth.signedIn" },
  };
  const tasks = {
    name: "tasks",
    kind: "base",
    fields: [
      { name: "title", type: "text", required: true, max: 50 },
      { name: "status", type: "select", values: ["draft", "open", "done"], default: "draft" },
      { name: "points", type: "integer", required: true, default: 0 },
      { name: "hours", type: "number" },
      { name: "cost", type: "decimal" },
      { name: "tags", type: "text", many: true },
      { name: "urgent", type: "bool" },
      { name: "due", type: "datetime" },
      { name: "day", type: "date" },
      { name: "place", type: "geo" },
      { name: "extra", type: "json" },
      { name: "assignee", type: "relation", collection: "people", onDelete: "setNull", inverse: "tasks" },
      { name: "owners", type: "relation", collection: "people", many: true, inverse: "owned" },
    ],
    rules: { list: "auth.signedIn", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.id == 'ann'" },
  };
  for (const definition of [people, tasks]) {
    const made = await server.call("POST", "/v1/collections", definition);
    expect(made.status, made.text).toBe(201);
  }
  const all = ["list", "get", "create", "update", "delete"];
  const key = await server.call("POST", "/v1/api-keys", {
    name: "ann",
    collections: { "*": all },
    actAs: { id: "ann", roles: [], teams: [], claims: {} },
  });
  expect(key.status, key.text).toBe(201);
  ann = createClient({ url: server.url, schema, token: key.json.secret });
  nobody = createClient({ url: server.url, schema });
});

test("what was written comes back, in the contract's forms", async () => {
  const person = await ann.from("people").create({ id: "p1", name: "Åse 𝒳", city: null });
  expect(person).toMatchObject({ id: "p1", name: "Åse 𝒳", city: null, version: expect.any(Number) });
  const task = await ann.from("tasks").create({
    title: "Paint the boat",
    hours: -0,
    cost: "12.50",
    tags: ["sea", "red"],
    due: "2026-06-01T12:00:00+02:00",
    day: "2026-06-01",
    place: { lat: 59.9, lng: 10.7 },
    extra: { a: [1, null, { b: "c" }] },
    assignee: "p1",
    owners: ["p1"],
  });
  expect(task).toMatchObject({
    title: "Paint the boat",
    status: "draft",
    points: 0,
    hours: 0,
    cost: "12.50",
    tags: ["sea", "red"],
    urgent: null,
    due: "2026-06-01T10:00:00.000Z",
    day: "2026-06-01",
    place: { lat: 59.9, lng: 10.7 },
    extra: { a: [1, null, { b: "c" }] },
    assignee: "p1",
    owners: ["p1"],
  });
  expect(await ann.from("tasks").get(task.id)).toEqual(task);
});

test("every operator of a filter asks what it says", async () => {
  const made = await ann.from("tasks").create([
    {
      id: "f1",
      title: "alpha",
      status: "open",
      points: 5,
      hours: 1.5,
      tags: ["a"],
      urgent: true,
      due: "2026-01-01T00:00:00Z",
      day: "2026-01-01",
      assignee: "p1",
      place: { lat: 0, lng: 0 },
    },
    {
      id: "f2",
      title: "beta",
      status: "done",
      points: 10,
      hours: 2,
      tags: ["a", "b"],
      urgent: false,
      due: "2026-02-01T00:00:00Z",
      day: "2026-02-01",
      place: { lat: 0, lng: 1 },
    },
    { id: "f3", title: "gamma", status: "open", points: 15, tags: [] },
  ]);
  expect(made.map((task) => task.id)).toEqual(["f1", "f2", "f3"]);
  const ids = async (filter: Parameters<ReturnType<Lf["from"]>["filter"]>[0]) =>
    (
      await ann
        .from("tasks")
        .filter({ id: { in: ["f1", "f2", "f3"] } })
        .filter(filter as never)
        .sort("id")
        .list()
    ).items
      .map((task) => task.id)
      .join(" ");
  const cases: [object, string][] = [
    [{ status: "open" }, "f1 f3"],
    [{ status: { ne: "open" } }, "f2"],
    [{ points: { gt: 5, lte: 15 } }, "f2 f3"],
    [{ hours: { gte: 1.5 } }, "f1 f2"],
    [{ hours: null }, "f3"],
    [{ urgent: false }, "f2"],
    [{ title: { startsWith: "al" } }, "f1"],
    [{ title: { contains: "et", endsWith: "a" } }, "f2"],
    [{ tags: { has: "b" } }, "f2"],
    [{ tags: { isEmpty: true } }, "f3"],
    [{ tags: { isEmpty: false } }, "f1 f2"],
    [{ due: { lt: "2026-01-15T00:00:00Z" } }, "f1"],
    [{ due: "2026-02-01T01:00:00+01:00" }, "f2"],
    [{ day: { gt: "2026-01-15" } }, "f2"],
    [{ assignee: "p1" }, "f1"],
    [{ assignee: { name: { startsWith: "Å" } } }, "f1"],
    [{ place: { near: { lat: 0, lng: 0, withinMetres: 1_000 } } }, "f1"],
    [{ place: null }, "f3"],
    [{ status: { in: ["done", "draft"] } }, "f2"],
    [{ status: { in: [] } }, ""],
    [{ or: [{ points: 5 }, { title: "gamma" }] }, "f1 f3"],
    [{ or: [] }, ""],
    [{ and: [] }, "f1 f2 f3"],
    [{ not: { status: "open", points: { gt: 10 } } }, "f1 f2"],
    [{ createdAt: { gt: "2026-01-01T00:00:00Z" }, version: { gt: 0 } }, "f1 f2 f3"],
    [{ owners: { has: "p1" } }, ""],
    [{}, "f1 f2 f3"],
  ];
  for (const [filter, expected] of cases) expect(await ids(filter as never), JSON.stringify(filter)).toBe(expected);
  const busy = await ann
    .from("people")
    .filter({ tasks: { some: { points: { gt: 4 }, status: "open" } } })
    .list();
  expect(busy.items.map((person) => person.id)).toEqual(["p1"]);
  expect(() => ann.from("tasks").filter({ nope: 1 } as never)).toThrow(
    expect.objectContaining({ code: "invalid_argument" }),
  );
});

test("json is asked for as a whole, with lists and objects", async () => {
  const values = {
    j1: [1, 2, 3],
    j2: { tags: ["a"], n: 1, deep: { x: null } },
    j3: "a",
    j4: null,
    j5: [3, 2, 1],
    j6: {},
  };
  await ann.from("tasks").create(Object.entries(values).map(([id, extra]) => ({ id, title: "json", extra })));
  const ids = async (filter: object) =>
    (await ann.from("tasks").filter({ title: "json" }).filter(filter).sort("id").list()).items
      .map((task) => task.id)
      .join(" ");
  expect(await ids({ extra: [1, 2, 3] })).toBe("j1");
  expect(await ids({ extra: { eq: [1, 2, 3] } })).toBe("j1");
  expect(await ids({ extra: { ne: [1, 2, 3] } })).toBe("j2 j3 j4 j5 j6");
  expect(await ids({ extra: { eq: { n: 1, deep: { x: null }, tags: ["a"] } } })).toBe("j2");
  expect(await ids({ extra: { eq: { n: 1, tags: ["a"] } } })).toBe("");
  expect(await ids({ extra: { eq: {} } })).toBe("j6");
  expect(await ids({ extra: { in: [[3, 2, 1], {}, "a"] } })).toBe("j3 j5 j6");
  expect(await ids({ not: { extra: { in: ["a", [1, 2, 3]] } } })).toBe("j2 j4 j5 j6");
  expect(await ids({ extra: "a" })).toBe("j3");
  expect(await ids({ extra: null })).toBe("j4");
});

test("a filter with an undefined value asks nothing of the server", async () => {
  const found: { readonly name?: string } = {};
  const lost = () => ann.from("people").filter({ name: found.name } as { name: string });
  expect(lost).toThrow(
    expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining('"name"') }),
  );
  const task = await ann.from("tasks").create({ title: "Keep", tags: ["a"] });
  const same = await ann.from("tasks").update(task.id, { title: undefined, points: 1 } as object);
  expect(same).toMatchObject({ title: "Keep", points: 1 });
});

test("pages visit everything once, counts and first agree", async () => {
  await ann.from("people").create(Array.from({ length: 25 }, (_, n) => ({ id: `page-${n}`, name: "Same name" })));
  const same = ann.from("people").filter({ name: "Same name" }).sort("name").limit(10);
  const sizes: number[] = [];
  for await (const page of same.pages()) sizes.push(page.items.length);
  expect(sizes).toEqual([10, 10, 5]);
  const seen = new Set<string>();
  for await (const person of same) seen.add(person.id);
  expect(seen.size).toBe(25);
  expect(await same.count()).toBe(25);
  expect(await ann.from("people").filter({ name: "nobody" }).first()).toBeNull();
  const chosen = await ann.from("people").fields("name").filter({ id: "page-1" }).first();
  expect(chosen).toEqual({ name: "Same name" });
});

test("expanded relations stand in place", async () => {
  const task = await ann
    .from("tasks")
    .filter({ id: "f1" })
    .expand({ assignee: { expand: { tasks: { limit: 1 } } }, owners: true })
    .first();
  expect(task?.assignee?.name).toBe("Åse 𝒳");
  expect(task?.assignee?.tasks).toHaveLength(1);
  expect(task?.owners).toEqual([]);
  const person = await ann
    .from("people")
    .fields("name")
    .expand({ tasks: { limit: 2 } })
    .get("p1");
  expect(person.name).toBe("Åse 𝒳");
  expect(person.tasks.length).toBe(2);
});

test("parallel increments all count; the loser of a version check is told", async () => {
  const { id, version } = await ann.from("tasks").create({ title: "Count", tags: ["x"] });
  await Promise.all(Array.from({ length: 20 }, () => ann.from("tasks").update(id, { points: increment(2) })));
  expect((await ann.from("tasks").get(id)).points).toBe(40);
  await ann.from("tasks").update(id, { tags: append("y") });
  expect((await ann.from("tasks").update(id, { tags: remove("x") })).tags).toEqual(["y"]);
  const stale = await ann
    .from("tasks")
    .update(id, { title: "Mine" }, { ifVersion: version })
    .catch((error: unknown) => error);
  expect(stale).toBeInstanceOf(LandfallError);
  expect(stale).toMatchObject({ status: 412, retryable: false });
  const current = await ann.from("tasks").get(id);
  expect((await ann.from("tasks").update(id, { title: "Mine" }, { ifVersion: current.version })).title).toBe("Mine");
  await ann.from("tasks").delete(id);
  await expect(ann.from("tasks").get(id)).rejects.toMatchObject({ status: 404 });
});

test("upsert creates and replaces", async () => {
  const made = await ann.from("tasks").upsert({ id: "up-1", title: "One", points: 3 });
  expect(made.points).toBe(3);
  const replaced = await ann.from("tasks").upsert({ id: "up-1", title: "Two" });
  expect(replaced).toMatchObject({ title: "Two", points: 0 });
  expect(replaced.version).toBeGreaterThan(made.version);
});

test("several records are upserted in one request, all or none", async () => {
  await ann.from("tasks").create({ id: "many-1", title: "One", points: 3 });
  const both = await ann.from("tasks").upsert([
    { id: "many-1", title: "Uno" },
    { id: "many-2", title: "Due", points: 2 },
  ]);
  expect(both).toMatchObject([
    { id: "many-1", title: "Uno", points: 0 },
    { id: "many-2", title: "Due", points: 2 },
  ]);
  const failed = ann.from("tasks").upsert([
    { id: "many-1", title: "Eins" },
    { id: "many-3", title: "x".repeat(51) },
  ]);
  await expect(failed).rejects.toMatchObject({ status: 422, code: "record_unprocessable" });
  expect((await ann.from("tasks").get("many-1")).title).toBe("Uno");
});

test("a batch is all or nothing, and later operations may name earlier ones", async () => {
  const [task, person, gone] = await ann.batch((b) => {
    const person = b.from("people").create({ name: "Bo" });
    const task = b.from("tasks").create({ title: "For Bo", assignee: person.id });
    return [task, person, b.from("tasks").delete("up-1")];
  });
  expect(task.assignee).toBe(person.id);
  expect(gone).toBeNull();
  const before = await ann.from("people").count();
  const failed = ann.batch((b) => [
    b.from("people").create({ name: "Cy" }),
    b.from("tasks").create({ title: "x".repeat(51) }),
  ]);
  await expect(failed).rejects.toMatchObject({
    status: expect.toSatisfy((status: number) => status === 400 || status === 422),
  });
  expect(await ann.from("people").count()).toBe(before);
});

test("errors name the field; strangers see nothing", async () => {
  const long = await ann
    .from("tasks")
    .create({ title: "x".repeat(51) })
    .catch((error: LandfallError) => error);
  expect(long).toBeInstanceOf(LandfallError);
  expect((long as LandfallError).issueOf("title")).toBeDefined();
  expect((await nobody.from("tasks").list()).items).toEqual([]);
  await expect(nobody.from("tasks").get("f1")).rejects.toMatchObject({ status: 404 });
  await expect(nobody.from("people").create({ name: "x" })).rejects.toBeInstanceOf(LandfallError);
});
