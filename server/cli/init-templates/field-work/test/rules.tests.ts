import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, nobody, person, run } from "./people";

const names = { ann: `${run}-ann`, ben: `${run}-ben`, lee: `${run}-lee` };
const site = `${run}-pier`;
const pier = { lat: 54.3233, lng: 10.1394 };
/** About 110 metres, and about 1.1 kilometres to the north. */
const near = { lat: pier.lat + 0.001, lng: pier.lng };
const far = { lat: pier.lat + 0.01, lng: pier.lng };
const now = new Date().toISOString();
let ann: typeof admin;
let ben: typeof admin;
let lee: typeof admin;

beforeAll(async () => {
  [ann, ben, lee] = await Promise.all([person(names.ann), person(names.ben), person(names.lee, ["lead"])]);
  await lee.from("sites").create({ id: site, name: "Pier", place: pier, crew: [names.ann] });
});
afterAll(async () => {
  for await (const { id } of admin.from("reports").filter({ site })) await admin.from("reports").delete(id);
  await admin.from("sites").delete(site);
});

const report = (author: string, place = near) => ({ site, author, kind: "visit", place, takenAt: now }) as const;

test("a site is seen by its crew and the lead, and made by the lead only", async () => {
  for (const client of [ann, lee]) expect((await client.from("sites").get(site)).name).toBe("Pier");
  for (const client of [ben, nobody])
    await expect(client.from("sites").get(site)).rejects.toMatchObject({ code: "record_not_found" });
  const mine = { name: "Mine", place: pier, crew: [names.ann] };
  await expect(ann.from("sites").create(mine)).rejects.toMatchObject({ status: 403 });
});

test("a report is written at the site, by its crew, in one's own name", async () => {
  expect((await ann.from("reports").create(report(names.ann))).status).toBe("open");
  const refused = { status: 403 };
  await expect(ann.from("reports").create(report(names.ann, far))).rejects.toMatchObject(refused);
  await expect(ann.from("reports").create(report(names.ben))).rejects.toMatchObject(refused);
  // Ben does not see the site, so for him there is none.
  await expect(ben.from("reports").create(report(names.ben))).rejects.toMatchObject({ status: 422 });
  const accepted = { ...report(names.ann), status: "accepted" } as const;
  await expect(ann.from("reports").create(accepted)).rejects.toMatchObject(refused);
});

test("its author mends it until the lead has accepted it", async () => {
  const { id } = await ann.from("reports").create(report(names.ann));
  await ann.from("reports").update(id, { note: "Two planks" });
  await expect(ann.from("reports").update(id, { status: "accepted" })).rejects.toMatchObject({ status: 403 });
  await expect(ann.from("reports").update(id, { place: far })).rejects.toMatchObject({ status: 403 });
  await lee.from("reports").update(id, { status: "accepted" });
  await expect(ann.from("reports").update(id, { note: "Three" })).rejects.toMatchObject({ status: 403 });
  await expect(ann.from("reports").delete(id)).rejects.toMatchObject({ status: 403 });
});

test("others see no reports, and distance can be asked for", async () => {
  expect(await ben.from("reports").filter({ site }).count()).toBe(0);
  const nearby = lee.from("reports").filter({ site, place: { near: { ...pier, withinMetres: 200 } } });
  expect(await nearby.count()).toBeGreaterThan(0);
  expect(await nearby.filter({ place: { near: { ...far, withinMetres: 200 } } }).count()).toBe(0);
});
