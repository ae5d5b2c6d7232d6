import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asSuperuser, testDatabase } from "../../test/support/database.ts";
import { definitions, recordingTools, refusalOf } from "./definition.fixture.ts";

const database = testDatabase();
const tools = recordingTools();
const { create, change, drop } = definitions(() => database.db, tools);

const sql = (text: string, values: readonly unknown[] = []) => database.db.query({ text, values });
const users = { name: "users", fields: [{ name: "name", type: "text" }] };

/** Tables, columns, constraints and indexes of schema public, and the stored definitions: what must not change half. */
async function shape(): Promise<unknown> {
  return {
    columns: await sql(
      `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS default
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2`,
    ),
    constraints: await sql(
      `SELECT conrelid::regclass::text AS t, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2`,
    ),
    indexes: await sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
    definitions: await sql('SELECT name, definition, "schemaVersion" FROM landfall.collection ORDER BY name'),
  };
}

/** The same objects whichever way a definition came about: made at once, or by changes. */
const withoutVersions = (of: unknown) =>
  JSON.parse(JSON.stringify(of, (key, value) => (key === "schemaVersion" ? undefined : value)));

/** Up to Postgres 14 the schema is not the database owner's to drop. */
beforeAll(
  async () =>
    void (await asSuperuser(
      database.connection.host as string,
      "ALTER SCHEMA public OWNER TO landfall",
      database.name,
    )),
);

beforeEach(async () => {
  await sql("DROP SCHEMA public CASCADE");
  await sql("CREATE SCHEMA public");
  await sql("DELETE FROM landfall.collection");
  tools.calls.length = 0;
});

const posts = {
  name: "posts",
  fields: [
    { name: "title", type: "text", required: true, max: 200 },
    { name: "status", type: "select", values: ["draft", "open"], default: "draft" },
    { name: "tags", type: "text", many: true },
    { name: "author", type: "relation", collection: "users", required: true, onDelete: "cascade", inverse: "posts" },
    { name: "readers", type: "relation", collection: "users", many: true },
    { name: "place", type: "geo" },
    { name: "note", type: "text", hidden: true },
  ],
  indexes: [{ fields: ["status", "createdAt"] }, { fields: ["title"], unique: true }, { fields: ["place"] }],
  rules: { list: "status == 'open'" },
};

test("a collection is a real table with constraints, foreign keys, a join table and indexes", async () => {
  await create(users);
  const schema = await create(posts);
  expect(schema).toMatchObject({ name: "posts", kind: "base", preconditionRequired: false });
  expect(tools.calls.at(-1)).toBe(
    "install posts title:text,status:text,tags:text[],author:text,place_lat:float8,place_lng:float8,note:text sealed note",
  );
  await sql(`INSERT INTO users (id) VALUES ('u1'), ('u2')`);
  await sql(`INSERT INTO posts (id, title, author) VALUES ('p1', 'a', 'u1'), ('p2', 'b', 'u2')`);
  await sql(`INSERT INTO posts__readers VALUES ('p1', 'u1', 0), ('p1', 'u2', 1)`);
  const [row] = await sql(`SELECT status, tags, version FROM posts WHERE id = 'p1'`);
  expect(row).toEqual({ status: "draft", tags: [], version: 0 });
  await sql("DELETE FROM users WHERE id = 'u2'");
  expect(await sql("SELECT id FROM posts")).toEqual([{ id: "p1" }]);
  expect(await sql("SELECT target FROM posts__readers")).toEqual([{ target: "u1" }]);
  const indexes = (await sql("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'posts'")) as {
    indexname: string;
    indexdef: string;
  }[];
  expect(Object.fromEntries(indexes.map((one) => [one.indexname, one.indexdef.replace(/^.*btree /, "")]))).toEqual({
    posts_pkey: "(id)",
    posts_status_createdAt_idx: '(status, "createdAt", id)',
    posts_title_key: "(title)",
    posts_place_idx: "(place_lat, place_lng, id)",
    posts_author_ref: "(author)",
  });
});

test("foreign keys can wait for the end of a transaction, so that an atomic batch may create in any order", async () => {
  await create(users);
  await create(posts);
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "SET CONSTRAINTS ALL DEFERRED" });
    await tx.query({ text: `INSERT INTO posts (id, title, author) VALUES ('p1', 'a', 'u9')` });
    await tx.query({ text: `INSERT INTO users (id) VALUES ('u9')` });
  });
  await expect(sql(`INSERT INTO posts (id, title, author) VALUES ('p2', 'b', 'u8')`)).rejects.toMatchObject({
    code: "23503",
  });
});

interface Scenario {
  readonly name: string;
  readonly fields: readonly object[];
  readonly indexes?: readonly object[];
  /** SQL run before the change. */
  readonly rows?: string;
  readonly patch: object;
  readonly confirmLoss?: boolean;
  /** Query and rows afterwards. */
  readonly gives?: readonly [query: string, rows: readonly object[]];
  readonly calls?: readonly string[];
  readonly refused?: readonly string[];
}

const text = { name: "a", type: "text" };
const announced = ["announce schema"];
const scenarios: readonly Scenario[] = [
  {
    name: "a field is added",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [text, { name: "b", type: "integer" }] },
    gives: ["SELECT a, b FROM t", [{ a: "x", b: null }]],
    calls: ["install t a:text,b:int8 sealed", ...announced],
  },
  {
    name: "a field with a default fills the records there are",
    fields: [text],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [text, { name: "b", type: "number", required: true, default: 1.5 }] },
    gives: ["SELECT b FROM t", [{ b: 1.5 }]],
  },
  {
    name: "a list is added empty",
    fields: [],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [{ name: "b", type: "decimal", many: true }] },
    gives: ["SELECT b FROM t", [{ b: [] }]],
  },
  {
    name: "a required field without a default needs an empty collection",
    fields: [],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [{ ...text, required: true }] },
    refused: ["/fields required"],
  },
  {
    name: "a required field is added to an empty collection",
    fields: [],
    patch: { fields: [{ ...text, required: true }] },
  },
  {
    name: "a field is renamed with its values",
    fields: [text],
    indexes: [{ fields: ["a"] }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [{ ...text, name: "b", was: "a" }], indexes: [{ fields: ["b"] }] },
    gives: ["SELECT b FROM t", [{ b: "x" }]],
  },
  {
    name: "two fields swap names",
    fields: [text, { name: "b", type: "text", max: 5 }],
    indexes: [{ fields: ["a"] }, { fields: ["b"] }],
    rows: "INSERT INTO t (id, a, b) VALUES ('1', 'x', 'y')",
    patch: {
      fields: [
        { ...text, name: "b", was: "a" },
        { name: "a", type: "text", max: 5, was: "b" },
      ],
    },
    gives: ["SELECT a, b FROM t", [{ a: "y", b: "x" }]],
  },
  {
    name: "a field takes the name of one given up",
    fields: [text, { name: "b", type: "integer" }],
    rows: "INSERT INTO t (id, b) VALUES ('1', 7)",
    patch: { fields: [{ name: "a", type: "integer", was: "b" }] },
    gives: ["SELECT a FROM t", [{ a: 7 }]],
  },
  {
    name: "a new field takes the name of a renamed one",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: {
      fields: [
        { ...text, name: "b", was: "a" },
        { name: "a", type: "bool" },
      ],
    },
    gives: ["SELECT a, b FROM t", [{ a: null, b: "x" }]],
  },
  {
    name: "an index that is not sent follows its field",
    fields: [text, { name: "b", type: "text" }],
    indexes: [{ fields: ["a"] }, { fields: ["b", "a"], unique: true }],
    patch: {
      fields: [
        { ...text, name: "b", was: "a" },
        { name: "a", type: "text", was: "b" },
      ],
    },
  },
  {
    name: "an index without its field is refused",
    fields: [text],
    indexes: [{ fields: ["a"] }],
    patch: { fields: [] },
    refused: ["/indexes/0/fields/0 unknown_field"],
  },
  {
    name: "a bound or a write rule is no news to readers of records",
    fields: [text],
    patch: { fields: [{ ...text, max: 9, rules: { write: "a == 'x'" } }] },
    calls: ["install t a:text sealed", "announce rules"],
  },
  {
    name: "a place is renamed",
    fields: [{ name: "a", type: "geo" }],
    indexes: [{ fields: ["a"] }],
    rows: "INSERT INTO t (id, a_lat, a_lng) VALUES ('1', 1, 2)",
    patch: { fields: [{ name: "b", was: "a", type: "geo" }], indexes: [{ fields: ["b"] }] },
    gives: ["SELECT b_lat, b_lng FROM t", [{ b_lat: 1, b_lng: 2 }]],
  },
  {
    name: "an empty field is dropped",
    fields: [text],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [] },
    gives: ["SELECT id FROM t", [{ id: "1" }]],
    calls: ["install t  sealed", ...announced],
  },
  {
    name: "a field with values is not dropped",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [] },
    refused: ["/fields loses_values"],
  },
  {
    name: "a field with values is dropped when confirmed",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [] },
    confirmLoss: true,
  },
  {
    name: "required with a default fills the gaps",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', NULL), ('2', 'y')",
    patch: { fields: [{ ...text, required: true, default: "x" }] },
    gives: ["SELECT a FROM t ORDER BY id", [{ a: "x" }, { a: "y" }]],
  },
  {
    name: "required is refused while records have no value",
    fields: [text],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [{ ...text, required: true }] },
    refused: ["/fields/0/required holds_null"],
  },
  {
    name: "required is lifted",
    fields: [{ ...text, required: true }],
    patch: { fields: [text] },
    gives: ["INSERT INTO t (id) VALUES ('1') RETURNING a", [{ a: null }]],
  },
  {
    name: "a list becomes required only when none is empty",
    fields: [{ ...text, many: true }],
    rows: "INSERT INTO t (id) VALUES ('1')",
    patch: { fields: [{ ...text, many: true, required: true }] },
    refused: ["/fields/0 holds_other_values"],
  },
  {
    name: "a bound is widened",
    fields: [{ ...text, max: 1 }],
    patch: { fields: [{ ...text, max: 3 }] },
    gives: ["INSERT INTO t (id, a) VALUES ('1', 'xyz') RETURNING a", [{ a: "xyz" }]],
  },
  {
    name: "a bound is narrowed where the records fit",
    fields: [{ ...text, max: 3 }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [{ ...text, max: 1 }] },
  },
  {
    name: "a bound is not narrowed past the records, confirmed or not",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'xy')",
    patch: { fields: [{ ...text, max: 1 }] },
    confirmLoss: true,
    refused: ["/fields/0 holds_other_values"],
  },
  {
    name: "a select value in use stays",
    fields: [{ name: "a", type: "select", values: ["x", "y"] }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [{ name: "a", type: "select", values: ["y"] }] },
    refused: ["/fields/0 holds_other_values"],
  },
  {
    name: "text becomes a select where every value is in the list",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { fields: [{ name: "a", type: "select", values: ["x"] }] },
    gives: ["SELECT a FROM t", [{ a: "x" }]],
  },
  {
    name: "integer becomes decimal",
    fields: [{ name: "a", type: "integer", default: 3 }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 9007199254740991)",
    patch: { fields: [{ name: "a", type: "decimal", default: "3" }] },
    gives: ["SELECT a FROM t", [{ a: "9007199254740991" }]],
  },
  {
    name: "date becomes datetime",
    fields: [{ name: "a", type: "date" }],
    indexes: [{ fields: ["a"] }],
    rows: "INSERT INTO t (id, a) VALUES ('1', '2024-02-29')",
    patch: { fields: [{ name: "a", type: "datetime" }] },
    gives: [`SELECT a::text FROM t`, [{ a: "2024-02-29 00:00:00+00" }]],
  },
  {
    name: "datetime becomes the text the API shows",
    fields: [{ name: "a", type: "datetime" }],
    rows: "INSERT INTO t (id, a) VALUES ('1', '2024-02-29 01:02:03.04+00')",
    patch: { fields: [text] },
    gives: ["SELECT a FROM t", [{ a: "2024-02-29T01:02:03.040Z" }]],
  },
  {
    name: "one value becomes a list",
    fields: [{ ...text, default: "d" }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x'), ('2', NULL)",
    patch: { fields: [{ ...text, many: true, default: ["d"] }] },
    gives: ["SELECT a FROM t ORDER BY id", [{ a: ["x"] }, { a: [] }]],
  },
  {
    name: "number does not become decimal",
    fields: [{ name: "a", type: "number" }],
    patch: { fields: [{ name: "a", type: "decimal" }] },
    refused: ["/fields/0/type no_conversion"],
  },
  {
    name: "a list does not become one value",
    fields: [{ ...text, many: true }],
    patch: { fields: [text] },
    refused: ["/fields/0/type no_conversion"],
  },
  {
    name: "a unique index is refused while values are shared",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x'), ('2', 'x')",
    patch: { indexes: [{ fields: ["a"], unique: true }] },
    refused: ["/indexes holds_duplicates"],
  },
  {
    name: "an index on values that are too long is refused",
    fields: [text],
    rows: "INSERT INTO t (id, a) SELECT '1', string_agg(md5(i::text), '') FROM generate_series(1, 500) i",
    patch: { indexes: [{ fields: ["a"] }] },
    refused: ["/indexes too_long"],
  },
  {
    name: "indexes come and go without a word in the log",
    fields: [text],
    indexes: [{ fields: ["a"] }],
    patch: { indexes: [{ fields: ["a"], unique: true }] },
    calls: [],
  },
  { name: "rules change alone", fields: [text], patch: { rules: { list: "a == 'x'" } }, calls: ["announce rules"] },
  {
    name: "a broken rule is refused, confirmed or not",
    fields: [text],
    patch: { rules: { list: "b == 'x'" } },
    confirmLoss: true,
    refused: ["/rules/list unknown_name"],
  },
  {
    name: "a rule that names a dropped field breaks",
    fields: [
      { ...text, rules: { read: "a == 'x'" } },
      { name: "b", type: "text", rules: { read: "a == 'x'" } },
    ],
    patch: { fields: [{ name: "b", type: "text", rules: { read: "a == 'x'" } }] },
    refused: ["/fields/0/rules/read unknown_name"],
  },
  {
    name: "hiding a field seals it in the log",
    fields: [text],
    patch: { fields: [{ ...text, hidden: true }] },
    calls: ["install t a:text sealed a", "announce schema", "announce rules"],
  },
  {
    name: "text with ids becomes a relation",
    fields: [text],
    rows: "INSERT INTO users (id) VALUES ('u1'); INSERT INTO t (id, a) VALUES ('1', 'u1')",
    patch: { fields: [{ name: "a", type: "relation", collection: "users" }] },
    gives: ["DELETE FROM users; SELECT a FROM t", [{ a: null }]],
  },
  {
    name: "text with other values does not",
    fields: [text],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'u1')",
    patch: { fields: [{ name: "a", type: "relation", collection: "users" }] },
    refused: ["/fields/0/collection holds_other_values"],
  },
  {
    name: "a relation's onDelete changes",
    fields: [{ name: "a", type: "relation", collection: "users" }],
    patch: { fields: [{ name: "a", type: "relation", collection: "users", onDelete: "cascade" }] },
  },
  {
    name: "a list of relations changes its onDelete and its name",
    fields: [{ name: "a", type: "relation", collection: "users", many: true }],
    rows: "INSERT INTO users (id) VALUES ('u1'); INSERT INTO t (id) VALUES ('1'); INSERT INTO t__a VALUES ('1', 'u1', 0)",
    patch: {
      fields: [{ name: "b", was: "a", type: "relation", collection: "users", many: true, onDelete: "restrict" }],
    },
    gives: ["SELECT target FROM t__b", [{ target: "u1" }]],
  },
  {
    name: "a list of relations with members is not dropped",
    fields: [{ name: "a", type: "relation", collection: "users", many: true }],
    rows: "INSERT INTO users (id) VALUES ('u1'); INSERT INTO t (id) VALUES ('1'); INSERT INTO t__a VALUES ('1', 'u1', 0)",
    patch: { fields: [] },
    refused: ["/fields loses_values"],
  },
  {
    name: "a collection with relations to itself and lists is renamed",
    fields: [
      text,
      { name: "up", type: "relation", collection: "t" },
      { name: "all", type: "relation", collection: "users", many: true },
    ],
    indexes: [{ fields: ["a"], unique: true }],
    rows: "INSERT INTO t (id, a) VALUES ('1', 'x')",
    patch: { name: "renamed" },
    gives: ["SELECT a FROM renamed", [{ a: "x" }]],
    calls: ["install renamed a:text,up:text sealed", "renamed t renamed", "announce schema"],
  },
  { name: "what is sent as it stands changes nothing", fields: [text], patch: { fields: [text] }, calls: [] },
];

describe("changes", () => {
  for (const scenario of scenarios) {
    test(scenario.name, async () => {
      await create(users);
      await create({ name: "t", fields: scenario.fields, indexes: scenario.indexes ?? [] });
      for (const statement of scenario.rows?.split("; ") ?? []) await sql(statement);
      tools.calls.length = 0;
      const before = await shape();
      const work = change("t", scenario.patch, { confirmLoss: scenario.confirmLoss ?? false });
      if (scenario.refused) {
        expect((await refusalOf(work)).issues).toEqual(scenario.refused);
        expect(await shape()).toEqual(before);
        return;
      }
      const changed = await work;
      if (scenario.calls) expect(tools.calls).toEqual(scenario.calls);
      const after = withoutVersions(await shape());
      if (scenario.gives) {
        const [query, rows] = scenario.gives;
        const statements = query.split("; ");
        for (const statement of statements.slice(0, -1)) await sql(statement);
        expect(await sql(statements.at(-1) as string)).toEqual(rows);
      }
      const { name, kind, fields, indexes, rules, preconditionRequired } = changed;
      await drop(name, { confirmLoss: true });
      await create({ name, kind, fields, indexes, rules, preconditionRequired });
      expect(withoutVersions(await shape()), "made at once it looks the same").toEqual(after);
    });
  }
});

test("renaming a collection takes along the relations of others, and is refused where a rule names it", async () => {
  await create(users);
  await create(posts);
  const renamed = await change("users", { name: "people" });
  expect(renamed.inverses.get("posts")).toEqual({ collection: "posts", field: "author" });
  await change("posts", { rules: { update: 'collection("people") == null' } });
  const refused = await refusalOf(change("people", { name: "persons" }));
  expect(refused).toMatchObject({ code: "collection_change_refused", issues: [" breaks_other"] });
  expect(refused.messages).toContain("“posts” would break at /rules/update");
});

test("a collection that others point to, or with records, is not dropped", async () => {
  await create(users);
  await create(posts);
  expect(await refusalOf(drop("users", { confirmLoss: true }))).toMatchObject({
    code: "collection_change_refused",
    issues: [" breaks_other", " breaks_other"],
  });
  await sql("INSERT INTO users (id) VALUES ('u1')");
  await sql("INSERT INTO posts (id, title, author) VALUES ('p1', 'a', 'u1')");
  expect((await refusalOf(drop("posts"))).issues).toEqual([" loses_records"]);
  tools.calls.length = 0;
  await drop("posts", { confirmLoss: true });
  expect(tools.calls).toEqual(["announce drop", "remove posts", "dropped posts"]);
  expect(await sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([{ tablename: "users" }]);
});

test("A17 permission residue after drop + recreate: the id is never used again, and whoever goes by name is told", async () => {
  const first = await create(users);
  await drop("users");
  expect(tools.calls).toContain("dropped users");
  const second = await create(users);
  expect(second.id).toBeGreaterThan(first.id);
  expect(second.schemaVersion).toBeGreaterThan(first.schemaVersion);
});

test("If-Match: a change of an older version is refused", async () => {
  const first = await create(users);
  await change("users", { rules: { list: "true" } }, { ifVersions: [first.schemaVersion] });
  expect(
    (await refusalOf(change("users", { rules: { list: null } }, { ifVersions: [first.schemaVersion] }))).code,
  ).toBe("collection_changed");
  expect((await refusalOf(drop("users", { ifVersions: [first.schemaVersion] }))).code).toBe("collection_changed");
});

test("a table, view or index that is not ours is left alone", async () => {
  await sql("CREATE TABLE public.users (x int)");
  await sql("CREATE VIEW public.view AS SELECT 1 AS one");
  await sql("CREATE INDEX t_a_idx ON public.users (x)");
  const before = await shape();
  expect((await refusalOf(create(users))).code).toBe("collection_table_exists");
  expect((await refusalOf(create({ name: "view" }))).code).toBe("collection_table_exists");
  expect((await refusalOf(create({ name: "t", fields: [text], indexes: [{ fields: ["a"] }] }))).code).toBe(
    "collection_table_exists",
  );
  expect(await shape()).toEqual(before);
  await create({ name: "t", fields: [text] });
  expect((await refusalOf(change("t", { name: "users" }))).code).toBe("collection_table_exists");
  expect((await refusalOf(change("t", { indexes: [{ fields: ["a"] }] }))).code).toBe("collection_table_exists");
});

test("a name that another collection has is taken", async () => {
  await create(users);
  await create({ name: "t" });
  expect((await refusalOf(create({ name: "t" }))).code).toBe("collection_name_taken");
  expect((await refusalOf(change("t", { name: "users" }))).code).toBe("collection_name_taken");
});

test("ten creates of one name at once make one collection", async () => {
  const wide = database.open({ max: 10 });
  const many = definitions(() => wide, tools);
  const codes = await Promise.all(
    Array.from({ length: 10 }, () =>
      many.create(users).then(
        () => "created",
        (error) => error.code,
      ),
    ),
  );
  expect(codes.sort()).toEqual([...Array(9).fill("collection_name_taken"), "created"]);
  expect(await sql("SELECT name FROM landfall.collection")).toEqual([{ name: "users" }]);
});

test("a long reader makes the change give up with a clear error and nothing half done", async () => {
  await create(users);
  const impatient = definitions(() => database.db, recordingTools({ lockTimeoutMs: 100 }));
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "SELECT * FROM users" });
    const before = await shape();
    const error = await impatient.change("users", { fields: [text] }).catch((problem) => problem);
    expect(error).toMatchObject({ code: "collection_busy", status: 503, retryAfterSeconds: 2 });
    expect((await impatient.drop("users").catch((problem) => problem)).code).toBe("collection_busy");
    expect(await shape()).toEqual(before);
  });
  await impatient.change("users", { fields: [text] });
});

test("a change of rules waits for no reader", async () => {
  await create(users);
  const impatient = definitions(() => database.db, recordingTools({ lockTimeoutMs: 100 }));
  await database.db.transaction(async (tx) => {
    await tx.query({ text: "SELECT * FROM users" });
    expect((await impatient.change("users", { rules: { list: "true" } })).rules).toEqual({ list: "true" });
  });
});

test("K06 whatever fails on the way, the old definition stays whole", async () => {
  await create(users);
  await sql("INSERT INTO users (id, name) VALUES ('u1', 'Ann')");
  const patch = {
    name: "people",
    fields: [{ name: "title", was: "name", type: "text", max: 9 }],
    indexes: [{ fields: ["title"] }],
  };
  const before = await shape();
  for (const point of ["install", "announce"] as const) {
    const fails = async () => {
      throw new Error(`killed at ${point}`);
    };
    const failing = definitions(() => database.db, recordingTools({ capture: { ...tools.capture, [point]: fails } }));
    await expect(failing.change("users", patch)).rejects.toThrow(`killed at ${point}`);
    expect(await shape()).toEqual(before);
  }
  await change("users", patch);
});
