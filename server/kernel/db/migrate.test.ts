import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { migrate } from "./migrate.ts";

const empty = testDatabase({ empty: true });

test("a schema named landfall that is not ours is refused and left alone", async () => {
  await empty.db.query({ text: "CREATE SCHEMA landfall" });
  await empty.db.query({ text: "CREATE TABLE landfall.theirs (n int)" });
  await expect(migrate(empty.db)).rejects.toMatchObject({ name: "Exit", reason: "schema_foreign" });
  const tables = await empty.db.query({
    text: "SELECT relname FROM pg_class WHERE relnamespace = 'landfall'::regnamespace",
  });
  expect(tables).toEqual([{ relname: "theirs" }]);
  await empty.db.query({ text: "DROP SCHEMA landfall CASCADE" });
});

test("U03 four processes that start at once migrate once, and a fifth finds nothing to do", async () => {
  const results = await Promise.all([1, 2, 3, 4].map(() => migrate(empty.open({ max: 1, lockTimeoutMs: 50 }))));
  expect(results.filter((applied) => applied.length > 0)).toHaveLength(1);
  expect(await migrate(empty.db)).toEqual([]);
  expect(await empty.db.query({ text: "SELECT count(*)::int AS n FROM landfall.meta WHERE key = 'installation'" })).toEqual([{ n: 1 }]); // biome-ignore format: one line
});

test("a migration that fails leaves the schema as it was", async () => {
  const before = await empty.db.query<{ name: string }>({ text: "SELECT name FROM landfall.migration ORDER BY name" });
  const names = before.map(({ name }) => ({ name, sql: "-- breaks: nothing\n" }));
  const broken = [...names, { name: "9998_ok", sql: "-- breaks: nothing\nCREATE TABLE landfall.half ()" }, { name: "9999_bad", sql: "-- breaks: nothing\nSELECT 1/0" }]; // biome-ignore format: one line
  await expect(migrate(empty.db, { migrations: broken })).rejects.toThrow("9999_bad failed: division by zero");
  expect(await empty.db.query({ text: "SELECT name FROM landfall.migration ORDER BY name" })).toEqual(before);
  expect(await empty.db.query({ text: "SELECT to_regclass('landfall.half') AS half" })).toEqual([{ half: null }]);
});

test("a migration without its first line is refused before anything runs", async () => {
  await expect(migrate(empty.db, { migrations: [{ name: "x", sql: "SELECT 1" }] })).rejects.toThrow(
    'begin with "-- breaks',
  );
});

test("a schema made by a newer version is refused", async () => {
  await empty.db.query({ text: "INSERT INTO landfall.migration (name) VALUES ('9000_future')" });
  await expect(migrate(empty.db)).rejects.toMatchObject({ name: "Exit", reason: "schema_newer" });
});
