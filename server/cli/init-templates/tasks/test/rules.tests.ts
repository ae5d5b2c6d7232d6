import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, nobody, person, run } from "./people";

const names = { ann: `${run}-ann`, ben: `${run}-ben`, eve: `${run}-eve` };
const project = `${run}-boat`;
const task = `${run}-paint`;
let ann: typeof admin;
let ben: typeof admin;
let eve: typeof admin;

beforeAll(async () => {
  [ann, ben, eve] = await Promise.all([person(names.ann), person(names.ben), person(names.eve)]);
  await ann.from("projects").create({ id: project, name: "Boat", owner: names.ann, members: [names.ben] });
  await ann.from("tasks").create({ id: task, project, title: "Paint" });
});
afterAll(() => admin.from("projects").delete(project));

test("a project is seen by its owner and its members", async () => {
  for (const client of [ann, ben]) expect((await client.from("projects").get(project)).name).toBe("Boat");
  for (const client of [eve, nobody])
    await expect(client.from("projects").get(project)).rejects.toMatchObject({ code: "record_not_found" });
});

test("nobody makes a project for somebody else", async () => {
  const inAnnsName = { name: "Trap", owner: names.ann };
  await expect(eve.from("projects").create(inAnnsName)).rejects.toMatchObject({ status: 403 });
});

test("members work on tasks, strangers do not see them", async () => {
  const mine = await ben.from("tasks").create({ project, title: "Sand" });
  expect((await ben.from("tasks").update(task, { done: true })).done).toBe(true);
  expect(await ann.from("tasks").filter({ project }).count()).toBe(2);
  expect(await eve.from("tasks").filter({ project }).count()).toBe(0);
  await expect(eve.from("tasks").update(task, { done: false })).rejects.toMatchObject({ code: "record_not_found" });
  await expect(ben.from("tasks").delete(mine.id)).rejects.toMatchObject({ status: 403 });
  await ann.from("tasks").delete(mine.id);
});

test("a task does not move into a project of strangers, nor out of one", async () => {
  const evil = `${run}-evil`;
  await eve.from("projects").create({ id: evil, name: "Evil", owner: names.eve });
  // A project that one may not see is no project: the answer is the same as for an id that was never there.
  await expect(ben.from("tasks").update(task, { project: evil })).rejects.toMatchObject({ status: 422 });
  await expect(eve.from("tasks").create({ project, title: "Spam" })).rejects.toMatchObject({ status: 422 });
  await eve.from("projects").delete(evil);
});

test("a member cannot take the project over", async () => {
  await expect(ben.from("projects").update(project, { owner: names.ben })).rejects.toMatchObject({ status: 403 });
});
