// Definitions with the real expression language and the real capture triggers: the log tells every change in the columns
// that the record had when it was made.
import { beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { definitions, refusalOf } from "./definition.fixture.ts";
import { definitionTools } from "./definition-tools.ts";

const database = testDatabase();
const { create, change, drop } = definitions(() => database.db, definitionTools({ lockTimeoutMs: 4_000 }));
const sql = (text: string, values: readonly unknown[] = []) =>
  database.db.query<Record<string, unknown>>({ text, values });

const operations: Record<string, string> = {
  i: "insert",
  u: "update",
  d: "delete",
  t: "truncate",
  s: "schema",
  r: "rules",
  x: "drop",
};

async function log(collection: number) {
  const rows = await sql(
    `SELECT op::text AS op, id, after, sealed, "schemaVersion", actor FROM landfall.change WHERE collection = $1 ORDER BY seq`,
    [collection],
  );
  return rows.map((row) => ({ ...row, op: operations[String(row.op)] })) as unknown as {
    op: string;
    id: string | null;
    after: Record<string, unknown> | null;
    sealed: { after?: Record<string, unknown> } | null;
    schemaVersion: number;
    actor: string | null;
  }[];
}

beforeAll(() => create({ name: "users", fields: [{ name: "name", type: "text" }] }));

test("every change of a definition keeps capture whole: renames, conversions, hidden fields, lists, fills", async () => {
  const made = await create({
    name: "posts",
    fields: [
      { name: "title", type: "text" },
      { name: "size", type: "integer" },
      { name: "readers", type: "relation", collection: "users", many: true },
    ],
  });
  await sql("INSERT INTO public.users (id) VALUES ('u1')");
  await sql("INSERT INTO public.posts (id, title, size) VALUES ('p1', NULL, 7)");
  const changed = await change("posts", {
    name: "articles",
    fields: [
      { name: "headline", was: "title", type: "text", required: true, default: "none" },
      { name: "size", type: "decimal", hidden: true },
      { name: "seen", was: "readers", type: "relation", collection: "users", many: true },
      { name: "place", type: "geo" },
    ],
  });
  await sql("UPDATE public.articles SET place_lat = 1, place_lng = 2 WHERE id = 'p1'");
  await sql("INSERT INTO public.articles__seen VALUES ('p1', 'u1', 0)");
  const entries = await log(made.id);
  expect(entries.map((entry) => entry.op)).toEqual(["insert", "update", "schema", "rules", "update", "update"]);
  expect(entries[0]).toMatchObject({ after: { title: null, size: 7 }, schemaVersion: made.schemaVersion });
  expect(entries[1]).toMatchObject({
    after: { headline: "none" },
    actor: "admin:a",
    schemaVersion: changed.schemaVersion,
  });
  expect(entries.at(-1)).toMatchObject({ after: { headline: "none", seen: ["u1"], place_lat: 1 } });
  expect(entries.at(-1)?.sealed?.after).toMatchObject({ size: "7" });
  expect(entries.at(-1)?.after).not.toHaveProperty("size");
  await drop("articles", { confirmLoss: true });
  expect((await log(made.id)).at(-1)).toMatchObject({ op: "drop", id: null });
  expect(
    await sql(
      "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname IN ('articles', 'articles__seen')",
    ),
  ).toEqual([]);
});

test("a rule is refused with its place and what to write instead", async () => {
  const refused = await refusalOf(
    create({ name: "t", fields: [{ name: "n", type: "number" }], rules: { list: "n == 1 && m == 2" } }),
  );
  expect(refused.code).toBe("collection_invalid");
  expect(refused.issues).toHaveLength(1);
  expect(refused.issues[0]).toMatch(/^\/rules\/list /);
  expect(refused.messages).toContain("line 1, column 11");
});

test("a rule through a relation breaks when its target loses the field", async () => {
  await create({
    name: "notes",
    fields: [{ name: "author", type: "relation", collection: "users" }],
    rules: { list: "author.name == 'Ann'" },
  });
  const refused = await refusalOf(change("users", { fields: [] }, { confirmLoss: true }));
  expect(refused.messages).toContain("“notes” would break at /rules/list");
  await create({
    name: "marks",
    fields: [{ name: "note", type: "relation", collection: "notes", inverse: "marks" }],
    rules: { get: "note.author.name == 'Ann'" },
  });
  await create({ name: "free", rules: { list: "collection(\"notes\").exists(n, n.author.name == 'Ann')" } });
  const further = await refusalOf(change("users", { fields: [] }, { confirmLoss: true }));
  for (const name of ["notes", "marks", "free"]) expect(further.messages).toContain(`“${name}” would break`);
  await drop("free");
  await drop("marks");
  await change("notes", { rules: { list: "true" } });
  await change("users", { fields: [] }, { confirmLoss: true });
});

test("D04 ReDoS: a pattern is of the linear-time subset or is refused", async () => {
  const field = { name: "code", type: "text", pattern: "(?=a)+" };
  expect((await refusalOf(create({ name: "codes", fields: [field] }))).issues).toEqual(["/fields/0/pattern pattern"]);
  await create({ name: "codes", fields: [{ ...field, pattern: "^[A-Z]{2}-[0-9]{1,4}$" }] });
});

test("the bounds of a definition hold for SQL of others, now and after every change", async () => {
  await create({
    name: "goods",
    fields: [
      { name: "code", type: "text", max: 3 },
      { name: "kind", type: "select", values: ["a", "b"] },
      { name: "place", type: "geo" },
    ],
  });
  const insert = (columns: string, values: string) => sql(`INSERT INTO public.goods (${columns}) VALUES (${values})`);
  const refused = (constraint: string, columns: string, values: string) =>
    expect(insert(columns, values), values).rejects.toMatchObject({ code: "23514", constraint });
  await insert("id, code, kind", "'g1', 'abc', 'b'");
  await refused("id_check", "id", "'a b'");
  await refused("id_check", "id", "''");
  await refused("id_check", "id", "repeat('x', 65)");
  await refused("id_check", "id", "E'a\\n'");
  await refused("code_check", "id, code", "'g2', 'abcd'");
  await refused("kind_check", "id, kind", "'g2', 'c'");
  await refused("place_check", "id, place_lat", "'g2', 1");

  const fields = [
    { name: "name", was: "code", type: "text", max: 2 },
    { name: "kind", type: "select", values: ["a", "b", "c"], required: true, default: "c" },
    { name: "place", type: "geo" },
    { name: "count", type: "integer", min: 1, default: 1 },
  ];
  expect((await refusalOf(change("goods", { fields }))).issues).toEqual(["/fields/0 holds_other_values"]);
  await refused("code_check", "id, code", "'g2', 'abcd'");
  await sql("UPDATE public.goods SET code = 'ab', kind = NULL");
  await change("goods", { fields });
  expect(await sql("SELECT name, kind, count FROM public.goods")).toEqual([{ name: "ab", kind: "c", count: 1 }]);
  await refused("name_check", "id, name", "'g2', 'abc'");
  await refused("count_check", "id, count", "'g2', 0");
  await insert("id, kind", "'g2', 'c'");
  await change("goods", { fields: [fields[1]] }, { confirmLoss: true });
  await refused("kind_check", "id, kind", "'g3', 'd'");
  await insert("id, kind", "'g3', 'a'");
});
