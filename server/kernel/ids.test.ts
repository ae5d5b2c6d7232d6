import { expect, test } from "vitest";
import { uuidv7 } from "./ids.ts";

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("ids are version 7, carry their time, and sort as they were made, within a millisecond too", () => {
  const nowMs = Date.UTC(2040, 0, 1);
  const ids = Array.from({ length: 10_000 }, () => uuidv7(nowMs));
  for (const id of ids.slice(0, 100)) expect(id).toMatch(form);
  expect(Number.parseInt((ids[0] as string).slice(0, 13).replace("-", ""), 16)).toBe(nowMs);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a small step back of the clock keeps the order, a large one is believed", () => {
  const nowMs = Date.UTC(2041, 0, 1);
  const first = uuidv7(nowMs);
  expect(uuidv7(nowMs - 50) > first).toBe(true);
  expect(uuidv7(nowMs - 3_600_000) < first).toBe(true);
});
