// Atomic batches: references that wait for the end, which operation they fail, and opposing batches that meet.
import { beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import type { Route } from "../kernel/http/route.ts";
import { batchRoutes } from "./batch.ts";
import { retried } from "./record-retry.ts";
import { admin, outcome, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  { name: "people", fields: [{ name: "name", type: "text" }], rules: { list: "name != 'ghost'" } },
  {
    name: "nodes",
    fields: [
      { name: "title", type: "text" },
      { name: "n", type: "integer" },
      { name: "nextNode", type: "relation", collection: "nodes", onDelete: "restrict" },
      { name: "friends", type: "relation", collection: "nodes", many: true },
      { name: "person", type: "relation", collection: "people", onDelete: "restrict" },
    ],
    indexes: [{ fields: ["title"], unique: true }],
    rules: { list: "true", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.signedIn" },
  },
]);
let route: Route;
beforeAll(async () => {
  const doors = { room: bed.room, reader: bed.reader, writer: bed.writer, bulk: bed.bulk };
  [route] = batchRoutes(doors) as [Route];
  await bed.bulk.createMany(bed.ctx(), "people", [{ id: "ann", name: "ann" }, { id: "gho", name: "ghost" }]); // biome-ignore format: one line
});

async function batch(actor: Actor, operations: readonly object[], mode = "atomic") {
  const body = route.body?.parse({ mode, operations: operations.map((one) => ({ collection: "nodes", ...one })) });
  const reply = await route.handler(bed.ctx(actor, { door: "batch" }), { params: {}, query: {}, body, headers: {}, ip: "", stream: undefined as never }); // biome-ignore format: one line
  return JSON.parse(reply.text as string).results as { status: number; body?: Record<string, unknown> }[];
}
const read = async (id: string) => JSON.parse((await bed.reader.read(bed.ctx(), "nodes", id)).text);
const create = (id: string, body: object = {}) => ({ op: "create", id, body });

describe("references in an atomic batch wait for its end", () => {
  test("records may refer to each other in a circle, by field and by list", async () => {
    await batch(admin, [create("a1", { nextNode: "b1" }), create("b1", { nextNode: "a1", friends: ["c1"] }), create("c1", { friends: ["c1", "a1"] })]); // biome-ignore format: one line
    expect([(await read("a1")).nextNode, (await read("b1")).nextNode, (await read("c1")).friends]).toEqual(["b1", "a1", ["c1", "a1"]]); // biome-ignore format: one line
  });

  test("so may the records of one array", async () => {
    const all = [
      { id: "r1", nextNode: "r2" },
      { id: "r2", nextNode: "r1", friends: ["r2", "r1"] },
    ];
    await bed.bulk.createMany(bed.ctx(), "nodes", all);
    expect([(await read("r1")).nextNode, (await read("r2")).friends]).toEqual(["r2", ["r2", "r1"]]);
  });

  test("what is referred to may go when the reference goes later", async () => {
    await batch(admin, [create("d1"), create("e1", { nextNode: "d1" })]);
    await batch(admin, [{ op: "delete", id: "d1" }, { op: "patch", id: "e1", body: { nextNode: null } }]); // biome-ignore format: one line
    expect((await read("e1")).nextNode).toBeNull();
  });

  test("one that still fails at the end names its operation and its field", async () => {
    const of = (operations: object[]) => outcome(batch(admin, operations));
    expect(await of([create("f1"), create("f2", { nextNode: "gone" }), create("f3", { nextNode: "f1" })])).toBe(
      "422 record_unprocessable: /operations/1/body/nextNode relation_not_found",
    );
    expect(await of([create("f1"), { op: "patch", id: "f1", body: { friends: { $append: ["f1", "gone"] } } }])).toBe(
      "422 record_unprocessable: /operations/1/body/friends relation_not_found",
    );
    expect(await of([create("f1"), create("f2", { nextNode: "f1" }), { op: "delete", id: "f1" }])).toMatch(
      /^(409 record_in_use$|422 record_unprocessable: .operations.1.body.nextNode)/,
    );
    expect(await of([create("f1", { nextNode: { $idOf: 0 } })])).toMatch(/^400 batch_invalid/);
    expect(await outcome(bed.reader.read(bed.ctx(), "nodes", "f1"))).toBe("404 record_not_found");
    expect(await of([{ op: "delete", id: "b1" }, create("f1")])).toBe("409 record_in_use");
  });

  test("whoever is bound by rules still points only at what is there to see, then", async () => {
    const ann = user("ann");
    const of = (operations: object[]) => outcome(batch(ann, operations));
    for (const person of ["gho", "nob"])
      expect(await of([create("g1"), create("g2", { person }), create("a1")])).toBe(
        "422 record_unprocessable: /operations/1/body/person relation_not_found",
      );
    expect(await of([create("g1", { person: "ann" }), create("g2", { nextNode: { $idOf: 0 } })])).toBe("ok");
  });
});

test("in the transaction of an idempotency key each operation fails alone", async () => {
  await bed.bulk.createMany(bed.ctx(), "nodes", [{ id: "keyed", title: "taken" }]);
  const operations = [create("k1"), create("k2", { title: "taken" }), create("keyed"), { op: "get", id: "k1" }, create("k3", { nextNode: "gone" }), create("k4")]; // biome-ignore format: one line
  const told = await database.db.transaction(async (tx) => {
    const body = route.body?.parse({ mode: "each", operations: operations.map((one) => ({ collection: "nodes", ...one })) }); // biome-ignore format: one line
    const reply = await route.handler(bed.ctx(admin, { db: tx }), { params: {}, query: {}, body, headers: {}, ip: "", stream: undefined as never }); // biome-ignore format: one line
    return JSON.parse(reply.text as string).results.map(({ status }: { status: number }) => status);
  });
  expect(told).toEqual([201, 409, 409, 200, 422, 201]);
  expect((await read("k4")).id).toBe("k4");
});

describe("opposing writers", () => {
  test("O08 200 batches that change two records in opposite order all succeed, and the sums are exact", async () => {
    await bed.bulk.createMany(
      bed.ctx(),
      "nodes",
      ["s1", "s2"].map((id) => ({ id, n: 0 })),
    );
    const add = (id: string) => ({ op: "patch", id, body: { n: { $increment: 1 } } });
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        outcome(batch(admin, n % 2 ? [add("s1"), add("s2")] : [add("s2"), add("s1")])),
      ),
    );
    expect(new Set(all)).toEqual(new Set(["ok"]));
    expect([(await read("s1")).n, (await read("s2")).n]).toEqual([200, 200]);
  });

  test("a deadlock is resolved by the server: of two that take the same values one succeeds, one learns which is taken", async () => {
    // Each holds one value and waits for the other's until Postgres ends one of them.
    const make = (titles: string[]) => outcome(bed.bulk.createMany(bed.ctx(), "nodes", titles.map((title) => ({ title })))); // biome-ignore format: one line
    const titles = Array.from({ length: 400 }, (_, n) => `opposed ${n}`);
    const told = await Promise.all([make(titles), make(titles.toReversed())]);
    expect(told.sort()).toEqual(["409 record_conflict: /0/title taken", "ok"]);
  });

  test("a deadlock in the transaction of an idempotency key is undone to the batch's beginning and done again", async () => {
    await bed.bulk.createMany(bed.ctx(), "nodes", ["w1", "w2"].map((id) => ({ id, n: 0 }))); // biome-ignore format: one line
    const add = (id: string) => ({ op: "patch", collection: "nodes", id, body: { n: { $increment: 1 } } });
    const waiting = {
      text: "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    };
    const raw = (id: string) => ({ text: "UPDATE public.nodes SET n = n + 10 WHERE id = $1", values: [id] });
    let keyed: Promise<unknown> = Promise.resolve();
    const other = database.db.transaction(async (other) => {
      await other.query(raw("w2"));
      keyed = database.db.transaction((tx) => {
        const body = route.body?.parse({ operations: [add("w1"), add("w2")] });
        return route.handler(bed.ctx(admin, { db: tx }), { params: {}, query: {}, body, headers: {}, ip: "", stream: undefined as never }); // biome-ignore format: one line
      });
      await expect.poll(async () => (await database.db.query(waiting)).length).toBe(1);
      // The batch has waited longer, so it is the one that Postgres ends, unless the machine slept in between.
      await other.query(raw("w1"));
    });
    const ended = await other.then(
      () => 0,
      ({ code }: { code: string }) => code,
    );
    await keyed;
    const sum = ended === "40P01" ? 1 : 11;
    expect([ended, (await read("w1")).n, (await read("w2")).n]).toEqual([sum === 1 ? "40P01" : 0, sum, sum]);
  });

  test("a transaction that Postgres gave up is done again, and not for ever", async () => {
    let tries = 0;
    const collided = Object.assign(new Error("deadlock detected"), { code: "40P01" });
    const failing = (times: number) => async () => {
      tries += 1;
      if (tries <= times) throw collided;
      return "done";
    };
    expect(await retried(async () => {}, failing(4))).toBe("done");
    tries = 0;
    await expect(retried(async () => {}, failing(9))).rejects.toBe(collided);
    expect(tries).toBe(5);
  });
});
