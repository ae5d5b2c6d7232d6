// The checker in the browser: what it finds, and where.
import { expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { checkRule } from "./cel-check.ts";

const posts: Collection = {
  name: "posts",
  kind: "base",
  fields: [
    { name: "title", type: "text", required: true },
    { name: "author", type: "relation", collection: "users", inverse: "posts" },
  ],
  indexes: [],
  rules: {},
};
const users: Collection = {
  name: "users",
  kind: "base",
  fields: [{ name: "name", type: "text" }],
  indexes: [],
  rules: {},
};
const scope = { collection: posts, all: [posts, users], hasBefore: false };

test("rules over fields, relations, inverses and other collections are right", () => {
  for (const text of ["author == auth.id", "author.name == 'Ann'", 'collection("users").exists(u, u.id == auth.id)'])
    expect(checkRule(text, scope), text).toBeUndefined();
  expect(checkRule("posts.exists(p, p.title == name)", { ...scope, collection: users })).toBeUndefined();
});

test("an unknown name is found at its place, with advice", () => {
  const finding = checkRule("author == auth.id && titel == 'x'", scope);
  expect(finding?.from).toBe("author == auth.id && ".length);
  expect(finding?.advice).toBeTruthy();
});

test("before is for update rules only", () => {
  expect(checkRule("before.title == title", scope)).toBeDefined();
  expect(checkRule("before.title == title", { ...scope, hasBefore: true })).toBeUndefined();
});

test("an unfinished expression is a finding, not a crash", () => {
  for (const text of ["author ==", "(", "'", "auth.", "1 +", "title."])
    expect(checkRule(text, scope), text).toBeDefined();
});
