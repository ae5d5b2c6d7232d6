import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, nobody, person, run } from "./people";

const names = { ann: `${run}-ann`, ben: `${run}-ben`, eve: `${run}-eve` };
let ann: typeof admin;
let ben: typeof admin;
let eve: typeof admin;
let open = "";
let closed = "";

beforeAll(async () => {
  [ann, ben, eve] = await Promise.all([person(names.ann), person(names.ben), person(names.eve)]);
  await ann.from("profiles").create({ id: names.ann, name: "Ann" });
  await ben.from("profiles").create({ id: names.ben, name: "Ben" });
  await eve.from("profiles").create({ id: names.eve, name: "Eve" });
  await ben.from("follows").create({ follower: names.ben, target: names.ann });
  open = (await ann.from("posts").create({ author: names.ann, text: "Hello all" })).id;
  closed = (await ann.from("posts").create({ author: names.ann, text: "Hello friends", audience: "followers" })).id;
});
afterAll(async () => {
  for (const id of Object.values(names)) await admin.from("profiles").delete(id);
});

const seenBy = async (client: typeof admin) => {
  const { items } = await client.from("posts").filter({ author: names.ann }).sort("createdAt").list();
  return items.map((post) => post.id);
};

test("what is for followers is seen by followers and its author", async () => {
  expect(await seenBy(ann)).toEqual([open, closed]);
  expect(await seenBy(ben)).toEqual([open, closed]);
  expect(await seenBy(eve)).toEqual([open]);
  expect(await seenBy(nobody)).toEqual([open]);
});

test("whoever stops following stops seeing", async () => {
  const { id } = await eve.from("follows").create({ follower: names.eve, target: names.ann });
  expect(await seenBy(eve)).toEqual([open, closed]);
  await eve.from("follows").delete(id);
  expect(await seenBy(eve)).toEqual([open]);
});

test("nobody speaks, follows or likes in another's name", async () => {
  const refused = { status: 403 };
  await expect(eve.from("posts").create({ author: names.ann, text: "I like Eve" })).rejects.toMatchObject(refused);
  await expect(eve.from("posts").update(open, { text: "Changed" })).rejects.toMatchObject(refused);
  await expect(eve.from("follows").create({ follower: names.ben, target: names.eve })).rejects.toMatchObject(refused);
  await expect(eve.from("likes").create({ post: open, person: names.ben })).rejects.toMatchObject(refused);
  await expect(eve.from("profiles").update(names.ann, { name: "Eve" })).rejects.toMatchObject(refused);
  await expect(eve.from("follows").create({ follower: names.eve, target: names.eve })).rejects.toMatchObject(refused);
});

test("a post is liked once by each", async () => {
  await ben.from("likes").create({ post: open, person: names.ben });
  await expect(ben.from("likes").create({ post: open, person: names.ben })).rejects.toMatchObject({ status: 409 });
});
