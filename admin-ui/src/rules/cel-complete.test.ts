// Completion as a table: what stands before the cursor, and what is offered there.
import { describe, expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { completeCel } from "./cel-complete.ts";

const users: Collection = {
  name: "users",
  kind: "base",
  fields: [
    { name: "name", type: "text" },
    { name: "team", type: "relation", collection: "teams" },
  ],
  indexes: [],
  rules: {},
};
const posts: Collection = {
  name: "posts",
  kind: "base",
  fields: [
    { name: "title", type: "text" },
    { name: "tags", type: "text", many: true },
    { name: "likes", type: "integer" },
    { name: "author", type: "relation", collection: "users", inverse: "posts" },
  ],
  indexes: [],
  rules: {},
};
const teams: Collection = {
  name: "teams",
  kind: "base",
  fields: [{ name: "plan", type: "text" }],
  indexes: [],
  rules: {},
};
const all = [posts, users, teams];

/** `|` marks the cursor. */
function offered(text: string, kind: "rule" | "filter" = "rule", collection = posts): readonly string[] {
  const at = text.indexOf("|");
  return completeCel(text.replace("|", ""), at, { collection, all, kind })?.options.map(({ label }) => label) ?? [];
}

describe("completion of expressions", () => {
  test("a first word gets the record's fields, system fields, names of the request and functions", () => {
    expect(offered("t|")).toEqual(
      expect.arrayContaining(["title", "createdAt", "auth", "before", "timestamp", "true"]),
    );
  });
  test("a filter knows no before", () => {
    expect(offered("b|", "filter")).not.toContain("before");
  });
  test("auth offers its own names and nothing of the record", () => {
    expect(offered("author == auth.|")).toEqual(["id", "signedIn", "roles", "teams", "claims", "device"]);
  });
  test("before offers the stored record's fields", () => {
    expect(offered("before.ti|")).toContain("title");
  });
  test("a relation is followed from field to field", () => {
    expect(offered("author.|")).toContain("name");
    expect(offered("author.team.pl|")).toContain("plan");
    expect(offered("before.author.team.|")).toContain("plan");
  });
  test("text and lists offer their own functions, numbers none", () => {
    expect(offered("title.|")).toContain("startsWith");
    expect(offered("tags.|")).toEqual(["exists", "all", "size"]);
    expect(offered("likes.|")).toEqual([]);
  });
  test("an inverse is offered where it was declared to stand", () => {
    expect(offered("po|", "rule", users)).toContain("posts");
    expect(offered("posts.|", "rule", users)).toContain("exists");
  });
  test("inside a text only names of collections are offered, and only in collection()", () => {
    expect(offered("title == 'au|'")).toEqual([]);
    expect(offered('collection("|')).toEqual(["posts", "users", "teams"]);
    expect(offered("title == 'it\\'s' && au|")).toContain("auth");
  });
  test("a number and an empty place are left alone", () => {
    expect(offered("likes > 1|")).toEqual([]);
    expect(offered("likes > |")).toEqual([]);
  });
});
