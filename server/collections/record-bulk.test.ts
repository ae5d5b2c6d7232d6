import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { textOfOctets } from "../kernel/octets.ts";
import { outcome, recordTestbed } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  { name: "users", fields: [{ name: "name", type: "text" }] },
  {
    name: "items",
    fields: [
      { name: "title", type: "text", required: true },
      { name: "n", type: "integer", max: 5_000 },
      { name: "tags", type: "text", many: true },
      { name: "place", type: "geo" },
      { name: "meta", type: "json" },
      { name: "owner", type: "relation", collection: "users" },
      { name: "readers", type: "relation", collection: "users", many: true },
    ],
    indexes: [{ fields: ["n"], unique: true }],
  },
]);
const many = (bodies: unknown[]) => bed.bulk.createMany(bed.ctx(), "items", bodies);
const count = async () => (await bed.list(bed.ctx().actor, "items", { limit: "1", count: "exact" })).count;

test("a thousand records in one statement, answered in their order and in the contract's forms", async () => {
  await bed.bulk.createMany(bed.ctx(), "users", [{ id: "u1" }, { id: "u2" }]);
  const bodies = Array.from({ length: 1_000 }, (_, n) => ({
    ...{ title: `"quote" \\ ${n} {},NULL`, n, tags: [`a${n}`, '"', "\\"], place: { lat: 1.5, lng: n / 10 } },
    ...{ meta: { n, deep: [null] }, owner: n % 2 ? "u1" : null, readers: n % 3 ? [] : ["u2", "u1"] },
  }));
  const made = (await many(bodies)).map(({ octets }) => JSON.parse(textOfOctets(octets)));
  expect(made).toHaveLength(1_000);
  made.forEach((record, n) => {
    expect(record).toMatchObject(bodies[n] as object);
  });
  const log = await database.db.query({ text: "SELECT count(DISTINCT id) AS n FROM landfall.change WHERE op = 'i'" });
  expect(log).toEqual([{ n: 1_002 }]);
});

test("all or nothing: one bad record keeps all out, and the answer names it", async () => {
  const before = await count();
  expect(await outcome(many([{ title: "a" }, { titel: "b" }, {}]))).toBe(
    "400 record_invalid: /1/titel unknown_field, /1/title required, /2/title required",
  );
  // Found only after later fields were taken.
  expect(await outcome(many([{ meta: {}, readers: ["u1"], title: "a", titel: "b" }]))).toBe(
    "400 record_invalid: /0/titel unknown_field",
  );
  expect(
    await outcome(
      many([
        { title: "a", n: 2_000 },
        { title: "b", n: 1 },
      ]),
    ),
  ).toBe("409 record_conflict: /1/n taken");
  expect(await outcome(many([{ title: "a" }, { title: "b", owner: "nobody" }]))).toBe(
    "422 record_unprocessable: /1/owner relation_not_found",
  );
  expect(await outcome(many([{ title: "a", readers: ["nobody"] }]))).toBe(
    "422 record_unprocessable: /0/readers relation_not_found",
  );
  expect(
    await outcome(
      many([
        { id: "same", title: "a" },
        { id: "other", title: "b" },
        { id: "same", title: "c" },
      ]),
    ),
  ).toBe("409 record_conflict: /2/id taken");
  expect(await count()).toBe(before);
});
