// Random changes of random definitions over random rows: each is either refused as a whole or leaves the database exactly
// as if the definition had been made at once, and no error of Postgres ever comes through.
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { Problem } from "../kernel/errors/index.ts";
import { definitions } from "./definition.fixture.ts";
import { definitionTools, kindOf } from "./definition-tools.ts";
import { definitionOf } from "./definition-write.ts";
import { escapeName } from "./sql-text.ts";
import type { FieldDefinition } from "./types.ts";

const database = testDatabase();
const { create, change, drop } = definitions(() => database.db, definitionTools({ lockTimeoutMs: 4_000 }));
const sql = (text: string, values: readonly unknown[] = []) => database.db.query({ text, values });

const names = ["a", "b", "c", "d"] as const;
const flags = { many: fc.boolean(), required: fc.boolean(), hidden: fc.boolean() };
const options = <T extends object>(type: string, extra: { [key in keyof T]: fc.Arbitrary<T[key]> }) =>
  fc.record({ ...flags, ...extra }).map((rest) => ({ type, ...rest }) as Partial<FieldDefinition> & { type: string });

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const kinds = fc.oneof(
  options("text", { max: optional(fc.integer({ min: 0, max: 3 })), default: optional(fc.constantFrom("x", "")) }),
  options("select", { values: fc.constantFrom(["x"], ["x", "y"]) }),
  options("integer", { min: optional(fc.integer({ min: -2, max: 2 })), default: optional(fc.constant(2)) }),
  options("decimal", { default: optional(fc.constant("1.50")) }),
  options("number", {}),
  options("bool", {}),
  options("date", {}),
  options("datetime", {}),
  options("json", {}),
  options("geo", {}),
  options("id", {}),
  options("relation", {
    collection: fc.constantFrom("other", "t"),
    onDelete: optional(fc.constantFrom("cascade", "restrict")),
  }),
);

const fieldLists = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names), kinds), { selector: ([name]) => name, maxLength: 4 })
  .map((pairs) =>
    pairs.map(([name, { default: value, ...kind }]) => ({
      name,
      ...kind,
      ...(value === undefined ? {} : { default: kind.many ? [value] : value }),
    })),
  );

/** Indexes on whatever of these fields can stand in one. */
const indexesOn = (fields: readonly { name: string; type: string; many?: boolean }[]) =>
  fields
    .filter((field) => !field.many && field.type !== "json")
    .map((field, at) => ({ fields: [field.name], unique: at % 2 === 1 }));

const cases = fc.record({
  before: fieldLists,
  after: fieldLists,
  /** Picks an old field for each new one to come from, or none. */
  sources: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 4, maxLength: 4 }),
  newName: fc.constantFrom("t", "t2"),
  rows: fc.integer({ min: 0, max: 2 }),
  confirmLoss: fc.boolean(),
});

/** One value that each type allows. */
const sample: Record<string, unknown> = {
  ...{ text: "x", select: "x", id: "x", integer: 2, decimal: "2", number: 2, bool: true },
  ...{ date: "2026-01-31", datetime: "2026-01-31T00:00:00Z", json: { k: 1 }, geo: { lat: 1, lng: 2 }, relation: "o1" },
};

async function addRow(fields: readonly FieldDefinition[], n: number): Promise<void> {
  const stored = fields.flatMap((field) => {
    const value = sample[field.type];
    const parsed = kindOf(field).parse(field, field.many ? [value] : value, "");
    if (!parsed.ok) return [];
    const texts = kindOf(field).params(field, parsed.value);
    return kindOf(field)
      .columns(field)
      .map((column, at) => ({ column: escapeName(column.name), text: texts[at] }));
  });
  const columns = ["id", ...stored.map((one) => one.column)];
  const values = [`r${n}`, ...stored.map((one) => one.text)];
  // A row that a bound or a unique index does not allow is left out.
  await sql(`INSERT INTO public.t (${columns}) VALUES (${values.map((_, at) => `$${at + 1}`)})`, values).catch(
    () => {},
  );
}

/** Everything in schema public, its triggers and the stored definitions, without what counts up. */
async function shape(): Promise<unknown> {
  return [
    await sql(
      `SELECT c.relname, c.relkind::text AS kind, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS default
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 3`,
    ),
    await sql(
      `SELECT conrelid::regclass::text AS t, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2`,
    ),
    await sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
    await sql("SELECT tgrelid::regclass::text AS t, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"),
    await sql(
      `SELECT t.tgrelid::regclass::text AS t, t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
       WHERE t.tgname LIKE 'zz_landfall_stamp%' ORDER BY 1, 2`,
    ),
    await sql("SELECT name, definition FROM landfall.collection ORDER BY name"),
  ];
}

beforeAll(() => create({ name: "other" }).then(() => sql("INSERT INTO public.other (id) VALUES ('o1')")));

test("a change is refused whole or made whole", { timeout: 60_000 }, async () => {
  const outcome = { made: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(cases, async ({ before, after, sources, newName, rows, confirmLoss }) => {
      const first = await create({ name: "t", fields: before, indexes: indexesOn(before) }).catch((error) => error);
      if (first instanceof Problem) return; // e.g. a default out of bounds
      for (let n = 0; n < rows; n++) await addRow(first.fields, n);
      const used = new Set<string>();
      const fields = after.map((field, at) => {
        const was = before[sources[at] as number]?.name;
        if (was === undefined || used.has(was)) return field;
        used.add(was);
        return { ...field, was };
      });
      const untouched = await shape();
      const rowsBefore = await sql("SELECT count(*) AS n FROM public.t");
      const result = await change("t", { name: newName, fields, indexes: indexesOn(after) }, { confirmLoss }).catch(
        (error) => error,
      );
      try {
        if (result instanceof Error) {
          if (!(result instanceof Problem)) throw result;
          outcome.refused++;
          expect(await shape()).toEqual(untouched);
          return;
        }
        outcome.made++;
        expect(await sql(`SELECT count(*) AS n FROM public.${newName}`)).toEqual(rowsBefore);
        const changed = await shape();
        await drop(newName, { confirmLoss: true });
        await create(definitionOf(result));
        expect(await shape()).toEqual(changed);
      } finally {
        await drop(result instanceof Error ? "t" : newName, { confirmLoss: true });
      }
    }),
    { numRuns: 50 },
  );
  expect(outcome.made).toBeGreaterThan(5);
  expect(outcome.refused).toBeGreaterThan(5);
});
