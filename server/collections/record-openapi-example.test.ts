import { expect, test } from "vitest";
import { kindOf } from "./definition-tools.ts";
import { exampleValue } from "./record-openapi-example.ts";
import type { FieldDefinition } from "./types.ts";

const text = (more: object) => ({ name: "a", type: "text", ...more }) as FieldDefinition;

const fields: readonly FieldDefinition[] = [
  text({ pattern: "^[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{0,3}$" }),
  text({ pattern: "^(red|green)(, (red|green))*$", min: 8 }),
  text({ pattern: "[^a-z\\]]{3}" }),
  text({ pattern: "^.{5}\\.\\^$" }),
  text({ pattern: "^[0-9]+$", min: 7, max: 9 }),
  text({ pattern: "a?b*|c" }),
  text({ min: 999, max: 1000 }),
  text({ max: 0 }),
  text({ type: "email", min: 40 }),
  text({ type: "url", min: 60 }),
  text({ type: "richtext", max: 3 }),
  text({ type: "integer", min: -9, max: -8 }),
  text({ type: "decimal", min: "100.00", max: "100.01" }),
  text({ type: "date", min: "2030-02-28", max: "2030-03-01", many: true }),
  text({ type: "datetime", max: "1999-12-31T23:59:59.000Z" }),
  text({ type: "select", values: ["ü"], many: true, required: true }),
  text({ default: "as it is" }),
];

test.each(fields)("an example of %j is a value the field takes", (field) => {
  const value = exampleValue(field, kindOf);
  expect(value).toBeDefined();
  expect(kindOf(field).parse(field, value, "")).toMatchObject({ ok: true });
});

test("where nothing fits there is none, rather than a wrong one", () => {
  expect(exampleValue(text({ pattern: "^a{3}$", max: 2 }), kindOf)).toBeUndefined();
});
