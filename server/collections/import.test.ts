// Imports of which much is refused: what is told, and that telling it costs little.
import { Readable } from "node:stream";
import { beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import { importer } from "./import.ts";
import { admin, outcome, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const bed = recordTestbed(database, [
  { name: "users", fields: [{ name: "name", type: "text" }], rules: { list: "true" } },
  {
    name: "items",
    fields: [
      { name: "title", type: "text", required: true, max: 20 },
      { name: "sortKey", type: "integer" },
      { name: "a", type: "text" },
      { name: "b", type: "integer" },
      { name: "owner", type: "relation", collection: "users" },
      { name: "readers", type: "relation", collection: "users", many: true },
      { name: "parent", type: "relation", collection: "items" },
    ],
    indexes: [
      { fields: ["sortKey"], unique: true },
      { fields: ["a", "b"], unique: true },
    ],
    rules: { list: "owner == auth.id", create: "owner == auth.id || parent.owner == auth.id" },
  },
]);
beforeAll(() => bed.bulk.createMany(bed.ctx(), "users", [{ id: "ann" }, { id: "bob" }]));

let imports = 0;
async function take(actor: Actor, rows: readonly object[], atomic = false) {
  const text = rows.map((row) => JSON.stringify(row)).join("\n");
  const { run } = importer(bed.room, bed.bulk);
  const { imported, failed, errors } = await run(bed.ctx(actor), "items", Readable.from([text]), { id: `i${imports++}`, atomic }); // biome-ignore format: one line
  return { imported, failed, errors: errors.map(({ line, path, code }) => `${line}${path} ${code}`) };
}
const many = (make: (n: number) => object) => Array.from({ length: 1_000 }, (_, n) => make(n));

test("a thousand records refused alike cost a few statements, not one each", async () => {
  const kinds: [Actor, (n: number) => object, string][] = [
    [admin, () => ({ title: "t", owner: "nobody" }), "1/owner relation_not_found"],
    [admin, () => ({ title: "t", readers: ["ann", "nobody"] }), "1/readers relation_not_found"],
    [admin, () => ({ titel: "t" }), "1/titel unknown_field"],
    [user("ann"), () => ({ title: "t", owner: "bob" }), "1 record_forbidden"],
    [user("ann"), () => ({ title: "t", owner: "nobody" }), "1/owner relation_not_found"],
  ];
  await take(admin, [{ id: "same", title: "t", sortKey: 1, a: "x", b: 1 }]);
  kinds.push([admin, () => ({ id: "same", title: "t" }), "1/id taken"]);
  kinds.push([admin, () => ({ title: "t", sortKey: 1 }), "1/sortKey taken"]);
  kinds.push([admin, () => ({ title: "t", a: "x", b: 1 }), "1/a taken"]);
  const slow: string[] = [];
  for (const [actor, make, first] of kinds) {
    const statements = await counting(async () => {
      const { imported, failed, errors } = await take(actor, many(make));
      expect([imported, failed, errors[0]]).toEqual([0, 1_000, first]);
    });
    if (statements > 30) slow.push(`${first}: ${statements} statements`);
  }
  expect(slow).toEqual([]);
});

/** How many statements the work sends. */
async function counting(work: () => Promise<void>): Promise<number> {
  const { pool } = database.db;
  const client = await pool.connect();
  const prototype = Object.getPrototypeOf(client) as { query: (...args: unknown[]) => unknown };
  client.release();
  const { query } = prototype;
  let sent = 0;
  prototype.query = function counted(this: unknown, ...args) {
    sent += 1;
    return query.apply(this, args);
  };
  try {
    await work();
    return sent;
  } finally {
    prototype.query = query;
  }
}

test("each record gets its own reason, and what depends on another one is taken after it", async () => {
  const rows = many((n) => ({ id: `m${n}`, title: "t" })) as Record<string, unknown>[];
  rows[10] = { ...rows[10], owner: "nobody" };
  rows[20] = { ...rows[20], parent: "m10" };
  rows[30] = { ...rows[30], parent: "m900" };
  rows[40] = { ...rows[40], sortKey: 40 };
  rows[50] = { ...rows[50], sortKey: 40 };
  rows[60] = { ...rows[60], id: "m40", sortKey: 60 };
  rows[70] = { ...rows[70], sortKey: 60 };
  rows[80] = { ...rows[80], a: "y", b: 1 };
  rows[90] = { ...rows[90], a: "y", b: 1 };
  rows[100] = { ...rows[100], title: "t".repeat(21) };
  rows[110] = { ...rows[110], readers: ["ann", "ann2"] };
  expect(await take(admin, rows)).toEqual({
    imported: 993,
    failed: 7,
    errors: [
      "11/owner relation_not_found",
      "21/parent relation_not_found",
      "51/sortKey taken",
      "61/id taken",
      "91/a taken",
      "91/b taken",
      "101/title max",
      "111/readers relation_not_found",
    ],
  });
});

test("whoever is bound by rules may import a tree, children after their parents or before", async () => {
  const ann = user("ann");
  const rows = [
    { id: "leaf", title: "t", owner: "ann", parent: "twig" },
    { id: "twig", title: "t", parent: "root" },
    { id: "root", title: "t", owner: "ann" },
    { id: "other", title: "t", owner: "bob" },
  ];
  expect(await take(ann, rows)).toMatchObject({ imported: 2, failed: 2, errors: ["1/parent relation_not_found", "4 record_forbidden"] }); // biome-ignore format: one line
  // The twig was taken, but belongs to nobody, so ann does not see it; the rest of the tree is hers.
  const own = Array.from({ length: 12 }, (_, n) => ({ id: `deep${n}`, title: "t", owner: "ann", ...(n > 0 ? { parent: `deep${n - 1}` } : {}) })); // biome-ignore format: one line
  expect(await take(ann, own)).toMatchObject({ imported: 12, failed: 0 });
  const leaves = own.map((row) => ({ ...row, id: row.id.replace("deep", "back"), ...("parent" in row ? { parent: (row.parent as string).replace("deep", "back") } : {}) })); // biome-ignore format: one line
  expect(await take(ann, leaves.slice(0, 6).toReversed())).toMatchObject({ imported: 6, failed: 0 });
});

test("an atomic import fails as its first refused record would have, and names the lines", async () => {
  const told = (actor: Actor, rows: object[]) => outcome(take(actor, rows, true));
  const good = { title: "t", owner: "ann" };
  expect(await told(admin, [good, { id: "same", title: "t" }, { title: "t", sortKey: 1 }])).toBe("409 record_conflict: /2/id taken, /3/sortKey taken"); // biome-ignore format: one line
  expect(await told(user("ann"), [good, { ...good, owner: "bob" }])).toBe("403 record_forbidden: /2 record_forbidden");
  expect(await told(admin, [good, { title: 1 }, { id: "same", title: "t" }])).toBe("400 record_invalid: /2/title type, /3/id taken"); // biome-ignore format: one line
  expect(await told(admin, [{ ...good, owner: "nobody" }])).toBe("422 record_unprocessable: /1/owner relation_not_found"); // biome-ignore format: one line
  expect(await told(user("ann"), [good, good])).toBe("ok");
});
