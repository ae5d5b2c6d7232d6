import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { definitions, recordingTools } from "./definition.fixture.ts";
import { isStaleSchema } from "./schemas.ts";
import { createSchemaRegistry, type SchemaRegistry } from "./schemas-registry.ts";

const database = testDatabase();
const { create, change, drop } = definitions(() => database.db, recordingTools());
const never = 3_600_000;
const started: SchemaRegistry[] = [];

async function registry(
  options: { pollMs?: number; subscribe?: (ring: () => void) => () => void } = {},
): Promise<SchemaRegistry> {
  const made = createSchemaRegistry({
    db: database.open({ max: 1 }),
    pollMs: never,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  started.push(made);
  await made.run();
  return made;
}

const seen = (schemas: SchemaRegistry, holds: () => boolean) =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (!holds()) return;
      end();
      resolve();
    };
    const end = schemas.onChange(look);
    look();
  });

beforeAll(async () => {
  await create({ name: "users", fields: [{ name: "name", type: "text" }] });
});
afterAll(() => Promise.all(started.map((one) => one.drain().then(() => one.stop()))));

test("the picture holds fields by name and the ways back from others", async () => {
  await create({
    name: "posts",
    fields: [{ name: "author", type: "relation", collection: "users", inverse: "posts" }],
  });
  const schemas = (await registry()).current();
  const users = schemas.byName.get("users");
  expect(users?.fieldByName.get("name")?.type).toBe("text");
  expect(users?.inverses.get("posts")).toEqual({ collection: "posts", field: "author" });
  expect(schemas.byId.get(users?.id ?? 0)).toBe(users);
  expect(users?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("another process sees a change by its poll, and converges to the same picture", async () => {
  const here = await registry({ pollMs: 20 });
  const there = await registry({ pollMs: 20 });
  const made = await create({ name: "polled" });
  await Promise.all([here, there].map((one) => seen(one, () => one.current().byName.has("polled"))));
  expect(here.current()).toEqual(there.current());
  expect(here.current().byId.get(made.id)?.schemaVersion).toBe(made.schemaVersion);
  await drop("polled");
  await Promise.all([here, there].map((one) => seen(one, () => !one.current().byName.has("polled"))));
});

test("a ring is enough: no poll is needed", async () => {
  let ring = () => {};
  const schemas = await registry({
    subscribe: (given) => {
      ring = given;
      return () => {};
    },
  });
  await change("users", { rules: { list: "true" } });
  expect(schemas.current().byName.get("users")?.rules.list).toBeUndefined();
  ring();
  await seen(schemas, () => schemas.current().byName.get("users")?.rules.list === "true");
});

test("refresh gives what was committed before the call, however many ask at once", async () => {
  const schemas = await registry();
  for (let round = 0; round < 20; round++) {
    const early = schemas.refresh();
    const { schemaVersion } = await change("users", { rules: { get: `id == '${round}'` } });
    const late = await Promise.all([schemas.refresh(), schemas.refresh()]);
    for (const picture of late) expect(picture.byName.get("users")?.schemaVersion).toBe(schemaVersion);
    await early;
  }
});

test("an unchanged picture stays the same object, so that what is compiled for it stays too", async () => {
  const schemas = await registry();
  const before = schemas.current();
  expect(await schemas.refresh()).toBe(before);
  await change("users", { preconditionRequired: true });
  expect(await schemas.refresh()).not.toBe(before);
});

test("statements compiled for an older definition fail in a way that says so", async () => {
  await create({
    name: "old",
    fields: [
      { name: "a", type: "text" },
      { name: "n", type: "date" },
    ],
  });
  const single = database.open({ max: 1 });
  const prepared = { name: "old_all", text: "SELECT * FROM public.old" };
  const statements = [
    "SELECT a FROM public.old",
    "INSERT INTO public.old (id, n) VALUES ('1', '2026-01-01'::date)",
    "SELECT n - 1 FROM public.old",
  ];
  await single.query(prepared);
  await change("old", { fields: [{ name: "n", type: "text" }] }, { confirmLoss: true });
  const failure = (text: string, name?: string) =>
    single.query({ text, ...(name ? { name } : {}) }).catch((error) => error);
  // The pool plans a named statement anew by itself when only its result's types changed.
  expect(await failure(prepared.text, prepared.name)).toEqual([]);
  expect(isStaleSchema(await failure(statements[0] as string))).toBe(true);
  expect(isStaleSchema(await failure(statements[2] as string))).toBe(true);
  await drop("old", { confirmLoss: true });
  expect(isStaleSchema(await failure("SELECT id FROM public.old"))).toBe(true);
  expect(isStaleSchema(await failure("SELECT 1/0"))).toBe(false);
  expect(isStaleSchema(new Error("42P01"))).toBe(false);
});
