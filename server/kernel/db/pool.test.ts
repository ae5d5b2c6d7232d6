import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";

const database = testDatabase();

test("query gives objects with int8 as numbers, texts gives Postgres' own text", async () => {
  const statement = { text: "SELECT $1::int8 AS n, '2026-01-01T00:00:00Z'::timestamptz AS t", values: [42] };
  expect((await database.db.query(statement))[0]).toMatchObject({ n: 42 });
  expect((await database.db.texts(statement)).rows).toEqual([["42", "2026-01-01 00:00:00+00"]]);
});

test("a transaction's tags are gone from the connection afterwards", async () => {
  const single = database.open({ max: 1 });
  const actor = { text: "SELECT nullif(current_setting('landfall.actor', true), '') AS actor" };
  const during = await single.transaction((tx) => tx.query(actor), { tags: { actor: "user:u1", request: "r1" } });
  expect(during).toEqual([{ actor: "user:u1" }]);
  expect(await single.query(actor)).toEqual([{ actor: null }]);
});

test("a failing inner transaction leaves the outer one usable", async () => {
  const rows = await database.db.transaction(async (tx) => {
    await expect(tx.transaction((inner) => inner.query({ text: "SELECT 1/0" }))).rejects.toThrow("division by zero");
    return tx.query({ text: "SELECT 1 AS one" });
  });
  expect(rows).toEqual([{ one: 1 }]);
});
