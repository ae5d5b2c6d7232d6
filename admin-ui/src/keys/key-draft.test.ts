import { expect, test } from "vitest";
import type { ApiKey } from "../api/types.ts";
import { draftOf, inputOf, isComplete, newKey, nobodyYet } from "./key-draft.ts";

const key: ApiKey = {
  id: "k1",
  name: "bot",
  collections: { posts: ["list", "create"], notes: ["get"] },
  readOnly: true,
  extra: ["metrics"],
  expiresAt: "2027-01-01T00:00:00.000Z",
  actAs: { id: "u1", roles: ["editor"], teams: [], claims: { plan: "free" } },
  createdAt: "2026-01-01T00:00:00.000Z",
  prefix: "lf_key_ab",
  last4: "wxyz",
};

test("a key that is opened and saved unchanged stays as it is, its expiry too", () => {
  const { name, collections, readOnly, extra, actAs } = key;
  expect(inputOf(draftOf(key), 0)).toEqual({ name, collections, readOnly, extra, actAs });
});

test("a chosen expiry counts from now; never is null", () => {
  expect(inputOf({ ...draftOf(key), expiry: "7" }, 0).expiresAt).toBe("1970-01-08T00:00:00.000Z");
  expect(inputOf({ ...draftOf(key), expiry: "none" }, 0).expiresAt).toBeNull();
});

test("a collection without an action is left out: the API takes no empty scope", () => {
  const scopes = [
    { collection: "posts", actions: [] },
    { collection: "notes", actions: ["get"] as const },
  ];
  expect(inputOf({ ...newKey, scopes }, 0).collections).toEqual({ notes: ["get"] });
});

test("a key without a name, a user without an id, and claims that are no object are not sent", () => {
  expect(isComplete(draftOf(key))).toBe(true);
  expect(isComplete(newKey)).toBe(false);
  expect(isComplete({ ...newKey, name: "x", user: nobodyYet })).toBe(false);
  expect(isComplete({ ...newKey, name: "x", user: { ...nobodyYet, id: "u", claims: "[1]" } })).toBe(false);
});
