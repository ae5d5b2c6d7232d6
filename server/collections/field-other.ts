// Types that are neither text, number nor time: bool, json, and the id that a relation holds.
import type { Issue } from "../kernel/errors/index.ts";
import { idForm, textColumn } from "./field-text.ts";
import { isStorable, ok, refuse, refuseAll, step, type ValueType } from "./field-value.ts";
import type { JsonValue } from "./types.ts";

/** Deeper documents would exhaust the stack of whoever walks them, Postgres' included. */
const jsonDepthMax = 64;

export const bool: ValueType = {
  sqlType: "bool",
  parse: (_field, value, path) =>
    typeof value === "boolean" ? ok(value) : refuse(path, "type", "Expected true or false."),
  text: (value) => (value ? "t" : "f"),
  json: (text) => (text.charCodeAt(0) === 0x74 ? "true" : "false"),
  fromEntry: (value) => value as boolean,
  listIsJson: true,
};

export const json: ValueType = {
  sqlType: "jsonb",
  parse(_field, value, path) {
    const issue = jsonIssue(value, path, 0);
    if (issue) return refuseAll([issue]);
    // What is answered now is what will be read later: JSON text, and with it jsonb, writes -0 as 0.
    return ok(holdsNegativeZero(value) ? JSON.parse(JSON.stringify(value)) : (value as JsonValue));
  },
  text: (value) => JSON.stringify(value),
  json: (text) => text,
  fromEntry: (value) => value as JsonValue,
  listIsJson: true,
};

/** A foreign key: the other record's id. Whether it exists is asked of Postgres when the row is written. */
export const reference: ValueType = {
  sqlType: textColumn,
  parse(_field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", "Expected the id of a record.");
    return idForm.test(value) ? ok(value) : refuse(path, "format", "Expected 1 to 64 letters, digits, _ or -.");
  },
  text: (value) => value as string,
  json: (text) => `"${text}"`,
  fromEntry: (value) => value as string,
  listIsJson: true,
};

function holdsNegativeZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsNegativeZero);
  return Object.is(value, -0);
}

/** The first thing in the document that Postgres could not keep, or that is no JSON. */
function jsonIssue(value: unknown, path: string, depth: number): Issue | null {
  if (depth > jsonDepthMax) return { path, code: "depth", message: `JSON may nest ${jsonDepthMax} levels deep.` };
  switch (typeof value) {
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : { path, code: "range", message: "Must be a finite number." };
    case "string":
      return isStorable(value) ? null : textIssue(path);
    case "object":
      return value === null ? null : nestedIssue(value, path, depth);
    default:
      return { path, code: "type", message: "Expected a JSON value." };
  }
}

function nestedIssue(value: object, path: string, depth: number): Issue | null {
  for (const [key, inner] of Object.entries(value)) {
    if (!isStorable(key)) return textIssue(path);
    const issue = jsonIssue(inner, step(path, key), depth + 1);
    if (issue) return issue;
  }
  return null;
}

const textIssue = (path: string): Issue => ({
  path,
  code: "invalid_text",
  message: "Text must not contain U+0000 or a lone surrogate.",
});
