// What a filter object becomes, and what is refused before anything is sent.
import { expect, test } from "vitest";
import { LandfallError } from "./error.ts";
import { filterTree } from "./filter-tree.ts";
import { defineSchema } from "./schema.ts";

const schema = defineSchema({
  collections: {
    users: {
      fields: { name: { type: "text", required: true } },
      inverses: { posts: { collection: "posts", field: "author" } },
    },
    posts: {
      fields: {
        title: { type: "text" },
        likes: { type: "integer" },
        tags: { type: "text", many: true },
        meta: { type: "json" },
        blobs: { type: "json", many: true },
        place: { type: "geo" },
        at: { type: "datetime" },
        author: { type: "relation", collection: "users" },
      },
    },
  },
});

const tree = (filter: unknown, collection = "posts") => filterTree(schema, collection, filter as object);
function refusal(filter: unknown, collection?: string): string {
  try {
    tree(filter, collection);
  } catch (error) {
    if (error instanceof LandfallError && error.code === "invalid_argument") return error.message;
    throw error;
  }
  return "accepted";
}

test("undefined in a filter is refused by the name of its place, at every depth", () => {
  for (const [filter, place] of [
    [{ title: undefined }, "title"],
    [{ likes: 1, title: undefined }, "title"],
    [{ likes: { gt: undefined } }, "likes.gt"],
    [{ likes: { gt: 1, lt: undefined } }, "likes.lt"],
    [{ likes: { in: [1, undefined] } }, "likes.in[1]"],
    [{ likes: { in: undefined } }, "likes.in"],
    [{ at: { gt: undefined } }, "at.gt"],
    [{ tags: { has: undefined } }, "tags.has"],
    [{ tags: { isEmpty: undefined } }, "tags.isEmpty"],
    [{ place: { near: { lat: 1, lng: undefined, withinMetres: 1 } } }, "place.near.lng"],
    [{ place: { near: undefined } }, "place.near"],
    [{ author: { name: undefined } }, "author.name"],
    [{ author: undefined }, "author"],
    [{ or: [{ title: "a" }, { title: undefined }] }, "or[1].title"],
    [{ or: [{ title: "a" }, undefined] }, "or[1]"],
    [{ or: undefined }, "or"],
    [{ and: [{ or: [{ likes: { gt: undefined } }] }] }, "and[0].or[0].likes.gt"],
    [{ not: undefined }, "not"],
    [{ not: { title: undefined } }, "not.title"],
    [{ meta: undefined }, "meta"],
    [{ meta: { eq: undefined } }, "meta.eq"],
    [{ meta: { eq: { a: [1, { b: undefined }] } } }, "meta.eq.a[1].b"],
    [{ meta: [1, undefined] }, "meta[1]"],
  ] as const) {
    expect(refusal(filter), place).toBe(
      `The filter's "${place}" is undefined. Leave it out to not ask for it, or say null for records without a value.`,
    );
  }
  expect(refusal({ posts: { some: { title: undefined } } }, "users")).toContain('"posts.some.title" is undefined');
  expect(refusal({ posts: { some: undefined } }, "users")).toContain('"posts.some" is undefined');
});

test("a filter, or a part of one, that is no filter is refused", () => {
  for (const filter of [undefined, null, "title", 1, []]) expect(refusal(filter)).toContain("must be an object");
  for (const filter of [{ or: {} }, { or: "a" }, { and: 1 }, { likes: { in: 5 } }])
    expect(refusal(filter)).toContain("must be a list");
  for (const filter of [{ or: [null] }, { not: null }, { not: [] }, { or: [[]] }])
    expect(refusal(filter)).toContain("must be an object");
  for (const filter of [{ likes: {} }, { author: {} }, { meta: {} }, { meta: { a: 1 } }, { likes: { constructor: 1 } }])
    expect(refusal(filter)).toMatch(/^A filter has no operator|names no operator/);
  expect(refusal({ posts: {} }, "users")).toContain('"posts.some" is undefined');
});

test("json is compared with lists and maps as the trees of their values", () => {
  const meta = { op: "name", args: ["meta"] };
  const value = (literal: unknown) => ({ op: "value", args: [literal] });
  const list = { op: "list", args: [value(1), value("a"), value(null)] };
  expect(tree({ meta: [1, "a", null] })).toEqual({ op: "==", args: [meta, list] });
  expect(tree({ meta: { ne: { k: [1, "a", null], gt: 0.5 } } })).toEqual({
    op: "!=",
    args: [meta, { op: "map", args: ["k", list, "gt", value(0.5)] }],
  });
  expect(tree({ meta: { in: [[1, "a", null], {}] } })).toEqual({
    op: "in",
    args: [meta, { op: "list", args: [list, { op: "map", args: [] }] }],
  });
  expect(tree({ blobs: { has: [1, "a", null] } })).toEqual({ op: "in", args: [list, { op: "name", args: ["blobs"] }] });
  expect(tree({ meta: "a" })).toEqual({ op: "==", args: [meta, value("a")] });
  for (const odd of [new Date(0), Number.NaN, 1n, () => 1, Symbol("a"), new Map()])
    expect(refusal({ meta: { eq: { a: odd } } })).toBe('The filter\'s "meta.eq.a" is no JSON value.');
});
