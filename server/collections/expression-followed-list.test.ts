// `in` over a list of another record: the list is read by a subquery, which Postgres must take for one array, not for rows.
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { admin, outcome, recordTestbed, user } from "./record-testbed.ts";

const database = testDatabase();
const member = "auth.id in project.members";
const bed = recordTestbed(database, [
  {
    name: "projects",
    rules: { list: "true" },
    fields: [
      { name: "members", type: "text", many: true },
      { name: "numbers", type: "integer", many: true },
    ],
  },
  {
    name: "tasks",
    fields: [
      { name: "project", type: "relation", collection: "projects" },
      { name: "title", type: "text" },
    ],
    rules: { list: member, create: member, update: member },
  },
  {
    name: "notes",
    fields: [{ name: "project", type: "relation", collection: "projects" }],
    rules: { list: "!(auth.id in project.members) && !(3 in project.numbers)", create: "true" },
  },
]);

const ann = user("ann");
const eve = user("eve");
const create = (actor: typeof ann, id: string, project: string | null) =>
  outcome(bed.writer.create(bed.ctx(actor), "tasks", { id, project }));

test("a rule may ask whether somebody stands in a list of the record that a relation leads to", async () => {
  const projects = [
    { id: "boat", members: ["ann", "ben"], numbers: [1, 2] },
    { id: "none", members: [], numbers: [3] },
  ];
  for (const project of projects) await bed.writer.create(bed.ctx(admin), "projects", project);
  expect(await create(ann, "t1", "boat")).toBe("ok");
  expect(await create(eve, "t2", "boat")).toMatch(/^403/);
  expect(await create(ann, "t3", "none")).toMatch(/^403/);
  expect(await create(ann, "t4", null)).toMatch(/^403/);
  expect(await outcome(bed.reader.read(bed.ctx(ann), "tasks", "t1"))).toBe("ok");
  expect(await outcome(bed.reader.read(bed.ctx(eve), "tasks", "t1"))).toMatch(/^404/);
  const retitle = (actor: typeof ann, change: object) =>
    outcome(bed.writer.update(bed.ctx(actor), "tasks", "t1", change));
  expect(await retitle(ann, { title: "new" })).toBe("ok");
  expect(await retitle(ann, { project: "none" })).toMatch(/^403/);
  expect(await retitle(eve, { title: "new" })).toMatch(/^404/);
});

test("negated it holds where the list is there and does not, and where there is no record it is an error", async () => {
  const see = async (actor: typeof ann, project: string | null) => {
    const made = (await bed.writer.create(bed.ctx(admin), "notes", { project })) as unknown as { id: string };
    return outcome(bed.reader.read(bed.ctx(actor), "notes", made.id));
  };
  expect(await see(eve, "boat")).toBe("ok");
  expect(await see(ann, "boat")).toMatch(/^404/);
  expect(await see(eve, "none")).toMatch(/^404/);
  expect(await see(eve, null)).toMatch(/^404/);
});
