// Pages: what a cursor promises, however the rows are ordered and whoever writes meanwhile.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { admin, anonymous, outcome, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  {
    name: "rows",
    fields: [
      { name: "text", type: "text" },
      { name: "word", type: "text", required: true },
      { name: "n", type: "integer" },
      { name: "x", type: "number" },
      { name: "price", type: "decimal" },
      { name: "at", type: "datetime" },
      { name: "day", type: "date" },
      { name: "flag", type: "bool" },
      { name: "group", type: "integer", required: true },
    ],
    indexes: [{ fields: ["group", "n"] }],
    rules: { list: "true" },
  },
]);

const words = [
  "",
  "a",
  "A",
  "aa",
  "Ä",
  "ä",
  "z",
  "Ω",
  "я",
  "中",
  "日本",
  "한국",
  "עברית",
  "\u{1F600}",
  "é",
  "e\u0301",
  '"',
  "\\",
  "%",
];
const pick = <T>(list: readonly T[], n: number) => list[n % list.length] as T;
const decimals = ["0", "0.10", "0.1", "-5", "12345678901234567890.5"];
const keys = ["text", "word", "n", "x", "price", "at", "day", "flag", "createdAt", "group"] as const;
type Row = Record<string, unknown> & { id: string };
let rows: Row[] = [];

/** The order of the contract, in JavaScript: code points, nulls last ascending and first descending, `id` last and the way of the
 * key before it. */
function compare(sort: readonly { key: string; down: boolean }[]) {
  const value = (row: Row, key: string) => (key === "price" && row[key] !== null ? Number(row[key]) : row[key]);
  const order = (a: unknown, b: unknown): number => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
    return Number(a) - Number(b);
  };
  return (a: Row, b: Row) => {
    for (const { key, down } of sort) {
      const by = order(value(a, key), value(b, key));
      if (by !== 0) return down ? -by : by;
    }
    return sort.at(-1)?.down ? order(b.id, a.id) : order(a.id, b.id);
  };
}

async function visit(query: Record<string, string>): Promise<Row[]> {
  const seen: Row[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await bed.list(admin, "rows", { ...query, ...(cursor ? { cursor } : {}) });
    seen.push(...(page.items as Row[]));
    if (page.nextCursor === null) return seen;
    cursor = page.nextCursor;
  }
}

beforeAll(async () => {
  const bodies = Array.from({ length: 200 }, (_, n) => ({
    id: `r${(n * 7919) % 1000}-${n}`,
    text: n % 5 === 0 ? null : pick(words, n * 3),
    word: pick(words, n),
    n: n % 4 === 0 ? null : (n * 31) % 9,
    x: n % 6 === 0 ? null : ((n * 17) % 7) / 3,
    price: n % 7 === 0 ? null : pick(decimals, n),
    at: n % 3 === 0 ? null : new Date(1e12 + (n % 5) * 1e9 + (n % 3)).toISOString(),
    day: n % 8 === 0 ? null : `2026-01-0${1 + (n % 5)}`,
    flag: n % 3 === 0 ? null : n % 2 === 0,
    group: n % 3,
  }));
  await bed.bulk.createMany(bed.ctx(), "rows", bodies);
  rows = await visit({ limit: "1000" });
});

describe("pages visited by cursor are the sorted set", () => {
  const sorts = fc.uniqueArray(fc.record({ key: fc.constantFrom(...keys), down: fc.boolean() }), {
    ...{ minLength: 0, maxLength: 3 },
    selector: ({ key }) => key,
  });
  test("for any sort and page size, while others insert and delete", async () => {
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(sorts, fc.integer({ min: 1, max: 70 }), async (sort, limit) => {
        const others = (async () => {
          for (let n = 0; n < 5; n++) {
            const id = `zz-other-${serial++}`;
            await bed.writer.create(bed.ctx(), "rows", { id, word: pick(words, serial), group: 9, n: serial % 9 });
            if (n % 2) await bed.writer.remove(bed.ctx(), "rows", id);
          }
        })();
        const text = sort.map(({ key, down }) => (down ? `-${key}` : key)).join();
        const seen = await visit({ limit: String(limit), ...(text ? { sort: text } : {}) });
        await others;
        const ids = seen.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const expected = [...rows].sort(compare(sort)).map(({ id }) => id);
        expect(ids.filter((id) => !id.startsWith("zz-other-"))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test("with a filter the cursor stays inside it", async () => {
    const seen = await visit({ filter: "group == $g", params: '{"g":1}', sort: "-n,text", limit: "7" });
    const expected = rows
      .filter(({ group }) => group === 1)
      .sort(
        compare([
          { key: "n", down: true },
          { key: "text", down: false },
        ]),
      );
    expect(seen.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  });
});

test("a cursor of another query, another caller or another hand is refused", async () => {
  const page = await bed.list(anonymous, "rows", { sort: "n", limit: "5" });
  const cursor = page.nextCursor as string;
  const ask = (actor: typeof admin, query: object) =>
    outcome(bed.list(actor, "rows", { cursor, limit: "5", sort: "n", ...query }));
  expect(await ask(anonymous, {})).toBe("ok");
  expect(await ask(anonymous, { limit: "9", fields: "id" })).toBe("ok");
  const refused = "400 cursor_invalid";
  expect(await ask(user("u1"), {})).toBe(refused);
  expect(await ask(admin, {})).toBe(refused);
  expect(await ask(anonymous, { sort: "-n" })).toBe(refused);
  expect(await ask(anonymous, { filter: "group == 1" })).toBe(refused);
  for (let at = 0; at < cursor.length; at += 5) {
    const other = cursor[at] === "A" ? "B" : "A";
    expect(await ask(anonymous, { cursor: cursor.slice(0, at) + other + cursor.slice(at + 1) })).toBe(refused);
  }
  for (const forged of ["", "x", "====", `${cursor}A`, cursor.slice(0, -1), "A".repeat(20_000)]) {
    expect(await ask(anonymous, { cursor: forged })).toBe(refused);
  }
});

test("D12 pagination abuse: limits are capped and named, exact counts have a time limit of their own", async () => {
  for (const limit of ["0", "-1", "1001", "1e9", "1000000000", "9".repeat(400), "NaN", "", " 5", "5.5"]) {
    expect(await outcome(bed.list(anonymous, "rows", { limit }))).toBe("400 query_invalid: query.limit invalid");
  }
  expect((await bed.list(anonymous, "rows", { limit: "1", count: "exact", filter: "group < 3" })).count).toBe(200);
  expect(await outcome(bed.list(anonymous, "rows", { count: "all" }))).toBe("400 query_invalid: query.count invalid");
});

test("J01 SQL through identifiers: names are looked up, never pasted", async () => {
  const hostile = [
    `n"; DROP TABLE rows; --`,
    "n' OR '1'='1",
    "n)--",
    "pg_sleep(5)",
    "n;select",
    `"n"`,
    "n.__proto__",
    "__proto__",
    "constructor",
    "n/**/",
  ];
  for (const name of hostile) {
    const answers = await Promise.all([
      outcome(bed.list(anonymous, "rows", { sort: name })),
      outcome(bed.list(anonymous, "rows", { fields: name })),
      outcome(bed.list(anonymous, "rows", { expand: name })),
      outcome(bed.list(anonymous, "rows", { filter: `${name} == 1` })),
      outcome(bed.list(anonymous, "rows", { expand: `author(sort:${name})` })),
      outcome(bed.writer.create(bed.ctx(), "rows", { [name]: 1 })),
    ]);
    for (const answer of answers) expect(answer).toMatch(/^400 (query|record)_invalid/);
    expect(await outcome(bed.reader.read(bed.ctx(), name, "r"))).toBe("404 record_not_found");
    expect(await outcome(bed.reader.read(bed.ctx(), "rows", name))).toBe("404 record_not_found");
  }
  const text = `'; DROP TABLE rows; --"\\ $1`;
  const made = await bed.writer.create(bed.ctx(), "rows", { id: "hostile", word: text, group: 8 });
  expect(JSON.parse(made.text).word).toBe(text);
  expect(
    (await bed.list(admin, "rows", { filter: "word == $w", params: JSON.stringify({ w: text }) })).items,
  ).toHaveLength(1);
  await bed.writer.remove(bed.ctx(), "rows", "hostile");
});

test("D01 deep or wide filters and expands are refused quickly", async () => {
  const hostile = [
    { filter: "(".repeat(10_000) },
    { filter: Array(10_000).fill("n == 1").join(" && ") },
    { filter: "!".repeat(10_000).concat("true") },
    { expand: Array(1_000).fill("author").join() },
    { expand: Array(50).fill("author").join(".") },
  ];
  for (const query of hostile) {
    const start = performance.now();
    expect(await outcome(bed.list(anonymous, "rows", query))).toMatch(/^400 query_invalid/);
    expect(performance.now() - start).toBeLessThan(500);
  }
});
