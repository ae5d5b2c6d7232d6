// What the shape of a question says about its plan: the order of an index, one plan for all values, implied rules.
import { beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import { compileList } from "./query-compile.ts";
import { parseFlatQuery } from "./query-parse.ts";
import { anyOf, withoutImplied } from "./query-served.ts";
import { audienceOf } from "./record-fields.ts";
import { newBuild } from "./record-room.ts";
import { anonymous, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  {
    name: "posts",
    fields: [
      { name: "status", type: "text" },
      { name: "author", type: "text" },
      { name: "rank", type: "integer", required: true },
    ],
    indexes: [{ fields: ["status", "rank"] }, { fields: ["author", "createdAt"] }],
    rules: { list: "status == 'open' || author == auth.id" },
  },
]);
const ann = user("ann");

beforeAll(async () => {
  const statuses = ["open", "open", "open", "draft", null];
  const body = (n: number) => ({
    id: `p${n}`,
    status: statuses[n % 5] ?? null,
    author: n % 7 ? null : "ann",
    rank: n % 9,
  });
  for (let from = 0; from < 4_000; from += 1_000) {
    await bed.bulk.createMany(
      bed.ctx(),
      "posts",
      Array.from({ length: 1_000 }, (_, n) => body(from + n)),
    );
  }
  await database.db.query({ text: "ANALYZE posts" });
});

function compiled(actor: Actor, query: Parameters<typeof parseFlatQuery>[0]) {
  const schema = bed.room.schemas.current().byName.get("posts") as never;
  return compileList(newBuild(bed.room, audienceOf(actor)), schema, parseFlatQuery(query), undefined).statement;
}

describe("one plan for all values", () => {
  test.each<[string, Parameters<typeof parseFlatQuery>[0], boolean]>([
    ["an index holds the filter's column and the order", { filter: "status == 'open'", sort: "-rank" }, true],
    ["upwards as well", { filter: "status == 'open'", sort: "rank" }, true],
    ["the order is another one", { filter: "status == 'open'", sort: "-createdAt" }, false],
    ["the order goes both ways", { filter: "status == 'open'", sort: "-rank,id" }, false],
    ["a condition is no equality", { filter: "status == 'open' && rank > 3", sort: "-rank" }, false],
    ["the rule says more than the filter", { filter: "status == 'draft'", sort: "-rank" }, false],
    ["no filter, a rule with a choice", { sort: "-rank" }, false],
  ])("%s", (_name, query, served) => {
    expect(compiled(ann, query).text.includes("(SELECT $")).toBe(served);
  });

  test("such a page is read from the index in its order, and planned five times at most", async () => {
    const db = database.open({ max: 1 });
    const ctx = bed.ctx(ann, { db });
    const query = parseFlatQuery({ filter: "status == 'open'", sort: "-rank", limit: "20" });
    const first = await bed.reader.page(ctx, "posts", query);
    for (let n = 0; n < 20; n++) {
      expect(await bed.reader.page(ctx, "posts", query)).toEqual(first);
    }
    const [prepared] = await db.query<{ name: string; generic: number; custom: number }>({
      text: 'SELECT name, generic_plans AS generic, custom_plans AS custom FROM pg_prepared_statements WHERE statement LIKE \'%"rank" DESC, t."id" DESC%\'',
    });
    expect(prepared?.generic).toBeGreaterThan(5);
    expect(prepared?.custom).toBeLessThanOrEqual(5);
    const plan = await db.query({ text: `EXPLAIN EXECUTE "${prepared?.name}"('open')` });
    const text = JSON.stringify(plan);
    expect(text).toContain("posts_status_rank_idx");
    expect(text).not.toContain("Sort");
  });
});

describe("conditions that another one makes true", () => {
  test("are left out, and no others", () => {
    expect(withoutImplied([["a", "b"], ["a"]])).toEqual([["a"]]);
    expect(withoutImplied([["a", "b"], ["c"]])).toEqual([["a", "b"], ["c"]]);
    expect(
      withoutImplied([
        ["a", "b"],
        ["a", "c"],
      ]),
    ).toEqual([
      ["a", "b"],
      ["a", "c"],
    ]);
    expect(withoutImplied([["a"], ["a"]]).map(anyOf)).toEqual(["a", "a"]);
    expect(withoutImplied([["b", "a"], ["c"], ["a"]])).toEqual([["c"], ["a"]]);
  });

  test.each([
    ["open", "status == 'open'", "!(status != 'open')"],
    ["draft", "status == 'draft'", "!(status != 'draft')"],
    ["own", "author == 'ann'", "!(author != 'ann')"],
    ["none", "status == null", "!(status != null)"],
    ["several", "status == 'open' && author == 'ann'", "!(status != 'open' || author != 'ann')"],
  ])("%s: the filter sees the same rows in either spelling, whoever asks", async (_name, filter, otherwise) => {
    for (const actor of [ann, user("bob"), anonymous]) {
      const all = (text: string) => bed.list(actor, "posts", { filter: text, limit: "1000", sort: "-rank" });
      const seen = await all(filter);
      expect(seen.items).toEqual((await all(otherwise)).items);
      for (const item of seen.items) {
        expect(item.status === "open" || (actor === ann && item.author === "ann")).toBe(true);
      }
    }
  });
});
