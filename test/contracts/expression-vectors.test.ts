// The published test vectors hold in both back ends.
import { readFileSync } from "node:fs";
import { CelError, type Checked, check, evaluator, fromWire, parse, toWire } from "@landfall/client/cel";
import { beforeAll, describe, expect, it } from "vitest";
import { rowAt } from "../../server/collections/expression-env.ts";
import { SlotBinder, type SlotValues, slotValue } from "../../server/collections/expression-slots.ts";
import { compileFalsehood, compileTruth } from "../../server/collections/expression-sql.ts";
import { testDatabase } from "../support/database.ts";
import { rowTypes, storeWorld } from "./expression-world.ts";

interface Vectors {
  readonly now: string;
  readonly auth: SlotValues["auth"];
  readonly base: { readonly [field: string]: unknown };
  readonly cases: readonly {
    readonly filter: string;
    readonly answer: boolean | "error";
    readonly row?: { readonly [field: string]: unknown };
    readonly auth?: SlotValues["auth"];
    readonly params?: { readonly [name: string]: unknown };
  }[];
  readonly trees: readonly { readonly filter: string; readonly tree: unknown }[];
  readonly refused: readonly { readonly filter: string; readonly code: string; readonly offset: number }[];
}

const file = new URL("../../docs/protocol/vectors/expressions.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, "utf8"));
const posts = rowTypes.get("posts");
if (!posts) throw new Error("the world has posts");

function checkedOf(filter: string, params: { readonly [name: string]: unknown } = {}): Checked {
  return check(parse(filter), {
    mode: "filter",
    row: posts as NonNullable<typeof posts>,
    collections: (name) => rowTypes.get(name),
    params,
  });
}

describe("the test vectors of the expression language", () => {
  const database = testDatabase();
  const rows = vectors.cases.map((one, i) => ({ ...vectors.base, ...one.row, id: `v${i}` }));

  beforeAll(() => storeWorld(database.db, { users: [], posts: rows }));

  for (const [i, one] of vectors.cases.entries()) {
    it(`${one.filter} is ${one.answer}`, async () => {
      const checked = checkedOf(one.filter, one.params);
      const values = {
        auth: one.auth ?? vectors.auth,
        nowMs: Date.parse(vectors.now),
        door: "rest",
        params: one.params ?? {},
      };
      const local = evaluator(checked)({ row: rows[i] ?? {}, ...values });
      expect(typeof local === "boolean" ? local : "error").toBe(one.answer);
      const binder = new SlotBinder(1);
      const options = {
        binder,
        row: rowAt("r"),
        table: String,
        joinTable: (c: string, f: string) => `public.${c}__${f}`,
      };
      const [yes, no] = [compileTruth(checked, options), compileFalsehood(checked, options)];
      const { rows: answers } = await database.db.texts({
        text: `SELECT (${yes}) IS TRUE, (${no}) IS TRUE FROM public.posts r WHERE id = $1`,
        values: [`v${i}`, ...binder.slots.map((slot) => slotValue(slot, values))],
      });
      expect(answers).toEqual([[one.answer === true ? "t" : "f", one.answer === false ? "t" : "f"]]);
    });
  }

  it("texts and trees are the same expressions", () => {
    for (const { filter, tree } of vectors.trees) {
      expect(toWire(parse(filter)), filter).toEqual(tree);
      expect(toWire(fromWire(tree)), filter).toEqual(tree);
    }
  });

  it("what cannot be meant is refused with its place", () => {
    for (const { filter, code, offset } of vectors.refused) {
      let error: unknown;
      try {
        checkedOf(filter);
      } catch (caught) {
        error = caught;
      }
      expect(error, filter).toBeInstanceOf(CelError);
      expect([(error as CelError).code, (error as CelError).offset], filter).toEqual([code, offset]);
      expect((error as CelError).advice.length, filter).toBeGreaterThan(5);
    }
  });
});
