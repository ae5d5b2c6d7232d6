// From definitions to expressions: what each field type becomes, who may name what, and which plans Postgres finds.
import { CelError } from "@landfall/client/cel";
import { fieldTypes } from "@landfall/client/wire";
import { beforeAll, describe, expect, it } from "vitest";
import { checkFilter, checkRule, rowAt, rowTypeOf, tablesOf } from "../../server/collections/expression-env.ts";
import { SlotBinder, slotValue } from "../../server/collections/expression-slots.ts";
import { compileTruth, type RowSource } from "../../server/collections/expression-sql.ts";
import type { FieldDefinition, Schema, Schemas } from "../../server/collections/types.ts";
import { testDatabase } from "../support/database.ts";

const kinds = fieldTypes.filter((type) => type !== "relation" && type !== "id");
const fields: readonly FieldDefinition[] = [
  ...kinds.map((type) => ({ name: `${type}Field`, type })),
  ...kinds.map((type) => ({ name: `${type}Must`, type, required: true })),
  ...kinds.map((type) => ({ name: `${type}Many`, type, many: true })),
  { name: "author", type: "relation", collection: "visits" },
  { name: "guests", type: "relation", collection: "visits", many: true },
];
const visits: Schema = {
  id: 1,
  name: "visits",
  kind: "base",
  fields,
  indexes: [],
  rules: {},
  preconditionRequired: false,
  schemaVersion: 1,
  createdAt: "",
  updatedAt: "",
  fieldByName: new Map(fields.map((field) => [field.name, field])),
  inverses: new Map(),
};
const schemas: Schemas = { version: 1, byName: new Map([["visits", visits]]), byId: new Map([[1, visits]]) };

describe("expressions over definitions", () => {
  const database = testDatabase();
  const auth = { id: "u7", signedIn: true, roles: [], teams: [], claims: {} };

  beforeAll(async () => {
    await database.db.query({
      text: `CREATE TABLE public.visits (id text COLLATE "C" PRIMARY KEY, author text COLLATE "C", "dateField" date,
               "datetimeField" timestamptz(3), "integerField" int8, "textField" text COLLATE "C")`,
    });
    await database.db.query({
      text: `INSERT INTO public.visits SELECT i, 'u' || i, date '2020-01-01' + i, timestamptz '2020-01-01T00:00:00Z' + i * interval '1 hour', i, 't' || i
               FROM generate_series(1, 20000) AS i`,
    });
    for (const column of ["author", "dateField", "datetimeField", "integerField", "textField"]) {
      await database.db.query({ text: `CREATE INDEX ON public.visits ("${column}")` });
    }
    await database.db.query({ text: "ANALYZE public.visits" });
  });

  it("knows every field type; only required fields, lists and system fields are never null", () => {
    const row = rowTypeOf(visits);
    for (const type of kinds) {
      expect([type, row.fields.get(`${type}Field`)?.nullable]).toEqual([type, true]);
      expect([type, row.fields.get(`${type}Must`)?.nullable]).toEqual([type, false]);
      expect(row.fields.get(`${type}Many`)).toMatchObject({
        nullable: false,
        type: { kind: "list", of: row.fields.get(`${type}Field`)?.type },
      });
    }
    expect(row.fields.get("guests")?.type).toEqual({ kind: "list", of: { kind: "relation", collection: "visits" } });
    for (const name of ["id", "createdAt", "updatedAt", "version"]) expect(row.fields.get(name)?.nullable).toBe(false);
  });

  it("lets only update and field rules name the stored row", () => {
    for (const operation of ["update", "write"] as const) {
      expect(checkRule(schemas, visits, "before.author == author", { operation }).namesBefore).toBe(true);
    }
    for (const operation of ["list", "get", "create", "delete", "read"] as const) {
      expect(() => checkRule(schemas, visits, "before.author == author", { operation })).toThrow(CelError);
    }
    expect(() => checkFilter(schemas, visits, "before.author == author")).toThrow(CelError);
  });

  it("hides a collection that may not be named as if it did not exist", () => {
    const words = (name: string) => {
      try {
        checkFilter(schemas, visits, `collection("${name}").exists(v, true)`, { canName: () => false });
      } catch (error) {
        return error instanceof CelError ? [error.code, error.message.replaceAll(name, "X"), error.advice] : error;
      }
      return "accepted";
    };
    expect(words("visits")).toEqual(words("absent"));
  });

  it("refuses lists of places by name instead of asking columns that are not there", () => {
    expect(() => checkFilter(schemas, visits, "size(geoMany) == 1")).toThrow(
      expect.objectContaining({ code: "expression_unsupported" }),
    );
  });

  const plans: readonly (readonly [string, { readonly [name: string]: unknown }])[] = [
    ["author == auth.id", {}],
    ["author == auth.id || integerField == 5", {}],
    ["textField in ['t1', 't2']", {}],
    ["textField in $list", { list: ["t1", "t2"] }],
    ["!(textField != 't1')", {}],
    ["dateField == '2020-03-01'", {}],
    ["dateField == $day", { day: "2020-03-01" }],
    ["dateField >= '2020-03-01' && dateField < '2020-03-03'", {}],
    ["datetimeField > timestamp('2022-04-01T00:00:00Z')", {}],
    ["datetimeField > timestamp($at)", { at: "2022-04-01T00:00:00Z" }],
    ["integerField == $n && true", { n: 5 }],
    ["author.textField == 't1' && integerField == 7", {}],
  ];
  for (const [filter, params] of plans) {
    it(`${filter} is served by an index`, async () => {
      const binder = new SlotBinder();
      const truth = compileTruth(checkFilter(schemas, visits, filter, { params }), {
        binder,
        row: rowAt("r"),
        ...tablesOf(schemas),
      });
      const values = binder.slots.map((slot) => slotValue(slot, { auth, nowMs: 0, door: "rest", params }));
      const { rows } = await database.db.texts({
        text: `EXPLAIN SELECT id FROM public.visits r WHERE ${truth}`,
        values,
      });
      const plan = rows.map(([line]) => line).join("\n");
      expect(plan).toMatch(/Index (Only )?Scan/);
      expect(plan).not.toMatch(/Seq Scan on visits r/);
    });
  }

  it("takes a row that is being written from parameters", async () => {
    const checked = checkRule(schemas, visits, "author == auth.id && auth.id in guests && before.textField == 't1'", {
      operation: "update",
    });
    const binder = new SlotBinder();
    const row: RowSource = {
      column: (name) => binder.bind({ kind: "input", name }, "text"),
      links: (field) => binder.bind({ kind: "input", name: field }, "text[]"),
    };
    const truth = compileTruth(checked, { binder, row, before: rowAt("r"), ...tablesOf(schemas) });
    const ask = async (input: { [name: string]: string | null }) => {
      const values = binder.slots.map((slot) => slotValue(slot, { auth, nowMs: 0, door: "rest", input }));
      const { rows } = await database.db.texts({
        text: `SELECT (${truth}) IS TRUE FROM public.visits r WHERE r.id = '1'`,
        values,
      });
      return rows[0]?.[0];
    };
    expect(await ask({ author: "u7", guests: "{u1,u7}" })).toBe("t");
    expect(await ask({ author: "u7", guests: "{u1}" })).toBe("f");
    expect(await ask({ author: null, guests: "{u7}" })).toBe("f");
  });
});
