// The total forms in SQL against JavaScript, value by value: doubles at every edge, times, patterns, order of texts.
import { CelError, compareText, compilePattern, distanceM, parseTime } from "@landfall/client/cel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDatabase } from "../support/database.ts";

const bits = new DataView(new ArrayBuffer(8));
const fromBits = (high: number, low: number): number => {
  bits.setUint32(0, high);
  bits.setUint32(4, low);
  const value = bits.getFloat64(0);
  return Number.isFinite(value) ? value : 1;
};
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff })).map(([high, low]) => fromBits(high, low)),
  fc
    .tuple(fc.integer({ min: -1074, max: 1023 }), fc.constantFrom(1, -1, 1.5, 0.9999999999999999))
    .map(([e, m]) => m * 2 ** e),
  fc.constantFrom(0, 1, -1, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2.2250738585072014e-308, 2 ** 970, 2 ** 1023),
);

describe("values mean the same in SQL and in JavaScript", () => {
  const { db } = hold();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] => fc.sample(arbitrary, { seed, numRuns });

  function hold() {
    const database = testDatabase();
    return { db: () => database.db };
  }

  it(`double + * / never raise and agree bit for bit (seed ${seed})`, async () => {
    const pairs = sample(fc.tuple(double, double), 20_000);
    const operations = [
      ["expr_double_add", (a: number, b: number) => a + b],
      ["expr_double_mul", (a: number, b: number) => a * b],
      ["expr_double_div", (a: number, b: number) => (b === 0 ? Number.NaN : a / b)],
    ] as const;
    for (const [name, plain] of operations) {
      const { rows } = await db().texts({
        text: `SELECT landfall.${name}(a, b) FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS u(a, b, i) ORDER BY i`,
        values: [pairs.map(([a]) => a), pairs.map(([, b]) => b)],
      });
      for (const [i, [a, b]] of pairs.entries()) {
        const expected = plain(a, b);
        const found = rows[i]?.[0] ?? null;
        const want = Number.isFinite(expected) ? expected + 0 : null;
        expect(found === null ? null : Number(found) + 0, `${name}(${a}, ${b})`).toBe(want);
      }
    }
  });

  it("timestamp() reads the same texts and refuses the same", async () => {
    const two = fc.nat({ max: 70 }).map((n) => String(n).padStart(2, "0"));
    const year = fc
      .oneof(fc.nat({ max: 9999 }), fc.constantFrom(0, 1, 1900, 2000, 2023, 2024, 9999))
      .map((n) => String(n).padStart(4, "0"));
    const small = (max: number) => fc.nat({ max }).map((n) => String(n).padStart(2, "0"));
    const zone = fc.oneof(
      fc.constant("Z"),
      fc.tuple(fc.constantFrom("+", "-"), small(25), small(61)).map(([s, h, m]) => `${s}${h}:${m}`),
    );
    const fraction = fc.oneof(
      fc.constant(""),
      fc.nat({ max: 999_999_999 }).map((n) => `.${n}`),
      fc.constant(".9999"),
      fc.constant("."),
    );
    const texts = sample(
      fc
        .tuple(year, small(13), small(32), small(24), small(60), fc.oneof(small(60), two), fraction, zone)
        .map(([y, mo, d, h, mi, s, f, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`),
      5_000,
    ).concat(
      "",
      "2026-01-01",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00",
      "now",
      "infinity",
      "2026-01-01T00:00:00z",
      "0001-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59.9999Z",
      "9999-12-31T23:59:59-00:01",
      "2026-01-01T00:00:00Z\n",
    );
    const { rows } = await db().texts({
      text: "SELECT landfall.expr_ms(landfall.expr_timestamp(t)) FROM unnest($1::text[]) WITH ORDINALITY AS u(t, i) ORDER BY i",
      values: [texts],
    });
    for (const [i, text] of texts.entries())
      expect(rows[i]?.[0] ?? null, text).toBe(parseTime(text)?.toString() ?? null);
    expect(texts.filter((text) => parseTime(text) !== undefined).length).toBeGreaterThan(1_000);
  });

  it("patterns match the same texts in our engine, in Postgres and in a backtracking engine", async () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "-",
      "é",
      "\u{1f600}",
      ".",
      "[ab]",
      "[^a]",
      "[a-c\\-]",
      "[^\u{1f600}é]",
      "\\.",
      "\\$",
      "^",
      "$",
      "|",
      "(a|b)",
      "(ab?)",
      "()",
      "\\[",
      "[.*]",
    );
    const repeat = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}");
    const pattern = fc.array(fc.tuple(piece, repeat), { maxLength: 6 }).map((parts) => parts.flat().join(""));
    const usable = (source: string) => {
      try {
        return compilePattern(source);
      } catch (error) {
        if (error instanceof CelError) return undefined;
        throw error;
      }
    };
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "-", "é", "\u{1f600}", ".", "$", "[", "\n", "*"), { maxLength: 6 })
      .map((parts) => parts.join(""));
    const cases = sample(fc.tuple(pattern, text), 3_000).flatMap(([source, input]) => {
      const compiled = usable(source);
      return compiled ? [{ source, input, compiled }] : [];
    });
    const { rows } = await db().texts({
      text: `SELECT t COLLATE "C" ~ p FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(t, p, i) ORDER BY i`,
      values: [cases.map(({ input }) => input), cases.map(({ compiled }) => compiled.are)],
    });
    for (const [i, { source, input, compiled }] of cases.entries()) {
      const expected = new RegExp(source, "us").test(input);
      const shown = `${source} on ${JSON.stringify(input)} as ${compiled.are}`;
      expect(compiled.test(input), shown).toBe(expected);
      expect(rows[i]?.[0] === "t", shown).toBe(expected);
    }
    expect(cases.length).toBeGreaterThan(1_500);
  });

  it("texts order by code point", async () => {
    const texts = [...new Set(sample(fc.string({ unit: "binary", maxLength: 4 }), 2_000))].filter(
      (text) => !text.includes("\0") && text.isWellFormed(),
    );
    const { rows } = await db().texts({
      text: `SELECT t FROM unnest($1::text[]) AS u(t) ORDER BY t COLLATE "C"`,
      values: [texts],
    });
    expect(rows.map(([text]) => text)).toEqual([...texts].sort(compareText));
  });

  it("distance agrees to one part in 10^9", async () => {
    const place = fc.tuple(
      fc.double({ min: -90, max: 90, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
    );
    const pairs = sample(fc.tuple(place, place), 5_000);
    const { rows } = await db().texts({
      text: `SELECT landfall.expr_distance(a, b, c, d) FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[])
               WITH ORDINALITY AS u(a, b, c, d, i) ORDER BY i`,
      values: [
        pairs.map(([p]) => p[0]),
        pairs.map(([p]) => p[1]),
        pairs.map(([, q]) => q[0]),
        pairs.map(([, q]) => q[1]),
      ],
    });
    for (const [i, [p, q]] of pairs.entries()) {
      const expected = distanceM({ lat: p[0], lng: p[1] }, { lat: q[0], lng: q[1] });
      // Near the antipode the haversine itself loses digits: a micrometre becomes half a metre.
      const tolerance = expected > 20_000_000 ? 1 : Math.max(1e-9 * expected, 1e-6);
      expect(Math.abs(Number(rows[i]?.[0]) - expected), JSON.stringify([p, q])).toBeLessThanOrEqual(tolerance);
    }
  });
});
