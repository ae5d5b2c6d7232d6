import { migrations } from "@landfall/migrations";
import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { areAdjacent } from "./compatibility.ts";
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

/** What the product brings, and more of the next version's. */
const withNext = (...more: { name: string; sql: string }[]) => [...migrations(), ...more];
const forget = (name: string) => empty.db.query({ text: "DELETE FROM landfall.migration WHERE name = $1", values: [name] }); // biome-ignore format: one line

test("an older server goes on with the schema of the next minor version, and is refused by any later one", async () => {
  const next = { name: "8000_next", sql: "-- breaks: nothing\nCREATE TABLE landfall.next ()" };
  expect(await migrate(empty.db, { migrations: withNext(next), version: "0.2.0" })).toEqual(["8000_next"]);
  expect(await migrate(empty.db, { version: "0.1.9" })).toEqual([]);
  await expect(migrate(empty.db, { version: "0.0.9" })).rejects.toThrow(
    "The database was made by a newer Landfall (migrated by 0.2.0; this is 0.0.9): start that version or a later one.",
  );
  await forget("8000_next");
  await migrate(empty.db, { migrations: withNext({ ...next, sql: "-- breaks: nothing\n" }), version: "1.0.0" });
  await expect(migrate(empty.db, { version: "0.9.0" })).rejects.toMatchObject({ reason: "schema_newer" });
  await forget("8000_next");
});

test("a server older than a migration allows is refused although it is adjacent", async () => {
  const contract = { name: "8001_contract", sql: "-- breaks: older servers than 0.1.2\nDROP TABLE landfall.next" };
  await migrate(empty.db, { migrations: withNext(contract), version: "0.2.0" });
  expect(await migrate(empty.db, { version: "0.1.2" })).toEqual([]);
  await expect(migrate(empty.db, { version: "0.1.1" })).rejects.toThrow("8001_contract needs 0.1.2 or later");
  await forget("8001_contract");
});

test("a migration waits for the end of the servers it would break, then refuses and has changed nothing", async () => {
  const alive = (version: string) => empty.db.query({ text: `INSERT INTO landfall.instance (id, "seenAt", version) VALUES ('old', now(), $1)`, values: [version] }); // biome-ignore format: one line
  const gone = () => empty.db.query({ text: "DELETE FROM landfall.instance" });
  const expand = { name: "8002_expand", sql: "-- breaks: nothing\nCREATE TABLE landfall.expanded ()" };
  const contract = { name: "8003_contract", sql: "-- breaks: older servers than 0.2.0\nDROP TABLE landfall.expanded" };
  const said: string[] = [];
  const options = { waiting: (line: string) => void said.push(line), patienceMs: 300 };

  await alive("0.1.0");
  expect(await migrate(empty.db, { ...options, migrations: withNext(expand), version: "0.2.0" })).toEqual(["8002_expand"]); // biome-ignore format: one line
  expect(said).toEqual([]);
  const third = { ...options, migrations: withNext(expand, contract), version: "0.2.9" };
  await expect(migrate(empty.db, third)).rejects.toMatchObject({ name: "Exit", reason: "older_servers" });
  expect(said).toEqual([expect.stringContaining("8003_contract breaks servers older than 0.2.0; waiting")]);
  expect(await empty.db.query({ text: "SELECT to_regclass('landfall.expanded') IS NULL AS gone" })).toEqual([{ gone: false }]); // biome-ignore format: one line

  // It ends while the migration waits; one that was killed is waited for until its silence is long enough.
  const waiting = migrate(empty.db, { ...third, patienceMs: 20_000 });
  await expect.poll(() => said.length).toBe(2);
  await gone();
  expect(await waiting).toEqual(["8003_contract"]);
  await forget("8003_contract");

  await alive("0.1.0");
  const skipping = {
    ...options,
    migrations: withNext(expand, { ...expand, name: "8004_x", sql: "-- breaks: nothing\n" }),
  };
  await expect(migrate(empty.db, { ...skipping, version: "0.3.0" })).rejects.toThrow(
    "more than one minor version apart",
  );
  await empty.db.query({ text: `UPDATE landfall.instance SET "seenAt" = now() - interval '16 s'` });
  expect(await migrate(empty.db, { ...skipping, version: "0.3.0" })).toEqual(["8004_x"]);
  await gone();
  for (const name of ["8002_expand", "8004_x"]) await forget(name);
});

test("a lock that a long transaction holds is asked for again and again, and nobody queues behind it", async () => {
  const open = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const reader = empty.open({ max: 1 }).transaction(async (tx) => {
    await tx.query({ text: "SELECT key FROM landfall.meta LIMIT 1" });
    reading.resolve();
    await open.promise;
  });
  await reading.promise;
  const said: string[] = [];
  const widened = { name: "8005_wider", sql: "-- breaks: nothing\nALTER TABLE landfall.meta ADD COLUMN note text" };
  const migrating = migrate(empty.db, { migrations: withNext(widened), waiting: (line) => void said.push(line) });
  await expect.poll(() => said, { timeout: 10_000 }).toEqual([expect.stringContaining("long transaction")]);
  // Whoever comes meanwhile waits a second at most, and not for the transaction.
  expect(await empty.db.query({ text: "SELECT count(*)::int > 0 AS there FROM landfall.meta" })).toEqual([{ there: true }]); // biome-ignore format: one line
  open.resolve();
  await reader;
  expect(await migrating).toEqual(["8005_wider"]);
  await empty.db.query({ text: "ALTER TABLE landfall.meta DROP COLUMN note" });
  await forget("8005_wider");
});

test("a schema from before versions were kept is brought up to date, and a stranger in it is refused", async () => {
  await empty.db.query({ text: 'ALTER TABLE landfall.migration DROP COLUMN version, DROP COLUMN "oldestServer"' });
  expect(await migrate(empty.db)).toEqual([]);
  const since = "0010_instance_version";
  await forget(since);
  await empty.db.query({ text: "ALTER TABLE landfall.instance DROP COLUMN version" });
  expect(await migrate(empty.db)).toEqual([since]);
  await empty.db.query({ text: "INSERT INTO landfall.migration (name) VALUES ('9000_future')" });
  await expect(migrate(empty.db)).rejects.toMatchObject({ name: "Exit", reason: "schema_newer" });
});

test.each([
  ["0.1.0", "0.2.7", true],
  ["0.2.0", "0.1.0", true],
  ["0.1.0", "0.3.0", false],
  ["1.9.0", "2.0.0", false],
  ["1.2.0-rc.1", "1.3.0", true],
])("%s beside %s: %s", (a, b, shared) => {
  expect(areAdjacent(a, b)).toBe(shared);
});
