// The grid's small decisions.
import { expect, test } from "vitest";
import { nextSort, pickRange } from "./columns.ts";

test("sorting goes up, down, and back to the default", () => {
  expect(nextSort(undefined, "a")).toBe("a");
  expect(nextSort("a", "a")).toBe("-a");
  expect(nextSort("-a", "a")).toBeUndefined();
  expect(nextSort("-a", "b")).toBe("b");
});

test("shift picks or unpicks everything between, in both directions", () => {
  const ids = ["a", "b", "c", "d"];
  expect([...pickRange(ids, new Set(), { at: 2, from: 0, on: true })]).toEqual(["a", "b", "c"]);
  expect([...pickRange(ids, new Set(["d"]), { at: 1, from: 2, on: true })].sort()).toEqual(["b", "c", "d"]);
  expect([...pickRange(ids, new Set(ids), { at: 1, from: 3, on: false })]).toEqual(["a"]);
  expect([...pickRange(ids, new Set(), { at: 1, from: undefined, on: true })]).toEqual(["b"]);
});
