// What a changed draft is said to do, and what is sent for it.
import { describe, expect, test } from "vitest";
import type { Collection, Field } from "../api/types.ts";
import { diffDefinition } from "./definition-diff.ts";
import { type Draft, draftOf, fieldFaults, newField, parseDefault, withType } from "./definition-draft.ts";
import { definitionPatch } from "./definition-patch.ts";

const posts: Collection = {
  name: "posts",
  kind: "base",
  fields: [
    { name: "title", type: "text", required: true, max: 200 },
    { name: "status", type: "select", values: ["draft", "open"], default: "draft" },
    { name: "note", type: "text", hidden: true },
  ],
  indexes: [{ fields: ["status"] }],
  rules: {},
};

function changed(name: string, change: Partial<Field>): Draft {
  const draft = draftOf(posts);
  return { ...draft, fields: draft.fields.map((field) => (field.name === name ? { ...field, ...change } : field)) };
}

describe("the diff", () => {
  test("an untouched draft has none, and sends nothing", () => {
    expect(diffDefinition(posts, draftOf(posts))).toEqual([]);
    expect(definitionPatch(posts, draftOf(posts))).toEqual({});
  });
  test("a rename is one change, and keeps its values by naming what it was", () => {
    const draft = changed("title", { name: "heading" });
    expect(diffDefinition(posts, draft).map(({ text }) => text)).toEqual(["Rename field title to heading"]);
    expect(definitionPatch(posts, draft)).toMatchObject({
      fields: [{ name: "heading", was: "title" }, { name: "status" }, { name: "note" }],
    });
  });
  test("removing a field and adding one of another name loses values", () => {
    const draft = draftOf(posts);
    const fields = [...draft.fields.filter(({ name }) => name !== "note"), newField("text", "remark")];
    const changes = diffDefinition(posts, { ...draft, fields });
    expect(changes).toMatchObject([
      { text: "Remove field note", danger: "loss" },
      { text: "Add field remark (text)", danger: "none" },
    ]);
  });
  test("a required field without default is refused where there are records", () => {
    const draft = draftOf(posts);
    const fields = [...draft.fields, { ...newField("integer", "likes"), required: true }];
    expect(diffDefinition(posts, { ...draft, fields })).toMatchObject([{ danger: "check" }]);
  });
  test.each([
    ["title", { max: 100 }, "check"],
    ["title", { required: false }, "none"],
    ["title", { type: "integer" }, "loss"],
    ["title", { many: true }, "loss"],
    ["status", { values: ["draft", "open", "closed"] }, "none"],
    ["status", { values: ["draft"] }, "check"],
    ["note", { hidden: false }, "check"],
    ["note", { rules: { read: "auth.signedIn" } }, "check"],
  ] as const)("%s %j is %s", (name, change, danger) => {
    expect(diffDefinition(posts, changed(name, change))).toMatchObject([{ danger }]);
  });
  test("order, indexes and preconditions are told", () => {
    const draft = draftOf(posts);
    const next: Draft = {
      fields: draft.fields.toReversed(),
      indexes: [{ fields: ["title"], unique: true }],
      preconditionRequired: true,
    };
    expect(diffDefinition(posts, next).map(({ text }) => text)).toEqual([
      "Reorder the fields",
      "Drop index on status",
      "Add unique index on title",
      "Require If-Match",
    ]);
  });
  test("false, null and absent say the same", () => {
    expect(diffDefinition(posts, changed("title", { hidden: false, many: false }))).toEqual([]);
  });
});

describe("a draft", () => {
  test("names its faults", () => {
    const fields = [
      newField("text", "title"),
      newField("text", "title"),
      newField("text", "id"),
      newField("text", "auth"),
    ];
    const faults = fields.map((field) => fieldFaults(field, fields).name);
    expect(faults.every(Boolean)).toBe(true);
    expect(fieldFaults(newField("select", "status"), []).values).toBeTruthy();
    expect(fieldFaults(newField("relation", "author"), []).collection).toBeTruthy();
    expect(fieldFaults(newField("text", "title2"), [])).toEqual({});
  });
  test("a changed type drops the settings that mean nothing for it", () => {
    const select = { ...newField("select", "status"), values: ["a"], default: "a", many: true, required: true };
    const { key: _key, ...json } = withType(select, "json");
    expect(json).toEqual({ name: "status", type: "json", required: true });
  });
  test("a default is read by its type", () => {
    expect(parseDefault({ name: "a", type: "text" }, "1")).toBe("1");
    expect(parseDefault({ name: "a", type: "integer" }, "1")).toBe(1);
    expect(parseDefault({ name: "a", type: "bool" }, "false")).toBe(false);
    expect(parseDefault({ name: "a", type: "text", many: true }, '["x"]')).toEqual(["x"]);
    expect(parseDefault({ name: "a", type: "text" }, "")).toBeUndefined();
    expect(() => parseDefault({ name: "a", type: "number" }, "one")).toThrow();
  });
});
