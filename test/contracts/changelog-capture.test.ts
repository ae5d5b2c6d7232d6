// What one change looks like in the log, for every way of making it.
import { beforeAll, beforeEach, expect, inject, test } from "vitest";
import { announce, installCapture, refreshCapture, removeCapture } from "../../server/kernel/changelog/capture.ts";
import type { CapturedCollection } from "../../server/kernel/changelog/types.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import { asSuperuser, testDatabase } from "../support/database.ts";
import { createItems, items, rawLog, systemColumnsDdl } from "./changelog-support.ts";

const database = testDatabase();
let mark = 0;
const entries = (collection = 1) => rawLog(database.db, mark, collection);
const sql = (text: string, values: unknown[] = []) => database.db.query({ text, values });

const only = (c: CapturedCollection) => ({ ids: [c.id], captured: () => c });

beforeAll(() => createItems(database.db));
beforeEach(async () => {
  await sql("DELETE FROM public.items");
  mark =
    (await database.db.query<{ n: number }>({ text: "SELECT coalesce(max(seq), 0) AS n FROM landfall.change" }))[0]
      ?.n ?? 0;
});

test("an insert, an update and a delete are one entry each, with the values before and after", async () => {
  await sql("INSERT INTO public.items (id, title, price, note) VALUES ('a', 'x', 1.50, 's')");
  await sql("UPDATE public.items SET title = 'y', note = 't' WHERE id = 'a'");
  await sql("DELETE FROM public.items WHERE id = 'a'");
  const [insert, update, del] = await entries();
  expect(insert).toMatchObject({
    op: "i",
    id: "a",
    after: { id: "a", title: "x", price: "1.50", amount: null },
    before: null,
    sealed: { after: { note: "s" } },
  });
  expect(insert?.after?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?\+00:00$/);
  expect(update).toMatchObject({
    op: "u",
    before: { title: "x", version: insert?.version },
    sealed: { after: { note: "t" }, before: { note: "s" } },
  });
  expect(Object.keys(update?.before ?? {}).sort()).toEqual(["title", "updatedAt", "version"]);
  expect(del).toMatchObject({
    op: "d",
    after: null,
    before: { title: "y", version: update?.version },
    sealed: { before: { note: "t" } },
  });
  const versions = [insert, update, del].map((entry) => entry?.version ?? 0);
  expect([...versions].sort((a, b) => a - b)).toEqual(versions);
  expect(new Set(versions).size).toBe(3);
});

test("an update that changes nothing writes no entry and keeps the version", async () => {
  await sql("INSERT INTO public.items (id, title) VALUES ('a', 'x')");
  const before = await sql('SELECT version, "updatedAt" FROM public.items');
  await sql(
    "UPDATE public.items SET title = 'x', version = 7, \"updatedAt\" = now(), \"createdAt\" = '2000-01-01' WHERE id = 'a'",
  );
  expect(await sql('SELECT version, "updatedAt" FROM public.items')).toEqual(before);
  expect(await entries()).toHaveLength(1);
});

test("a writer cannot set version, createdAt or updatedAt", async () => {
  await sql(
    `INSERT INTO public.items (id, version, "createdAt", "updatedAt") VALUES ('a', 9000000, '2000-01-01', '2000-01-01')`,
  );
  await sql(`UPDATE public.items SET version = 9000000, "createdAt" = '2000-01-01', title = 'x' WHERE id = 'a'`);
  const [row] = await database.db.query<{ version: number; fresh: boolean }>({
    text: `SELECT version, "createdAt" > now() - interval '1 minute' AND "updatedAt" >= "createdAt" AS fresh FROM public.items`,
  });
  expect(row?.fresh).toBe(true);
  expect(row?.version).toBeLessThan(9_000_000);
});

test("a change of sealed columns only has an empty before and its values in sealed", async () => {
  await sql("INSERT INTO public.items (id, title, note) VALUES ('a', 'x', 's')");
  await sql("UPDATE public.items SET note = 't' WHERE id = 'a'");
  expect((await entries())[1]).toMatchObject({
    op: "u",
    before: {},
    sealed: { before: { note: "s" }, after: { note: "t" } },
  });
});

test("a decimal that changes only its trailing zeros is a change", async () => {
  await sql("INSERT INTO public.items (id, price) VALUES ('a', 1.5)");
  await sql("UPDATE public.items SET price = 1.50 WHERE id = 'a'");
  expect((await entries())[1]).toMatchObject({ before: { price: "1.5" }, after: { price: "1.50" } });
});

test("changing an id is a delete and an insert, per row and in bulk", async () => {
  await sql("INSERT INTO public.items (id, title) VALUES ('a', 'x'), ('b', 'x')");
  await sql("UPDATE public.items SET id = 'c' WHERE id = 'a'");
  await database.db.transaction((tx) => tx.query({ text: "UPDATE public.items SET id = 'd' WHERE id = 'b'" }), {
    tags: { actor: "service", request: "r", bulk: true },
  });
  expect((await entries()).slice(2).map((entry) => [entry.op, entry.id])).toEqual([
    ["d", "a"],
    ["i", "c"],
    ["d", "b"],
    ["i", "d"],
  ]);
});

test("a bulk statement logs what single rows would", async () => {
  const statements = [
    "INSERT INTO public.items (id, title, price, note) SELECT 'k' || n, 't' || n, n, 's' FROM generate_series(1, 50) n",
    "UPDATE public.items SET title = CASE WHEN price > 25 THEN title ELSE 'new' END, amount = 1 WHERE price > 10",
    "UPDATE public.items SET title = title",
    "DELETE FROM public.items WHERE price < 5",
  ];
  const run = async (bulk: boolean) => {
    const from = (await rawLog(database.db)).at(-1)?.seq ?? 0;
    for (const text of statements) {
      await database.db.transaction((tx) => tx.query({ text }), { tags: { actor: "service", request: "r", bulk } });
    }
    const log = (await rawLog(database.db, from)).map(({ op, id, after, before, sealed, actor }) => {
      for (const image of [after, before]) for (const key of ["createdAt", "updatedAt", "version"]) delete image?.[key];
      return JSON.stringify({ op, id, after, before, sealed, actor });
    });
    await sql("DELETE FROM public.items");
    return log.sort();
  };
  const single = await run(false);
  expect(single).toHaveLength(50 + 40 + 4);
  expect(await run(true)).toEqual(single);
});

test("truncate is one entry about the collection", async () => {
  await sql("INSERT INTO public.items (id) VALUES ('a'), ('b')");
  await sql("TRUNCATE public.items");
  expect((await entries()).map((entry) => [entry.op, entry.id])).toEqual([
    ["i", "a"],
    ["i", "b"],
    ["t", null],
  ]);
});

test("the actor stands in the log for every shape of statement, and none stays on the connection", async () => {
  const one = database.open({ max: 1 });
  const tags = { actor: "user:u1", request: "r1", mutation: "m1" };
  for (const text of [
    "INSERT INTO public.items (id, title) VALUES ('a', 'x')",
    "UPDATE public.items SET title = 'y'",
    "INSERT INTO public.items (id, title) VALUES ('a', 'z') ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    "WITH x AS (UPDATE public.items SET amount = 1 RETURNING id) SELECT * FROM x",
    "DELETE FROM public.items",
    "TRUNCATE public.items",
  ]) {
    await one.transaction((tx) => tx.query({ text }), { tags });
  }
  await one.query({
    text: `WITH ctx AS MATERIALIZED (SELECT set_config('landfall.actor', $1, true) AS actor)
           INSERT INTO public.items (id, title) SELECT 'b', 'x' FROM ctx WHERE ctx.actor <> ''`,
    values: ["user:u1"],
  });
  await one.query({ text: "UPDATE public.items SET title = 'nobody'" });
  expect((await entries()).map((entry) => entry.actor)).toEqual([...Array(7).fill("user:u1"), null]);
});

test("the session's own settings do not change how values are logged", async () => {
  const one = database.open({ max: 1 });
  await one.query({ text: "SET timezone = 'Asia/Tokyo'" });
  await one.query({ text: "SET search_path = pg_temp, public" });
  await one.query({ text: "SET datestyle = 'German'" });
  await one.query({ text: "INSERT INTO public.items (id, price) VALUES ('a', 12345678901234567890.123456789)" });
  const [entry] = await entries();
  expect(entry?.after).toMatchObject({ price: "12345678901234567890.123456789" });
  expect(entry?.after?.createdAt).toContain("+00:00");
});

/** With another role's connection, which has grants on the table alone. */
async function asAnotherRole(work: (other: Db) => Promise<void>): Promise<void> {
  const role = `w_${database.name}`;
  const host = inject("postgresHost");
  await asSuperuser(host, `CREATE ROLE ${role} LOGIN`);
  try {
    await sql(`GRANT ALL ON public.items TO ${role}`);
    await work(database.open({ connection: { ...database.connection, user: role }, max: 1 }));
  } finally {
    await sql(`REVOKE ALL ON public.items FROM ${role}`);
    await asSuperuser(host, `DROP ROLE ${role}`);
  }
}

test("another role with grants on the table alone is captured", () =>
  asAnotherRole(async (other) => {
    await other.query({ text: "INSERT INTO public.items (id, title) VALUES ('a', 'x')" });
    await other.query({ text: "UPDATE public.items SET title = 'y'" });
    await other.query({ text: "DELETE FROM public.items" });
    await expect(other.query({ text: "SELECT * FROM landfall.change" })).rejects.toThrow("permission denied");
    expect((await entries()).map((entry) => entry.op)).toEqual(["i", "u", "d"]);
  }));

const checked: CapturedCollection = {
  ...items,
  checks: [
    { name: "title_check", sql: "char_length(NEW.title) <= 3" },
    { name: "amount_check", sql: "NEW.amount BETWEEN 0 AND 9" },
  ],
};

test("a row that a check does not allow is refused whoever writes it and however", () =>
  asAnotherRole(async (other) => {
    await database.db.transaction((tx) => installCapture(tx, checked));
    await other.query({ text: "SET search_path = public" });
    await other.query({ text: "INSERT INTO items (id, title, amount) VALUES ('a', 'abc', NULL), ('b', NULL, 9)" });
    const refused = async (constraint: string, text: string) =>
      expect(other.query({ text }), text).rejects.toMatchObject({ code: "23514", constraint, table: "items" });
    await refused("title_check", "INSERT INTO items (id, title) VALUES ('c', 'abcd')");
    await refused("amount_check", "INSERT INTO items (id, title, amount) VALUES ('c', 'abc', 10)");
    await refused("title_check", "UPDATE items SET title = 'abcd' WHERE id = 'a'");
    await refused("amount_check", "UPDATE items SET amount = -1, \"createdAt\" = now() WHERE id = 'a'");
    await refused("amount_check", "INSERT INTO items (id) VALUES ('a') ON CONFLICT (id) DO UPDATE SET amount = 11");
    await refused("amount_check", "INSERT INTO items (id, amount) VALUES ('a', 10) ON CONFLICT (id) DO NOTHING");
    await refused(
      "title_check",
      "SELECT set_config('landfall.bulk', 'on', true); INSERT INTO items (id, title) VALUES ('c', 'abcd')",
    );
    await refused("title_check", "SELECT set_config('landfall.joined', '{}', true); UPDATE items SET title = 'abcd'");
    expect((await entries()).map(({ op, id }) => `${op} ${id}`)).toEqual(["i a", "i b"]);
    await database.db.transaction((tx) => installCapture(tx, items));
  }));

test("a writer's own operators do not get between its row and the checks", async () => {
  await database.db.transaction((tx) => installCapture(tx, checked));
  await sql("CREATE SCHEMA sly");
  await sql("CREATE FUNCTION sly.yes(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'");
  await sql("CREATE OPERATOR sly.<= (LEFTARG = int, RIGHTARG = int, FUNCTION = sly.yes)");
  const one = database.open({ max: 1 });
  await one.query({ text: "SET search_path = sly, pg_catalog" });
  expect(await one.query({ text: "SELECT 2 <= 1 AS fooled" })).toEqual([{ fooled: true }]);
  await expect(one.query({ text: "INSERT INTO public.items (id, title) VALUES ('a', 'abcd')" })).rejects.toMatchObject({
    constraint: "title_check",
  });
  await sql("DROP SCHEMA sly CASCADE");
  await database.db.transaction((tx) => installCapture(tx, items));
});

test("bulk switched in mid-statement neither loses nor doubles a row", async () => {
  await sql("INSERT INTO public.items (id, title) SELECT 'k' || n, 'x' FROM generate_series(1, 10) n");
  await sql(`WITH changed AS (UPDATE public.items SET title = 'y' RETURNING id)
             SELECT set_config('landfall.bulk', 'on', true) FROM changed`);
  await sql(`WITH bulk AS MATERIALIZED (SELECT set_config('landfall.bulk', 'on', true) AS bulk),
                  changed AS (UPDATE public.items SET title = 'z' FROM bulk WHERE bulk.bulk = 'on' RETURNING id)
             SELECT set_config('landfall.bulk', '', true) FROM changed`);
  expect((await entries()).filter((entry) => entry.op === "u")).toHaveLength(20);
});

test("any quoted identifier is safe, and more columns than a function takes arguments", async () => {
  const table = `we"ird $x$ ' \\ table`;
  const names = [
    `quo"te`,
    `do$llar$$`,
    `apo'stro\\phe`,
    "actor",
    "request",
    "joined",
    "current",
    ...Array.from({ length: 120 }, (_, n) => `c${n}`),
  ];
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  await database.db.transaction(async (tx) => {
    await tx.query({
      text: `CREATE TABLE public.${quoted(table)} (${systemColumnsDdl}, ${names.map((n) => `${quoted(n)} text`).join(", ")})`,
    });
    await installCapture(tx, {
      id: 2,
      table,
      schemaVersion: 1,
      columns: names.map((name) => ({ name, type: "text", sealed: false })),
      joins: [],
    });
  });
  for (const bulk of [false, true]) {
    const id = String(bulk);
    const run = (text: string) =>
      database.db.transaction((tx) => tx.query({ text }), { tags: { actor: "a", request: "r", bulk } });
    await run(
      `INSERT INTO public.${quoted(table)} (id, ${quoted(names[0] as string)}, actor) VALUES ('${id}', 'v', 'mine')`,
    );
    await run(`UPDATE public.${quoted(table)} SET ${quoted(names[2] as string)} = 'w' WHERE id = '${id}'`);
    await run(`DELETE FROM public.${quoted(table)} WHERE id = '${id}'`);
  }
  const log = await entries(2);
  expect(log.map((entry) => entry.op)).toEqual(["i", "u", "d", "i", "u", "d"]);
  expect(log[0]?.after).toMatchObject({ [names[0] as string]: "v", actor: "mine", c119: null });
  expect(log[4]?.before).toMatchObject({ [names[2] as string]: null });
  expect(log[4]?.actor).toBe("a");
  await database.db.transaction((tx) => removeCapture(tx, table));
  await sql(
    `INSERT INTO public.${quoted(table)} (id, "createdAt", "updatedAt", version) VALUES ('q', now(), now(), 1)`,
  );
  expect(await entries(2)).toHaveLength(6);
});

test("statements about a collection are entries; an older generator's functions are replaced", async () => {
  await database.db.transaction((tx) => announce(tx, { collection: 1, op: "schema", schemaVersion: 4 }), {
    tags: { actor: "admin:a", request: "r" },
  });
  expect(await entries()).toMatchObject([{ op: "s", id: null, version: null, actor: "admin:a" }]);
  const never = async () => expect.unreachable();
  expect(await refreshCapture(database.db, only(items), never)).toBe(0);
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 0, schema version 1'");
  expect(await refreshCapture(database.db, only(items), never)).toBe(1);
  expect(await refreshCapture(database.db, only(items), never)).toBe(0);
});

test("what generator 2 left is taken over: its triggers go, and its constraints become the trigger's checks", async () => {
  for (const suffix of ["stamp_insert", "stamp_update", "inserted", "updated", "deleted"])
    await sql(`DROP FUNCTION landfall.capture_1_${suffix}() CASCADE`);
  await sql("CREATE FUNCTION landfall.capture_1_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  const trigger = (name: string, when: string, call: string) =>
    sql(`CREATE TRIGGER "${name}" ${when} EXECUTE FUNCTION landfall.${call}()`);
  await trigger("zz_landfall_stamp", "BEFORE INSERT OR UPDATE ON public.items FOR EACH ROW", "stamp");
  await trigger("A_landfall_row", "AFTER INSERT OR UPDATE OR DELETE ON public.items FOR EACH ROW", "capture_1_row");
  await trigger("A_landfall_update", "AFTER UPDATE ON public.items", "capture_1_bulk");
  await trigger("A_landfall_delete", "AFTER DELETE ON public.items", "capture_1_bulk");
  await sql("ALTER TABLE public.items ADD CONSTRAINT title_check CHECK (char_length(title) <= 3)");
  await sql("ALTER TABLE public.items ADD CONSTRAINT own CHECK (amount <> 7)");
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 2, schema version 1'");

  expect(await refreshCapture(database.db, only(checked), async () => expect.unreachable())).toBe(1);
  const names = async (text: string) => (await database.db.query<{ name: string }>({ text })).map(({ name }) => name);
  expect(
    await names(
      "SELECT conname AS name FROM pg_constraint WHERE conrelid = 'public.items'::regclass AND contype = 'c'",
    ),
  ).toEqual(["own"]);
  expect(
    await names("SELECT tgname AS name FROM pg_trigger WHERE tgrelid = 'public.items'::regclass ORDER BY 1"),
  ).toEqual([
    "A_landfall_deleted",
    "A_landfall_insert",
    "A_landfall_inserted",
    "A_landfall_truncate",
    "A_landfall_updated",
    "zz_landfall_stamp_insert",
    "zz_landfall_stamp_update",
  ]);
  await expect(sql("INSERT INTO public.items (id, title) VALUES ('a', 'abcd')")).rejects.toMatchObject({
    constraint: "title_check",
  });
  await sql("INSERT INTO public.items (id, title) VALUES ('a', 'abc')");
  expect((await entries()).map(({ op }) => op)).toEqual(["i"]);
});

test("two servers that refresh at once do it once, and neither fails", async () => {
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 0, schema version 1'");
  const refreshed = await Promise.all([1, 2, 3].map(() => refreshCapture(database.db, only(items), async () => {})));
  expect(refreshed.toSorted()).toEqual([0, 0, 1]);
});

test("a definition that another process changed meanwhile is read again: capture never names columns that are gone", async () => {
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 0, schema version 9'");
  const gone = { name: "gone", type: "text", sealed: false };
  let known: CapturedCollection = { ...items, columns: [...items.columns, gone] };
  const pause = async () => {
    known = { ...items, schemaVersion: 9 };
  };
  expect(await refreshCapture(database.db, { ids: [1], captured: () => known }, pause)).toBe(1);
  expect(known.columns).not.toContain(gone);
  await sql("INSERT INTO public.items (id, title) VALUES ('z', 'z')");
  expect(await entries()).toMatchObject([{ op: "i", id: "z" }]);
});

test("what a newer generator installed is not taken back by an older server", async () => {
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 999, schema version 1'");
  expect(await refreshCapture(database.db, only(items), async () => expect.unreachable())).toBe(0);
  await expect(database.db.transaction((tx) => installCapture(tx, items))).rejects.toMatchObject({
    code: "newer_server_running",
    status: 503,
  });
  await sql("COMMENT ON FUNCTION landfall.capture_1_truncate() IS 'Landfall capture, generator 1, schema version 1'");
  expect(await refreshCapture(database.db, only(items), async () => expect.unreachable())).toBe(1);
});
