import { expect, test } from "vitest";
import type { ApiKey, Collection } from "../api/types.ts";
import { lastUse, newest, recent, stepsDone } from "./steps.ts";

const collection = (name: string, day: string, more: Partial<Collection> = {}): Collection => ({
  name,
  kind: "base",
  fields: [],
  indexes: [],
  rules: {},
  createdAt: `2026-01-${day}T00:00:00Z`,
  updatedAt: `2026-02-${day}T00:00:00Z`,
  ...more,
});
const key = (name: string, lastUsedAt: string | null) => ({ name, lastUsedAt }) as ApiKey;

test("a new project has every step before it", () => {
  const done = stepsDone({ collections: [], keys: [], newestHasRecords: false });
  expect(done).toEqual({ collection: false, records: false, key: false, request: false });
});

test("a key that was made but not used is no request yet", () => {
  const keys = [key("a", null)];
  const done = stepsDone({ collections: [collection("posts", "01")], keys, newestHasRecords: false });
  expect(done).toEqual({ collection: true, records: false, key: true, request: false });
});

test("records count wherever they are, by estimate or by a look", () => {
  const [posts, empty] = [collection("posts", "01", { estimatedCount: 7 }), collection("empty", "02")];
  expect(stepsDone({ collections: [posts, empty], keys: [], newestHasRecords: false }).records).toBe(true);
  expect(stepsDone({ collections: [empty], keys: [], newestHasRecords: true }).records).toBe(true);
});

test("the last use is the latest of all keys", () => {
  expect(lastUse([key("a", "2026-01-02T00:00:00Z"), key("b", "2026-01-03T00:00:00Z"), key("c", null)])).toEqual({
    key: "b",
    at: "2026-01-03T00:00:00Z",
  });
  expect(lastUse([])).toBeUndefined();
});

test("the newest collection was made last, recent ones changed last", () => {
  const [a, b] = [collection("a", "01", { updatedAt: "2026-03-01T00:00:00Z" }), collection("b", "02")];
  expect(newest([a, b])?.name).toBe("b");
  expect(recent([b, a], 1).map(({ name }) => name)).toEqual(["a"]);
});
