// The short way to rows of texts gives what pg's own Query gives, and leaves the connection as usable.
import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { textArrayBytes } from "./text-array.ts";

const database = testDatabase();
const values = ["", "it's", 'a "quoted" \\ text', "Ω 中 \u{1F600}", "x".repeat(100_000), null];

test("every text comes back as it was sent, named, unnamed and named again", async () => {
  const db = database.open({ max: 1 });
  const text = `SELECT ${values.map((_, n) => `$${n + 1}::text`).join(", ")}`;
  for (const name of ["texts_test", undefined, "texts_test"]) {
    const { rows, count } = await db.texts({ text, values, ...(name === undefined ? {} : { name }) });
    expect(rows).toEqual([values]);
    expect(count).toBe(1);
  }
});

test("values that are no texts mean the same as through pg", async () => {
  const text = "SELECT $1::int8, $2::bool, $3::float8, $4::text[], $5::timestamptz, $6::bytea, $7::text";
  const given = [7n, true, -0.5, ["a,b", null, '"'], new Date(0), Buffer.from([0, 255]), undefined];
  const { rows } = await database.db.texts({ text, values: given });
  expect(rows).toEqual([["7", "t", "-0.5", '{"a,b",NULL,"\\""}', "1970-01-01 00:00:00+00", "\\x00ff", null]]);
});

test("bytes are taken in the binary form of their type, beside texts and nulls", async () => {
  const { rows } = await database.db.texts({ text: "SELECT $1::text, $2::bytea, $3::text", values: ["Ω", Buffer.from([0, 255]), null] }); // biome-ignore format: one statement
  expect(rows).toEqual([["Ω", "\\x00ff", null]]);
});

test("a list of texts in binary form is the list", async () => {
  for (const list of [values, [...values].reverse(), ["NULL", "{}", '","', "\u0001", "ä".repeat(300)], [null], []]) {
    for (const name of ["binary_list", undefined]) {
      const { rows } = await database.db.texts({
        ...{ text: "SELECT to_json($1::text[])::text, array_lower($1::text[], 1)", values: [textArrayBytes(list)] },
        ...(name === undefined ? {} : { name }),
      });
      expect(rows).toEqual([[expect.anything(), list.length === 0 ? null : "1"]]);
      expect(JSON.parse(rows[0]?.[0] as string)).toEqual(list);
    }
  }
});

test("rows are counted as Postgres counts them", async () => {
  const { db } = database;
  const one = (text: string) => db.texts({ text }).then(({ rows, count }) => [rows.length, count]);
  await db.query({ text: "CREATE TABLE counted (n int)" });
  expect(await one("INSERT INTO counted SELECT generate_series(1, 3)")).toEqual([0, 3]);
  expect(await one("UPDATE counted SET n = n + 1 WHERE n < 3 RETURNING n")).toEqual([2, 2]);
  expect(await one("SELECT n FROM counted")).toEqual([3, 3]);
  expect(await one("DROP TABLE counted")).toEqual([0, 0]);
  expect(await one("")).toEqual([0, 0]);
});

test("a refused statement rejects with its SQLSTATE and the connection serves the next one", async () => {
  const db = database.open({ max: 1 });
  const [{ pid } = {}] = await db.query<{ pid: number }>({ text: "SELECT pg_backend_pid() AS pid" });
  const refused = [
    { text: "SELECT nothing", code: "42703" },
    { text: "SELECT 1 / $1::int", values: ["0"], name: "divides", code: "22012" },
    { text: "SELECT $1::int", values: ["x"], name: "casts", code: "22P02" },
    { text: "SELECT $1::text", values: ["\u0000"], code: "22021" },
    { text: "COPY (SELECT 1) TO STDOUT", code: undefined },
    { text: "CREATE TEMP TABLE copied (n int)", code: undefined },
    { text: "COPY copied FROM STDIN", code: "57014" },
  ];
  for (const { code, ...statement } of refused) {
    const ended = await db.texts(statement).then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    expect(ended, statement.text).toBe(code);
    expect((await db.texts({ text: "SELECT pg_backend_pid()" })).rows).toEqual([[String(pid)]]);
  }
});

test("a named statement whose result type changed runs again and is right", async () => {
  const db = database.open({ max: 1 });
  await db.query({ text: "CREATE TABLE shifting (v int4)" });
  await db.query({ text: "INSERT INTO shifting VALUES (1)" });
  const read = () => db.texts({ text: "SELECT v FROM shifting", name: "shifting" });
  expect((await read()).rows).toEqual([["1"]]);
  await db.query({ text: "ALTER TABLE shifting ALTER v TYPE text USING v || ' is a text now'" });
  expect((await read()).rows).toEqual([["1 is a text now"]]);
  expect((await read()).rows).toEqual([["1 is a text now"]]);
});

test("many at once on few connections each get their own rows", async () => {
  const db = database.open({ max: 3 });
  const asked = Array.from({ length: 300 }, (_, n) => String(n));
  const got = await Promise.all(
    asked.map((n) => db.texts({ text: "SELECT $1::text, pg_sleep(0)", values: [n], name: "own" })),
  );
  expect(got.map(({ rows }) => rows[0]?.[0])).toEqual(asked);
});

test("a connection cut under a running statement rejects it, and the pool replaces the connection", async () => {
  const db = database.open({ max: 1 });
  const [{ pid } = {}] = await db.query<{ pid: number }>({ text: "SELECT pg_backend_pid() AS pid" });
  const running = db.texts({ text: "SELECT pg_sleep(60)" });
  const ended = running.then(
    () => "answered",
    (error: { code?: string }) => error.code,
  );
  const isRunning = async () =>
    (await database.db.query({ text: "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep(60)%'", values: [pid] })).length; // biome-ignore format: one line
  await expect.poll(isRunning).toBe(1);
  await database.db.query({ text: "SELECT pg_terminate_backend($1)", values: [pid] });
  expect(await ended).toBe("57P01");
  expect((await db.texts({ text: "SELECT 1" })).rows).toEqual([["1"]]);
});
