// Every migration leaves servers of the version before running: judged by what it says, and by what it does to a real schema.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Migration, migrations } from "@landfall/migrations";
import { expect, test } from "vitest";
import { declared } from "../../server/kernel/db/compatibility.ts";
import { migrate } from "../../server/kernel/db/migrate.ts";
import { product } from "../../server/kernel/product.ts";
import { testDatabase } from "../support/database.ts";
import { migrationFaults } from "./migration-rules.ts";
import { statementsOf } from "./migration-statements.ts";

const database = testDatabase({ empty: true });

const base: Migration = {
  name: "0001_base",
  sql: '-- breaks: nothing\nCREATE TABLE landfall.thing (id text PRIMARY KEY);\nCREATE TABLE landfall.change ();\nCREATE FUNCTION landfall.f(a text) RETURNS text LANGUAGE sql AS $$ SELECT a $$;\nCREATE TABLE landfall."idempotencyKey" ();',
};
const faults = (sql: string, { breaks = "nothing", version = "0.3.0" } = {}) =>
  migrationFaults([base, { name: "0002_next", sql: `-- breaks: ${breaks}\n${sql}` }], version);

test("every migration of the product keeps the rule", () => {
  expect(migrationFaults(migrations(), product.version)).toEqual([]);
});

test.each([
  "CREATE TABLE landfall.other (n int); CREATE UNIQUE INDEX other_n ON landfall.other (n); INSERT INTO landfall.other VALUES (1)",
  "ALTER TABLE landfall.thing ADD COLUMN a text, ADD COLUMN b int NOT NULL DEFAULT 0, ADD COLUMN c numeric(4,2) DEFAULT 1.5",
  "ALTER TABLE landfall.change ADD COLUMN note text",
  "ALTER TABLE landfall.thing SET (fillfactor = 50)",
  "CREATE INDEX thing_id ON landfall.thing (id)",
  "CREATE TABLE landfall.other (thing text REFERENCES landfall.thing (id) ON DELETE CASCADE)",
  "CREATE FUNCTION landfall.g(a text) RETURNS text LANGUAGE sql AS $$ DROP TABLE x; SELECT a $$",
  "COMMENT ON TABLE landfall.thing IS 'DROP TABLE landfall.thing; it''s no statement'",
  "-- older servers: they read this function's answer as a text, which stays one\nCREATE OR REPLACE FUNCTION landfall.f(a text) RETURNS text LANGUAGE sql AS $$ SELECT a || a $$",
])("leaves running servers alone: %s", (sql) => {
  expect(faults(sql)).toEqual([]);
});

test.each([
  ["DROP TABLE landfall.thing", "not among the statements"],
  ["DROP FUNCTION landfall.f", "not among the statements"],
  ["TRUNCATE landfall.thing", "not among the statements"],
  ["LOCK TABLE landfall.thing", "not among the statements"],
  ["ALTER TABLE landfall.thing DROP COLUMN id", "use the table as it is"],
  ["ALTER TABLE landfall.thing RENAME COLUMN id TO key", "use the table as it is"],
  ["ALTER TABLE landfall.thing RENAME TO things", "use the table as it is"],
  ["ALTER TABLE landfall.thing ALTER COLUMN id TYPE uuid USING id::uuid", "use the table as it is"],
  ["ALTER TABLE landfall.thing ALTER id SET NOT NULL", "use the table as it is"],
  ["ALTER TABLE landfall.thing ADD CONSTRAINT c CHECK (id <> '')", "use the table as it is"],
  ["ALTER TABLE landfall.thing ADD COLUMN a text, DROP COLUMN id", "use the table as it is"],
  ["ALTER TABLE landfall.thing ADD CONSTRAINT c CHECK (id <> '') NOT VALID", "write what it refuses"],
  ["ALTER TABLE landfall.thing ADD COLUMN a text NOT NULL", "do not fill the column"],
  ["ALTER TABLE landfall.thing ADD a timestamptz DEFAULT clock_timestamp()", "rewrites the table"],
  ["ALTER TABLE landfall.thing ADD COLUMN a text UNIQUE", "no constraint with it"],
  ["ALTER TABLE landfall.thing ADD COLUMN a int GENERATED ALWAYS AS IDENTITY", "no constraint with it"],
  ["ALTER TABLE landfall.thing ADD COLUMN a text REFERENCES landfall.thing", "no constraint with it"],
  ["CREATE UNIQUE INDEX thing_id ON landfall.thing (id)", "write what it refuses"],
  ["CREATE INDEX c ON landfall.change (id)", "writers wait"],
  ['CREATE INDEX c ON landfall."idempotencyKey" (route)', "writers wait"],
  ["CREATE INDEX CONCURRENTLY c ON landfall.thing (id)", "one transaction"],
  ["VACUUM landfall.thing", "one transaction"],
  ["COMMIT", "opens and ends the transaction"],
  ["UPDATE landfall.change SET slot = 1", "holds its rows"],
  ["UPDATE landfall.thing SET id = 'x'", "read this table"],
  ["INSERT INTO landfall.thing VALUES ('x')", "read this table"],
  ["CREATE OR REPLACE FUNCTION landfall.f(a text) RETURNS text LANGUAGE sql AS $$ SELECT 'b' $$", "as it was"],
  ["CREATE FUNCTION landfall.f(a int) RETURNS text LANGUAGE sql AS $$ SELECT 'b' $$", "ambiguous"],
  [
    "CREATE TRIGGER t BEFORE INSERT ON landfall.thing FOR EACH ROW EXECUTE FUNCTION landfall.f()",
    "statements of running",
  ],
  ["CREATE TABLE landfall.other (thing text REFERENCES landfall.thing)", "could not delete from thing"],
  ["DO $$ BEGIN EXECUTE 'DROP TABLE landfall.thing'; END $$", "cannot be seen"],
  ["-- older servers: fine\nDO $$ BEGIN END $$", "cannot be seen"],
  ["-- older servers: they have never heard of this table\nDROP TABLE landfall.thing", "not among the statements"],
  ["ALTER ROLE x SUPERUSER", "not among the statements"],
])("is refused: %s", (sql, why) => {
  const [fault, ...others] = faults(sql);
  expect(fault).toContain(why);
  expect(others).toEqual([]);
});

test("a contracting migration may take away what the version before no longer uses, and nothing that it does", () => {
  const sql = "DROP TABLE landfall.thing";
  expect(faults(sql, { breaks: "older servers than 0.2.0, which read it" })).toEqual([]);
  expect(faults(sql, { breaks: "older servers than 0.3.0" })).toEqual(["0002_next: breaks servers older than 0.3.0, and 0.2.0 must go on running beside 0.3.0"]); // biome-ignore format: one line
  expect(faults(sql, { breaks: "older servers than 0.2.1" })).toHaveLength(1);
  expect(faults(sql, { breaks: "older servers than 0.1.0", version: "1.0.0" })).toHaveLength(1);
  expect(
    faults("CREATE INDEX CONCURRENTLY i ON landfall.thing (id)", { breaks: "older servers than 0.2.0" }),
  ).toHaveLength(1);
});

test("a file without its first line, and one out of the row of numbers, is refused", () => {
  const sql = "-- breaks: nothing\nCREATE TABLE landfall.a ()";
  expect(migrationFaults([{ name: "0002_a", sql }], "0.1.0")).toEqual(["0002_a: is not named 0001_what_it_is_about"]);
  for (const line of ["", "-- breaks: something", "-- breaks: older servers", "-- breaks: older servers than 2"])
    expect(() => migrationFaults([{ name: "0001_a", sql: `${line}\n` }], "0.1.0")).toThrow('begin with "-- breaks');
});

test("statements are told apart whatever stands in their strings, bodies and comments", () => {
  const sql = `-- a; b\nSELECT 'a;''b' /* ; */ AS "x;y";\n-- older servers: nobody calls this one yet\nDO $body$ BEGIN ; END $body$; SELECT 1`;
  expect(statementsOf(sql)).toEqual([
    { text: `SELECT '' AS "x;y"`, judged: undefined },
    { text: "DO ''", judged: "nobody calls this one yet" },
    { text: "SELECT 1", judged: undefined },
  ]);
});

// What a DO block or a function hides is seen in the catalogue: all that was there is there afterwards, untouched.
test("no migration that breaks nothing takes away, rewrites or narrows what was there", async () => {
  const all = migrations();
  let before: Catalogue = new Map();
  for (let count = 1; count <= all.length; count++) {
    await migrate(database.db, { migrations: all.slice(0, count) });
    const after = await catalogue();
    const migration = declared(all[count - 1] as Migration);
    if (migration.oldestServer === undefined) expect(changesOf(before, after), migration.name).toEqual([]);
    before = after;
  }
  expect(before.size).toBeGreaterThan(100);
});

/** Thing → what it is; a thing that belongs to a table begins with the table's name. */
type Catalogue = ReadonlyMap<string, string>;

async function catalogue(): Promise<Catalogue> {
  const rows = await database.db.query<{ thing: string; is: string }>({
    text: `SELECT c.relname || ' ' || c.relkind::text AS thing, pg_relation_filenode(c.oid)::text AS is
           FROM pg_class c WHERE relnamespace = 'landfall'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')
             AND relname <> 'migration'
           UNION ALL SELECT c.relname || ' column ' || attname,
             format_type(atttypid, atttypmod) || CASE WHEN attnotnull AND NOT atthasdef AND attidentity = '' THEN ' must be given' ELSE '' END
           FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
           WHERE relnamespace = 'landfall'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND relname <> 'migration'
           UNION ALL SELECT c.relname || ' narrowed by ' || conname, pg_get_constraintdef(k.oid)
           FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid WHERE connamespace = 'landfall'::regnamespace AND contype <> 'n'
           UNION ALL SELECT c.relname || ' narrowed by ' || tgname, pg_get_triggerdef(t.oid)
           FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'landfall'::regnamespace AND NOT tgisinternal
             AND tgname <> 'credential_changed' -- writes to a table of its own after the change, and refuses nothing
           UNION ALL SELECT c.relname || ' narrowed by ' || i.relname, ''
           FROM pg_index x JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
           WHERE c.relnamespace = 'landfall'::regnamespace AND indisunique
           UNION ALL SELECT 'function ' || oid::regprocedure::text, md5(prosrc) || proretset::text || prorettype::regtype::text
           FROM pg_proc WHERE pronamespace = 'landfall'::regnamespace`,
  });
  return new Map(rows.map(({ thing, is }) => [thing, is]));
}

function changesOf(before: Catalogue, after: Catalogue): string[] {
  const tables = new Set(
    [...before.keys()].filter((thing) => / [rp]$/.test(thing)).map((thing) => thing.split(" ")[0]),
  );
  const changed = [...before].filter(([thing, is]) => after.get(thing) !== is).map(([thing]) => `changed: ${thing}`);
  const narrowed = [...after]
    .filter(([thing]) => !before.has(thing) && tables.has(thing.split(" ")[0]))
    .filter(([thing, is]) => thing.includes(" narrowed by ") || is.endsWith(" must be given"))
    .map(([thing]) => `new: ${thing}`);
  return [...changed, ...narrowed];
}

test("the catalogue's judge sees what it must", () => {
  const before = new Map([["t r", "1"], ["t column a", "text"], ["function f()", "x"]]); // biome-ignore format: one line
  const after = new Map([["t r", "2"], ["t column b", "text must be given"], ["t narrowed by c", ""], ["u r", "3"], ["u narrowed by k", ""], ["function f()", "y"]]); // biome-ignore format: one line
  expect(changesOf(before, after)).toEqual(["changed: t r", "changed: t column a", "changed: function f()", "new: t column b", "new: t narrowed by c"]); // biome-ignore format: one line
  expect(changesOf(before, new Map([...before, ["t column d", "text"]]))).toEqual([]);
});

test("the product's own statements name the columns of system tables, so that one more does not reach an older server", () => {
  const folder = new URL("../../server/", import.meta.url).pathname;
  const wild =
    /\b(SELECT|RETURNING)\s+(\w+\.)?\*\s+FROM landfall\.|\bINSERT INTO landfall\.("\w+"|\w+)\s+(VALUES|SELECT)\b/;
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|fixture)\.ts$|node_modules/.test(file))
    .filter((file) => wild.test(readFileSync(join(folder, file), "utf8")));
  expect(found).toEqual([]);
  expect(wild.test("SELECT * FROM landfall.meta")).toBe(true);
});
