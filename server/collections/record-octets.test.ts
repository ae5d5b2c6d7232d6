// Pages leave as the bytes that Postgres sent. They must be the bytes that the other way gives: each value decoded by pg,
// quoted by JSON.stringify, encoded again. The door of one record still goes that way.
import fc from "fast-check";
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import { bytesOfOctets, octetsOfText, textOfOctets } from "../kernel/octets.ts";
import { quoted } from "./field-text.ts";
import { admin, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  {
    name: "people",
    fields: [{ name: "name", type: "text" }],
    rules: { list: "true" },
  },
  {
    name: "things",
    fields: [
      ...(["text", "richtext", "number", "integer", "decimal", "bool", "datetime", "date", "json", "geo"] as const).flatMap((type) => [
        { name: type, type },
        { name: `${type}s`, type, many: true },
      ]),
      { name: "mail", type: "email" },
      { name: "link", type: "url" },
      { name: "choice", type: "select", values: ["ä", 'b"', "c\\", "\u2028"] },
      { name: "owner", type: "relation", collection: "people", inverse: "things" },
      { name: "friends", type: "relation", collection: "people", many: true, inverse: "friendOf" },
      { name: "hiddenText", type: "text", hidden: true },
      { name: "guarded", type: "text", rules: { read: "integer != null && integer > 0" } },
    ],
    rules: { list: "true" },
  },
]); // biome-ignore format: a table of fields

/** Any text that Postgres can hold, hostile pieces first. */
const text = fc.oneof(
  fc.constantFrom("", '"', "\\", "\u2028\u2029", "\u0001\u001f\u007f\u0080\u009f", "\ud83d\ude00", "a\nb\tc\rd\be\f", "\\u0041", "</script>", "é\u0301", "\uffff\ufeff"), // biome-ignore format: one list
  fc.string({ unit: "binary", maxLength: 60 }).filter((one) => !one.includes("\0")),
);
const number = fc.oneof(
  fc.constantFrom(-0, 1e21, 5e-324, 1.7976931348623157e308, 1e-7, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const time = fc.oneof(
  fc.constantFrom("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2024-02-29T00:00:00.120Z", "2024-02-29T00:00:00.100Z"),
  fc.integer({ min: Date.parse("0001-01-01T00:00:00Z"), max: 253402300799999 }).map((ms) => new Date(ms).toISOString()),
); // biome-ignore format: a list
const document = fc
  .jsonValue({ depthSize: "small", stringUnit: "binary" })
  .filter((value) => value !== null && !JSON.stringify(value).includes("\\u0000"));
const place = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lng: fc.double({ min: -180, max: 180, noNaN: true }),
});
const people = ["p1", "p2", "p3"];
const one = {
  text,
  richtext: fc.constantFrom("<p>ä</p>", "<b>\u{1F600} &amp;</b>", "a"),
  number,
  integer: fc.maxSafeInteger(),
  decimal: fc.stringMatching(/^-?\d{1,30}(\.\d{1,30})?$/),
  bool: fc.boolean(),
  datetime: time,
  date: time.map((at) => at.slice(0, 10)),
  json: document,
  geo: fc.oneof(fc.constant({ lat: -0, lng: 180 }), place),
};
const lists = Object.fromEntries(
  Object.entries(one).map(([name, each]) => [`${name}s`, fc.array(each as fc.Arbitrary<unknown>, { maxLength: 4 })]),
);
const body = fc.record({
  ...Object.fromEntries(Object.entries(one).map(([name, each]) => [name, fc.option(each as fc.Arbitrary<unknown>)])),
  ...lists,
  mail: fc.option(fc.constant("jörg@bücher.example")),
  link: fc.option(fc.constant("https://example.com/ä?x=y")),
  choice: fc.option(fc.constantFrom("ä", 'b"', "c\\", "\u2028")),
  owner: fc.option(fc.constantFrom(...people)),
  friends: fc.uniqueArray(fc.constantFrom(...people)),
  hiddenText: fc.option(text),
  guarded: fc.option(text),
});

const ann: Actor = user("ann");
const shapes = [
  {},
  { fields: ["text", "guarded", "json", "number"] },
  { expand: { owner: {}, friends: {} } },
  { fields: ["id", "texts", "owner.name", "friends.name"] },
] as const;

test("the items of a page are byte for byte what the door of one record answers, for every type, shape and caller", async () => {
  for (const [n, id] of people.entries()) {
    await bed.writer.create(bed.ctx(), "people", { id, name: ['Ünï"', "\u{1F600}\\\u0001", null][n] ?? null });
  }
  await fc.assert(
    fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 12 }), async (bodies) => {
      const made = await bed.bulk.createMany(bed.ctx(), "things", bodies);
      // What a write answers was selected and decoded in yet another way.
      for (const { id, octets } of made)
        expect((await bed.reader.read(bed.ctx(), "things", id)).text).toBe(textOfOctets(octets));
      for (const actor of [admin, ann]) {
        for (const shape of shapes) {
          const ctx = bed.ctx(actor);
          const page = await bed.reader.page(ctx, "things", { ...shape, limit: 1_000 });
          const texts = await Promise.all(made.map(({ id }) => bed.reader.read(ctx, "things", id, shape)));
          expect(page.items.map(textOfOctets).sort()).toEqual(texts.map((one) => one.text).sort());
          expect(page.items.map((octets) => bytesOfOctets(octets).toString()).sort()).toEqual(
            texts.map((one) => one.text).sort(),
          );
        }
        const tree = { things: { limit: 50, expand: { friends: {} } }, friendOf: { limit: 50 } };
        const page = await bed.reader.page(bed.ctx(actor), "people", { expand: tree, limit: 10 });
        for (const [n, id] of people.entries()) {
          const { text } = await bed.reader.read(bed.ctx(actor), "people", id, { expand: tree });
          expect(textOfOctets(page.items[n] as string)).toBe(text);
        }
      }
      for (const { id } of made) await bed.writer.remove(bed.ctx(), "things", id);
    }),
    { numRuns: 15 },
  );
});

test("a text is quoted as JSON.stringify does it, as text and as octets", () => {
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary", maxLength: 300 })), (given) => {
      const json = JSON.stringify(given);
      expect(quoted(given)).toBe(json);
      expect(textOfOctets(quoted(octetsOfText(given)))).toBe(json);
    }),
    { numRuns: 2_000 },
  );
});

test("pages go on behind a key that is no ASCII", async () => {
  const names = ["ä", "中", "\u{1F600}", 'é"', "z", "\u2028"];
  for (const [n, name] of names.entries()) {
    await bed.writer.create(bed.ctx(), "people", { id: `name-${n}`, name });
  }
  const seen: unknown[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await bed.list(admin, "people", {
      filter: "id.startsWith('name-')",
      ...{ sort: "name", limit: "1", ...(cursor ? { cursor } : {}) },
    });
    seen.push(...page.items.map((item) => item.name));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});
