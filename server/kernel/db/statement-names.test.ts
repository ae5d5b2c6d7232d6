import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { namesMax } from "./statement-names.ts";

const database = testDatabase();

test("a connection holds a bounded number of named statements, the ones used last", async () => {
  const one = database.open({ max: 1 });
  for (let n = 0; n < namesMax + 50; n++) {
    expect(await one.query({ name: `s${n}`, text: `SELECT ${n} AS n` })).toEqual([{ n }]);
    await one.query({ name: "s0", text: "SELECT 0 AS n" });
  }
  const held = await one.query<{ name: string }>({ text: "SELECT name FROM pg_prepared_statements" });
  expect(held.length).toBeLessThanOrEqual(namesMax);
  const names = new Set(held.map(({ name }) => name));
  expect(names.has("s0") && names.has(`s${namesMax + 49}`)).toBe(true);
  expect(names.has("s1")).toBe(false);
  expect(await one.query({ name: "s1", text: "SELECT 1 AS n" })).toEqual([{ n: 1 }]);
});

test("a statement whose result type changed, or that is gone, runs again by itself", async () => {
  const one = database.open({ max: 1 });
  await one.query({ text: "CREATE TABLE changing (a int)" });
  const all = { name: "changing", text: "SELECT * FROM changing" };
  expect(await one.query(all)).toEqual([]);
  await one.query({ text: "ALTER TABLE changing ADD COLUMN b int" });
  expect(await one.texts(all)).toEqual({ rows: [], count: 0 });
  await one.query({ text: "DEALLOCATE ALL" });
  expect(await one.query(all)).toEqual([]);
});

test("inside a transaction it cannot: the error is the caller's", async () => {
  const one = database.open({ max: 1 });
  await one.query({ name: "gone", text: "SELECT 1 AS n" });
  await one.query({ text: "DEALLOCATE ALL" });
  const inside = one.transaction((tx) => tx.query({ name: "gone", text: "SELECT 1 AS n" }));
  await expect(inside).rejects.toMatchObject({ code: "26000" });
  expect(await one.query({ name: "gone", text: "SELECT 1 AS n" })).toEqual([{ n: 1 }]);
});
