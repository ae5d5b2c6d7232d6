import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { fieldKinds } from "./field-kinds.ts";
import { escapeName } from "./sql-text.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

const database = testDatabase();
const kindOf = fieldKinds((pattern) => (text) => new RegExp(pattern, "u").test(text));

/** Any text Postgres can hold, hostile pieces first. */
const texts = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "NULL",
    "null",
    "{}",
    '{"a"}',
    "a,b",
    '"',
    "\\",
    "'; DROP TABLE x --",
    "\u2028",
    "😀",
    "ß\u0301",
    "%s $1",
  ),
  fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const times = fc.integer({ min: Date.parse("0001-01-01T00:00:00Z"), max: Date.parse("9999-12-31T23:59:59.999Z") });
const timeTexts = fc.oneof(
  fc.constantFrom(
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "1969-12-31T23:59:59.999Z",
    "2024-02-29T00:00:00.120Z",
  ),
  times.map((ms) => new Date(ms).toISOString()),
);
const documents = fc
  .jsonValue({ depthSize: "small", stringUnit: "binary" })
  .filter((value) => value !== null && !JSON.stringify(value).includes("\\u0000"));
const places = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lng: fc.double({ min: -180, max: 180, noNaN: true }),
});

const values: Record<string, { field: Partial<FieldDefinition>; arbitrary: fc.Arbitrary<unknown> }> = {
  text: { field: { type: "text" }, arbitrary: texts },
  id: { field: { type: "id" }, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/) },
  select: { field: { type: "select", values: ["a", "it's", 'b"\\'] }, arbitrary: fc.constantFrom("a", "it's", 'b"\\') },
  number: {
    field: { type: "number" },
    arbitrary: fc.oneof(fc.constantFrom(-0, 1e21, 5e-324, 1.7976931348623157e308, 0.1), finite),
  },
  integer: { field: { type: "integer" }, arbitrary: fc.maxSafeInteger() },
  decimal: {
    field: { type: "decimal" },
    arbitrary: fc.stringMatching(/^-?\d{1,30}(\.\d{1,30})?$/),
  },
  bool: { field: { type: "bool" }, arbitrary: fc.boolean() },
  datetime: { field: { type: "datetime" }, arbitrary: timeTexts },
  date: { field: { type: "date" }, arbitrary: timeTexts.map((text) => text.slice(0, 10)) },
  json: { field: { type: "json" }, arbitrary: documents },
  relation: { field: { type: "relation", collection: "other" }, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/) },
  geo: { field: { type: "geo" }, arbitrary: fc.oneof(fc.constant({ lat: -0, lng: 180 }), places) },
};

beforeAll(() => database.db.query({ text: "CREATE SCHEMA kinds" }));

describe("JSON → parameters → Postgres → select → JSON gives the contract's form", () => {
  for (const [name, { field: part, arbitrary }] of Object.entries(values)) {
    for (const many of [false, true]) {
      if (many && name === "relation") continue; // lives in a join table
      test(`${name}${many ? ", many" : ""}`, async () => {
        const field = { name: "theField", ...part, ...(many ? { many } : {}) } as FieldDefinition;
        const one = many ? fc.array(arbitrary, { maxLength: 6 }) : fc.option(arbitrary);
        const table = await makeTable(field);
        await fc.assert(
          fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 25 }), (inputs) => roundTrip(table, field, inputs)),
          { numRuns: 12 },
        );
      });
    }
  }
});

async function makeTable(field: FieldDefinition): Promise<string> {
  const table = `kinds."${field.type}${field.many ? "s" : ""}"`;
  const kind = kindOf(field);
  const columns = kind.columns(field).map((c) => `${escapeName(c.name)} ${c.type} ${c.notNull ? "NOT NULL" : ""}`);
  const check = kind.check(field);
  if (check) columns.push(`CHECK (${check})`);
  await database.db.query({ text: `CREATE TABLE ${table} (n int PRIMARY KEY, ${columns.join(", ")})` });
  return table;
}

async function roundTrip(table: string, field: FieldDefinition, inputs: readonly unknown[]): Promise<void> {
  const kind = kindOf(field);
  const parsed = inputs.map((input) => {
    const result = kind.parse(field, input, "/theField");
    if (!result.ok) throw new Error(`${JSON.stringify(input)}: ${JSON.stringify(result.issues)}`);
    return result.value;
  });
  const names = kind.columns(field).map((column) => escapeName(column.name));
  const bound: (string | null | number)[] = [];
  const rows = parsed.map((value, n) => {
    bound.push(n, ...kind.params(field, value));
    const first = bound.length - names.length;
    return `($${first}::int, ${kind.columns(field).map((c, i) => `$${first + 1 + i}::${c.type.split(" ")[0]}`)})`;
  });
  await database.db.query({ text: `TRUNCATE ${table}` });
  await database.db.query({ text: `INSERT INTO ${table} (n, ${names}) VALUES ${rows}`, values: bound });
  // The log keeps numerics as strings; everything else is to_jsonb's own form.
  const entryOf = kind.columns(field).map((c) => {
    const column = `t.${escapeName(c.name)}`;
    const cast = c.type === "numeric" ? "::text" : c.type === "numeric[]" ? "::text[]" : "";
    return `'${c.name}', to_jsonb(${column}${cast})`;
  });
  const stored = await database.db.texts({
    text: `SELECT ${kind.select(field, "t")}, jsonb_build_object(${entryOf})::text FROM ${table} t ORDER BY n`,
  });
  for (const [n, row] of stored.rows.entries()) {
    const shown = kind.json(field, row.slice(0, -1));
    expect(JSON.parse(shown)).toStrictEqual(parsed[n]);
    expect(kind.fromEntry(field, JSON.parse(row.at(-1) as string))).toStrictEqual(parsed[n]);
  }
}

interface Case {
  readonly field: Partial<FieldDefinition>;
  readonly gives?: readonly (readonly [unknown, JsonValue])[];
  readonly refuses?: readonly (readonly [unknown, string, string?])[];
}

const lone = "a\ud800";
const cases: Record<string, Case> = {
  "text counts code points": {
    field: { type: "text", min: 2, max: 3 },
    gives: [
      ["😀😀", "😀😀"],
      ["😀😀😀", "😀😀😀"],
    ],
    refuses: [
      ["😀", "min"],
      ["😀😀😀😀", "max"],
      [7, "type"],
      ["a\0b", "invalid_text"],
      [lone, "invalid_text"],
      [["ab"], "type"],
    ],
  },
  "text with a pattern": {
    field: { type: "text", pattern: "^a+$" },
    gives: [["aa", "aa"]],
    refuses: [["b", "pattern"]],
  },
  "required refuses null": {
    field: { type: "text", required: true },
    gives: [["", ""]],
    refuses: [[null, "required"]],
  },
  email: {
    field: { type: "email" },
    gives: [
      ["Ann.O+x@example.co.uk", "Ann.O+x@example.co.uk"],
      ["jörg@bücher.example", "jörg@bücher.example"],
    ],
    refuses: [
      ["ann", "format"],
      ["a@b@c", "format"],
      ["a b@c.de", "format"],
      ["a@c.de\r\nBcc: x@y.z", "format"],
      [`${"a".repeat(65)}@b.c`, "format"],
      ["a@-b.c", "format"],
    ],
  },
  url: {
    field: { type: "url" },
    gives: [
      ["https://example.com/a?b=c#d", "https://example.com/a?b=c#d"],
      ["HTTP://localhost:8080", "HTTP://localhost:8080"],
    ],
    refuses: [
      ["javascript:alert(1)", "format"],
      ["/a", "format"],
      ["http://", "format"],
      ["http://a b", "format"],
      [" http://a", "format"],
      ["http://a:99999", "format"],
    ],
  },
  select: {
    field: { type: "select", required: true, values: ["draft", "open"] },
    refuses: [
      ["Draft", "value"],
      ["toString", "value"],
      [null, "required"],
    ],
  },
  id: {
    field: { type: "id" },
    refuses: [
      ["", "format"],
      ["a/b", "format"],
      ["a\n", "format"],
    ],
  },
  number: {
    field: { type: "number", min: -1, max: 1e300 },
    gives: [
      [-0, 0],
      [0.5, 0.5],
    ],
    refuses: [
      [Number.NaN, "range"],
      [Number.POSITIVE_INFINITY, "range"],
      ["1", "type"],
      [-2, "min"],
      [1e301, "max"],
      [true, "type"],
    ],
  },
  integer: {
    field: { type: "integer" },
    gives: [
      [2 ** 53 - 1, 2 ** 53 - 1],
      [-0, 0],
    ],
    refuses: [
      [2 ** 53, "range"],
      [1.5, "range"],
      ["1", "type"],
    ],
  },
  decimal: {
    field: { type: "decimal", min: "-1.5", max: "100" },
    gives: [
      ["1.50", "1.50"],
      ["007", "7"],
      ["-0.00", "0.00"],
      ["100.000", "100.000"],
      ["-1.50", "-1.50"],
    ],
    refuses: [
      ["1e3", "format"],
      [1.5, "type"],
      [".5", "format"],
      ["1.", "format"],
      ["NaN", "format"],
      ["100.001", "max"],
      ["-1.51", "min"],
      ["9".repeat(201), "format"],
      ["١", "format"],
    ],
  },
  datetime: {
    field: { type: "datetime" },
    gives: [
      ["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000Z"],
      ["2026-01-31t12:00:00.1239z", "2026-01-31T12:00:00.123Z"],
      ["0001-01-01T05:30:00+05:30", "0001-01-01T00:00:00.000Z"],
      ["0050-06-01T00:00:00Z", "0050-06-01T00:00:00.000Z"],
      ["9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"],
    ],
    refuses: [
      ["2026-02-29T00:00:00Z", "format"],
      ["2026-01-31", "format"],
      ["2026-01-31T12:00:00", "format"],
      ["0001-01-01T00:00:00+00:01", "format"],
      ["9999-12-31T23:59:59-00:01", "format"],
      ["2026-01-31T24:00:00Z", "format"],
      ["2016-12-31T23:59:60Z", "format"],
      ["infinity", "format"],
      ["now", "format"],
      [1769860800, "type"],
      ["0000-01-01T00:00:00Z", "format"],
      ["2026-01-31T12:00:00+24:00", "format"],
    ],
  },
  autodate: { field: { type: "autodate" }, refuses: [["2026-01-31T12:00:00Z", "read_only"]] },
  date: {
    field: { type: "date", min: "2000-01-01" },
    gives: [["2024-02-29", "2024-02-29"]],
    refuses: [
      ["2023-02-29", "format"],
      ["1900-02-29", "format"],
      ["2024-2-9", "format"],
      ["0000-01-01", "format"],
      ["1999-12-31", "min"],
    ],
  },
  json: {
    field: { type: "json" },
    gives: [
      [{ n: [-0] }, { n: [0] }],
      [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
      [false, false],
    ],
    refuses: [
      [{ "a/b": ["x\0"] }, "invalid_text", "/f/a~1b/0"],
      [{ [lone]: 1 }, "invalid_text"],
      [{ n: Number.NaN }, "range", "/f/n"],
      [nest(65), "depth"],
    ],
  },
  relation: {
    field: { type: "relation", collection: "x" },
    refuses: [
      [{ id: "a" }, "type"],
      ["a b", "format"],
      ["", "format"],
    ],
  },
  "relation, many": {
    field: { type: "relation", collection: "x", many: true },
    gives: [
      [
        ["a", "b"],
        ["a", "b"],
      ],
    ],
    refuses: [[["a", "a"], "duplicate", "/f/1"]],
  },
  geo: {
    field: { type: "geo" },
    gives: [
      [
        { lng: -0, lat: 90 },
        { lat: 90, lng: 0 },
      ],
    ],
    refuses: [
      [{ lat: 91, lng: 0 }, "range", "/f/lat"],
      [{ lat: 1 }, "type", "/f/lng"],
      [{ lat: 1, lng: 1, alt: 1 }, "type", "/f/alt"],
      [[1, 2], "type"],
      [{ lat: Number.NaN, lng: 0 }, "range"],
      [JSON.parse('{"__proto__":{"lat":1,"lng":1}}'), "type"],
    ],
  },
  lists: {
    field: { type: "text", many: true, max: 2 },
    gives: [
      [null, []],
      [[], []],
      [
        ["a", "a"],
        ["a", "a"],
      ],
    ],
    refuses: [
      [["a", null], "null_element", "/f/1"],
      ["a", "type"],
      [["abc"], "max", "/f/0"],
      [Array(1001).fill("a"), "items_max"],
      [{ 0: "a", length: 1 }, "type"],
    ],
  },
  "a required list has an element": {
    field: { type: "integer", many: true, required: true },
    refuses: [
      [[], "required"],
      [null, "required"],
    ],
  },
};

function nest(depth: number): JsonValue {
  return depth === 0 ? 1 : [nest(depth - 1)];
}

describe("values are exact or refused with their path", () => {
  for (const [name, { field: part, gives = [], refuses = [] }] of Object.entries(cases)) {
    test(name, () => {
      const field = { name: "f", ...part } as FieldDefinition;
      for (const [input, value] of gives)
        expect(kindOf(field).parse(field, input, "/f")).toStrictEqual({ ok: true, value });
      for (const [input, code, path] of refuses) {
        const parsed = kindOf(field).parse(field, input, "/f");
        expect(parsed.ok ? parsed : { code: parsed.issues[0]?.code }, JSON.stringify(input)).toEqual({ code });
        if (path && !parsed.ok) expect(parsed.issues[0]?.path).toBe(path);
      }
    });
  }
});

test("X05 rich text keeps its form and loses everything that runs", () => {
  const field: FieldDefinition = { name: "body", type: "richtext" };
  const clean = (html: string) => {
    const parsed = kindOf(field).parse(field, html, "/body");
    return parsed.ok ? parsed.value : parsed.issues[0]?.code;
  };
  expect(clean("<p>Hello <b>you</b></p>")).toBe("<p>Hello <b>you</b></p>");
  expect(clean('<a href="https://a.example">x</a>')).toContain('href="https://a.example"');
  const hostile = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<a href="java\tscript:alert(1)">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    '<img src="data:text/html,<script>alert(1)</script>">',
  ];
  for (const html of hostile) {
    const kept = String(clean(html));
    expect(kept).not.toMatch(
      /<(script|svg|math|iframe|style|noscript)|<[^>]*\son\w+=|(href|src)="?(javascript|data):/i,
    );
    expect(clean(kept), "cleaning is idempotent").toBe(kept);
  }
  expect(clean("x\0")).toBe("invalid_text");
});

test("fromEntry reads times that another session's time zone wrote", async () => {
  const field: FieldDefinition = { name: "at", type: "datetime" };
  for (const zone of ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"]) {
    for (const time of [
      "0001-01-01T00:00:00.000Z",
      "1880-01-01T00:00:00.120Z",
      "2026-07-01T12:30:00.005Z",
      "9999-12-31T23:59:59.999Z",
    ]) {
      const [row] = await database.db.transaction(async (tx) => {
        await tx.query({ text: "SELECT set_config('TimeZone', $1, true)", values: [zone] });
        return tx.query<{ at: string }>({ text: "SELECT to_jsonb($1::timestamptz) AS at", values: [time] });
      });
      expect(kindOf(field).fromEntry(field, { at: row?.at })).toBe(time);
    }
  }
});

test("the table refuses what the API would never write", async () => {
  const refuse = async (field: Partial<FieldDefinition>, ...literals: string[]) => {
    const full = { name: "x", ...field } as FieldDefinition;
    const kind = kindOf(full);
    const columns = kind.columns(full);
    const text = `CREATE TABLE kinds.raw (${columns.map((c) => `${escapeName(c.name)} ${c.type}`)}, CHECK (${kind.check(full)}))`;
    for (const literal of literals) {
      const attempt = database.db.transaction(async (tx) => {
        await tx.query({ text });
        await tx.query({ text: `INSERT INTO kinds.raw VALUES (${literal})` });
      });
      await expect(attempt, literal).rejects.toMatchObject({ code: expect.stringMatching(/^(23514|2202E)$/) });
    }
  };
  await refuse({ type: "number" }, "'NaN'", "'Infinity'", "'-Infinity'");
  await refuse({ type: "number", many: true }, "'{1,NaN}'", "'{NULL}'", "'{{1},{2}}'");
  await refuse({ type: "decimal", max: "10" }, "'NaN'", "'Infinity'", "10.01");
  await refuse({ type: "integer" }, "9007199254740992", "-9007199254740992");
  await refuse({ type: "integer", many: true }, "'{9007199254740992}'");
  await refuse({ type: "datetime" }, "'infinity'", "'0001-12-31 BC'", "'10000-01-01'");
  await refuse({ type: "datetime", many: true }, "'{infinity}'");
  await refuse({ type: "date" }, "'-infinity'", "'0001-12-31 BC'");
  await refuse({ type: "select", values: ["a'b"] }, "'c'");
  await refuse({ type: "text", max: 2 }, "'abc'");
  await refuse({ type: "geo" }, "1, NULL", "91, 0", "0, 'NaN'");
  await refuse({ type: "geo", many: true }, "'{1}', '{}'", "'{91}', '{0}'");
});
