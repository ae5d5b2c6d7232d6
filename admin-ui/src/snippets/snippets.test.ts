// Calls made from a schema: whole, quoted for a shell, and only of fields that may be set.
import { expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { exampleRecord, snippetsOf } from "./snippets.ts";

const posts: Collection = {
  name: "posts",
  kind: "base",
  fields: [
    { name: "status", type: "select", values: ["it's"], required: true },
    { name: "secret", type: "text", hidden: true },
    { name: "tags", type: "text", many: true },
    { name: "made", type: "autodate", on: "create" },
  ],
  indexes: [],
  rules: {},
};

test("an example record leaves out what callers may not set", () => {
  expect(exampleRecord(posts)).toEqual({ status: "it's", tags: ["Hello"] });
});

test("a quote in a value does not end the shell's word", () => {
  const create = snippetsOf(posts, "http://localhost:4710").find(({ id }) => id === "create");
  expect(create?.curl).toContain(`-d '{"status":"it'\\''s","tags":["Hello"]}'`);
  expect(create?.client).toBe(`const made = await lf.from("posts").create({ status: "it's", tags: [ "Hello" ] });`);
});

test("a collection without simple fields is filtered by id", () => {
  const filtered = snippetsOf({ ...posts, fields: [] }, "").find(({ id }) => id === "filtered");
  expect(filtered?.curl).toContain(`filter=id == "ID"`);
});
