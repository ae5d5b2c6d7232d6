// To-many relations: a change of a join table is a change of its owner.
import { beforeAll, beforeEach, expect, test } from "vitest";
import { installCapture } from "../../server/kernel/changelog/capture.ts";
import type { CapturedCollection } from "../../server/kernel/changelog/types.ts";
import { testDatabase } from "../support/database.ts";
import { rawLog, systemColumnsDdl } from "./changelog-support.ts";

const database = testDatabase();
const sql = (text: string, bulk = false) =>
  database.db.transaction((tx) => tx.query({ text }), { tags: { actor: "service", request: "r", bulk } });
let mark = 0;
const posts: CapturedCollection = {
  id: 1,
  table: "posts",
  schemaVersion: 1,
  columns: [{ name: "title", type: "text", sealed: false }],
  joins: [
    { field: "tags", table: "posts__tags", sealed: false },
    { field: "reviewers", table: "posts__reviewers", sealed: true },
    { field: "related", table: "posts__related", sealed: false },
  ],
};

const entries = async () => (await rawLog(database.db, mark)).filter((entry) => entry.op !== "t");
const changes = async () =>
  (await entries()).map(({ op, id, after, before }) => [op, id, after?.tags ?? null, before?.tags ?? null]);

beforeAll(async () => {
  await sql(`CREATE TABLE public.posts (${systemColumnsDdl}, title text)`);
  await sql("CREATE TABLE public.tags (id text PRIMARY KEY)");
  for (const [field, target] of [
    ["tags", "tags"],
    ["reviewers", "tags"],
    ["related", "posts"],
  ]) {
    await sql(`CREATE TABLE public.posts__${field} (
      owner text COLLATE "C" NOT NULL REFERENCES public.posts ON DELETE CASCADE ON UPDATE CASCADE,
      target text COLLATE "C" NOT NULL REFERENCES public.${target} ON DELETE CASCADE ON UPDATE CASCADE,
      position int4 NOT NULL, PRIMARY KEY (owner, target))`);
  }
  await database.db.transaction((tx) => installCapture(tx, posts));
});

beforeEach(async () => {
  await sql("TRUNCATE public.posts, public.tags CASCADE");
  await sql("INSERT INTO public.tags VALUES ('a'), ('b'), ('c'), ('d')");
  await sql("INSERT INTO public.posts (id, title) VALUES ('p', 'x'), ('q', 'x')");
  await sql("INSERT INTO public.posts__tags VALUES ('p', 'b', 1), ('p', 'a', 0)");
  mark = (await rawLog(database.db)).at(-1)?.seq ?? 0;
});

test("a change of the list draws a new version of the owner and stands in its entry, in order", async () => {
  const versions = () =>
    database.db.query<{ version: number }>({ text: "SELECT version FROM public.posts ORDER BY id" });
  const [p, q] = await versions();
  await sql("INSERT INTO public.posts__tags VALUES ('p', 'c', -1)");
  await sql("UPDATE public.posts__tags SET position = 9 WHERE target = 'c'");
  await sql("DELETE FROM public.posts__tags WHERE target = 'a'");
  expect(await changes()).toEqual([
    ["u", "p", ["c", "a", "b"], ["a", "b"]],
    ["u", "p", ["a", "b", "c"], ["c", "a", "b"]],
    ["u", "p", ["b", "c"], ["a", "b", "c"]],
  ]);
  const [later, untouched] = await versions();
  expect(later?.version).toBe((await entries()).at(-1)?.version);
  expect(later?.version).toBeGreaterThan(p?.version ?? 0);
  expect(untouched).toEqual(q);
});

test("a position that moves without changing the order is no change; neither is a field of the owner a change of the list", async () => {
  await sql("UPDATE public.posts__tags SET position = position * 10");
  expect(await changes()).toEqual([]);
  await sql("UPDATE public.posts SET title = 'y' WHERE id = 'p'");
  const [entry] = await entries();
  expect(entry?.after).toMatchObject({ tags: ["a", "b"], related: [] });
  expect(entry?.before).not.toHaveProperty("tags");
  expect(entry?.sealed).toEqual({ after: { reviewers: [] }, before: {} });
});

test("a cascade from the target's side changes every owner", async () => {
  await sql("INSERT INTO public.posts__tags VALUES ('q', 'a', 0)");
  await sql("DELETE FROM public.tags WHERE id = 'a'");
  expect((await changes()).slice(1)).toEqual([
    ["u", "p", ["b"], ["a", "b"]],
    ["u", "q", [], ["a"]],
  ]);
});

test.each([false, true])("deleting the owner is one entry that still knows the list (bulk: %s)", async (bulk) => {
  await sql("DELETE FROM public.posts WHERE id = 'p'", bulk);
  expect(await changes()).toEqual([["d", "p", null, ["a", "b"]]]);
});

test("deleting a target that is an owner itself deletes it and changes those that pointed at it", async () => {
  await sql("INSERT INTO public.posts__related VALUES ('p', 'q', 0), ('q', 'p', 0), ('q', 'q', 1)");
  await sql("DELETE FROM public.posts WHERE id = 'q'");
  const log = (await entries()).slice(2);
  expect(log.map(({ op, id }) => [op, id])).toEqual([
    ["d", "q"],
    ["u", "p"],
  ]);
  expect(log[0]?.before).toMatchObject({ related: ["p", "q"] });
  expect(log[1]?.before).toMatchObject({ related: ["q"] });
  expect(log[1]?.after).toMatchObject({ related: [] });
});

test("a sealed list stays in sealed", async () => {
  await sql("INSERT INTO public.posts__reviewers VALUES ('p', 'c', 0)");
  const [entry] = await entries();
  expect(entry).toMatchObject({
    op: "u",
    before: {},
    sealed: { after: { reviewers: ["c"] }, before: { reviewers: [] } },
  });
  expect(entry?.after).not.toHaveProperty("reviewers");
});

test("in bulk, one statement over many owners is one entry per owner", async () => {
  await sql(
    "INSERT INTO public.posts__tags SELECT o, t, 5 FROM unnest('{p,q}'::text[]) o, unnest('{c,d}'::text[]) t",
    true,
  );
  expect((await changes()).sort()).toEqual([
    ["u", "p", ["a", "b", "c", "d"], ["a", "b"]],
    ["u", "q", ["c", "d"], []],
  ]);
});

test("renaming an owner's id carries its list to the new record", async () => {
  await sql("UPDATE public.posts SET id = 'r' WHERE id = 'p'");
  const log = await changes();
  expect(log.slice(0, 2).map(([op, id]) => [op, id])).toEqual([
    ["d", "p"],
    ["i", "r"],
  ]);
  expect(log.at(-1)?.slice(0, 3)).toEqual(["u", "r", ["a", "b"]]);
});

test("truncating a join table changes the owners that had entries", async () => {
  await sql("TRUNCATE public.posts__tags");
  expect(await changes()).toEqual([["u", "p", [], ["a", "b"]]]);
});

test("two writers of one owner's list: the later entry holds both changes", async () => {
  const other = database.open({ max: 1 });
  let second: Promise<unknown> | undefined;
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "INSERT INTO public.posts__tags VALUES ('p', 'c', 2)" });
    second = other.query({ text: "INSERT INTO public.posts__tags VALUES ('p', 'd', 3)" });
    const waiting = { text: "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'" };
    while ((await tx.query(waiting)).length === 0);
  });
  await second;
  expect(await changes()).toEqual([
    ["u", "p", ["a", "b", "c"], ["a", "b"]],
    ["u", "p", ["a", "b", "c", "d"], ["a", "b", "c"]],
  ]);
});
