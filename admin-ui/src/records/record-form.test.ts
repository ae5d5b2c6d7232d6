// From a record to its form and back, and the smallest body that says what changed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Field, JsonValue } from "../api/types.ts";
import { changesIn, formOf, fromForm, mergePatch, patchBody, toForm } from "./record-form.ts";

const values: readonly (readonly [Field, JsonValue])[] = [
  [{ name: "a", type: "text" }, ""],
  [{ name: "a", type: "text" }, null],
  [{ name: "a", type: "number" }, -1.5],
  [{ name: "a", type: "integer" }, 9007199254740991],
  [{ name: "a", type: "decimal" }, "1.50"],
  [{ name: "a", type: "bool" }, false],
  [{ name: "a", type: "datetime" }, "2026-01-31T12:00:00.000Z"],
  [{ name: "a", type: "date" }, "2026-01-31"],
  [{ name: "a", type: "json" }, { a: [1, null, "x"] }],
  [{ name: "a", type: "json" }, [1]],
  [
    { name: "a", type: "geo" },
    { lat: 52.5, lng: -13.4 },
  ],
  [{ name: "a", type: "text", many: true }, []],
  [{ name: "a", type: "integer", many: true }, [1, 2]],
  [{ name: "a", type: "relation", collection: "b", many: true }, ["x", "y"]],
];

test.each(values)("%j keeps %j", (field, value) => {
  expect(fromForm(field, toForm(field, value))).toEqual({ ok: true, value });
});

test.each([
  [{ name: "a", type: "integer" }, "1.5"],
  [{ name: "a", type: "integer" }, "9007199254740993"],
  [{ name: "a", type: "number" }, "one"],
  [{ name: "a", type: "number" }, "1e999"],
  [{ name: "a", type: "decimal" }, "1,5"],
  [{ name: "a", type: "date" }, "31.01.2026"],
  [{ name: "a", type: "datetime" }, "2026-01-31"],
  [{ name: "a", type: "json" }, "{"],
  [
    { name: "a", type: "geo" },
    { lat: "91", lng: "0" },
  ],
  [
    { name: "a", type: "geo" },
    { lat: "1", lng: "" },
  ],
  [{ name: "a", type: "text", required: true }, null],
] as const)("%j refuses %j", (field, value) => {
  expect(fromForm(field as Field, value)).toMatchObject({ ok: false });
});

describe("changes", () => {
  const fields: Field[] = [
    { name: "title", type: "text" },
    { name: "likes", type: "integer" },
  ];
  test("only what was touched is sent; null, empty and untouched stay apart", () => {
    const before = formOf(fields, { id: "r", title: null, likes: 1 });
    expect(changesIn(fields, before, before).change).toEqual({});
    expect(changesIn(fields, before, { ...before, title: "" }).change).toEqual({ title: "" });
    expect(changesIn(fields, before, { ...before, likes: null }).change).toEqual({ likes: null });
  });
  test("a new record leaves out what takes its default", () => {
    const before = formOf(fields, undefined);
    expect(changesIn(fields, before, { ...before, title: "x" }).change).toEqual({ title: "x" });
  });
  test("a fault names its field", () => {
    const before = formOf(fields, { id: "r", title: "a", likes: 1 });
    expect(Object.keys(changesIn(fields, before, { ...before, likes: "x" }).faults)).toEqual(["likes"]);
  });
});

describe("the merge patch of a json value", () => {
  /** RFC 7396 §2. */
  function applied(target: JsonValue | undefined, patch: JsonValue): JsonValue {
    if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
    const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
    const result: { [key: string]: JsonValue } = { ...(base as { [key: string]: JsonValue }) };
    for (const [key, value] of Object.entries(patch as { [key: string]: JsonValue })) {
      if (value === null) delete result[key];
      else result[key] = applied(result[key], value);
    }
    return result;
  }
  const json = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<JsonValue>(null, 1, "x", true),
      fc.array(tie("value"), { maxLength: 2 }) as fc.Arbitrary<JsonValue>,
      fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }) as fc.Arbitrary<JsonValue>,
    ),
  })).value;
  test("turns the old value into the new one, or says that it cannot", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = mergePatch(before, after);
        if (patch !== undefined) expect(applied(before, patch)).toEqual(after);
        else expect(JSON.stringify(after)).toContain("null");
      }),
      { numRuns: 500 },
    );
  });
  test("a removed key is named", () => {
    const fields: Field[] = [{ name: "data", type: "json" }];
    expect(patchBody(fields, { id: "r", data: { a: 1, b: 2 } }, { data: { b: 2 } })).toEqual({ data: { a: null } });
    expect(patchBody(fields, { id: "r", data: {} }, { data: { a: null } })).toBeUndefined();
  });
});
