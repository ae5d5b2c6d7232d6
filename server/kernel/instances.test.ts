import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { createInstances, type Instances } from "./instances.ts";

const database = testDatabase();
const fail = (error: unknown) => {
  throw error;
};
const instance = (id: string, everyMs = 60_000): Instances =>
  createInstances({ db: database.db, id, version: "0.1.0", everyMs, onError: fail });

test("two processes count each other; one that stopped is not counted", async () => {
  const [a, b] = [instance("a"), instance("b")];
  await a.run();
  await b.run();
  expect(b.count()).toBe(2);
  await b.drain();
  await b.stop();
  await a.run();
  expect(a.count()).toBe(1);
  await a.stop();
});

test("a process that fell silent is forgotten", async () => {
  await database.db.query({ text: `INSERT INTO landfall.instance VALUES ('dead', now() - interval '1 hour')` });
  const a = instance("a");
  await a.run();
  expect(a.count()).toBe(1);
  const rows = await database.db.query({ text: "SELECT id, version FROM landfall.instance" });
  expect(rows).toEqual([{ id: "a", version: "0.1.0" }]);
  await a.stop();
});
