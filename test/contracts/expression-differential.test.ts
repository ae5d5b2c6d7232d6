// The two back ends and a plain interpreter agree on every row, for every construct under negation.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { testDatabase } from "../support/database.ts";
import { actors, disagreements } from "./expression-compare.ts";
import { generate, params } from "./expression-generate.ts";
import { makeWorld, storeWorld, type World } from "./expression-world.ts";

const batch = 50;

describe("the back ends of the expression language agree", () => {
  const database = testDatabase();
  const seed = Number(process.env.LANDFALL_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let world: World;

  beforeAll(async () => {
    const numbers = fc.sample(fc.nat(), { seed, numRuns: 4000 });
    let at = 0;
    world = makeWorld((n) => (numbers[at++ % numbers.length] ?? 0) % n);
    await storeWorld(database.db, world);
  });

  for (const relational of [false, true]) {
    const kind = relational ? "relational" : "row-local";
    it(`on 1,000 ${kind} expressions, which never make Postgres raise (seed ${seed})`, async () => {
      const expression = fc.array(fc.nat(), { minLength: 20, maxLength: 160, size: "max" });
      const property = fc.asyncProperty(
        fc.array(expression, { minLength: batch, maxLength: batch, size: "max" }),
        fc.constantFrom(...actors),
        async (streams, auth) => {
          const exprs = streams.map((stream) => generate(stream, { relational, params }));
          expect(await disagreements(database.db, world, exprs, auth)).toEqual([]);
        },
      );
      await fc.assert(property, { seed, numRuns: 1000 / batch, endOnFailure: true });
    });
  }
});
