// Text types: text, email, url, select, id. Stored as text COLLATE "C", so that order and equality go by code point everywhere.

import { codePoints, invalidText, isStorable, ok, refuse, type ValueType } from "./field-value.ts";
import { escapeLiteral } from "./sql-text.ts";
import type { FieldDefinition } from "./types.ts";

/** From `@landfall/client/cel`: compiles the linear-time subset of regular expressions, throws on anything outside it. */
export type CompilePattern = (pattern: string) => (text: string) => boolean;

export const textColumn = 'text COLLATE "C"';

/** Longest e-mail address SMTP can carry (RFC 5321 §4.5.3.1), and longest URL that browsers and proxies agree on. */
const emailMax = 254;
const urlMax = 2_048;

const emailForm =
  /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}@(?=.{1,253}$)[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})(?:\.[\p{L}\p{N}][\p{L}\p{N}-]{0,62})*$/u;
const urlForm = /^https?:\/\/[^\s"<>\\^`{|}\p{Cc}]+$/iu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes
const control = /[\0-\x1f]/;
export const idForm = /^[A-Za-z0-9_-]{1,64}$/;

/** A ValueType over text; `problem` judges a storable string and says what is wrong with it. */
export function textType(
  problem: (field: FieldDefinition, text: string) => readonly [string, string] | null,
): ValueType {
  return {
    sqlType: textColumn,
    parse(field, value, path) {
      if (typeof value !== "string") return refuse(path, "type", "Expected a string.");
      if (!isStorable(value)) return invalidText(path);
      const wrong = problem(field, value);
      return wrong ? refuse(path, wrong[0], wrong[1]) : ok(value);
    },
    text: (value) => value as string,
    json: quoted,
    fromEntry: (value) => value as string,
    check: lengthCheck,
    listIsJson: true,
  };
}

/**
 * JSON of a text that Postgres holds, or of its octets: neither has a lone surrogate. Most texts need no escape, and to see
 * that takes half as long as to have it done.
 */
export function quoted(text: string): string {
  return text.includes('"') || text.includes("\\") || control.test(text) ? JSON.stringify(text) : `"${text}"`;
}

export function textTypes(
  compilePattern: CompilePattern,
): Record<"text" | "email" | "url" | "select" | "id", ValueType> {
  const matchers = new WeakMap<FieldDefinition, (text: string) => boolean>();
  const matches = (field: FieldDefinition, text: string) => {
    if (field.pattern === undefined) return true;
    const matcher = matchers.get(field) ?? compilePattern(field.pattern);
    matchers.set(field, matcher);
    return matcher(text);
  };
  const formed = (form: RegExp, max: number, message: string) =>
    textType((field, text) => {
      if (text.length > max || !form.test(text)) return ["format", message];
      return lengthProblem(field, text) ?? patternProblem(field, text);
    });
  const patternProblem = (field: FieldDefinition, text: string): [string, string] | null =>
    matches(field, text) ? null : ["pattern", "Does not match the field's pattern."];
  return {
    text: textType((field, text) => lengthProblem(field, text) ?? patternProblem(field, text)),
    email: formed(emailForm, emailMax, "Expected an e-mail address such as ann@example.com."),
    url: withUrlCheck(formed(urlForm, urlMax, "Expected a URL that starts with http:// or https://.")),
    select: { ...textType(selectProblem), check: selectCheck },
    id: { ...formed(idForm, 64, "Expected 1 to 64 letters, digits, _ or -."), check: idCheck },
  };
}

function withUrlCheck(type: ValueType): ValueType {
  return {
    ...type,
    parse(field, value, path) {
      const parsed = type.parse(field, value, path);
      if (!parsed.ok || URL.canParse(parsed.value as string)) return parsed;
      return refuse(path, "format", "Expected a URL that starts with http:// or https://.");
    },
  };
}

export function lengthProblem(field: FieldDefinition, text: string): [string, string] | null {
  const { min, max } = field;
  // A text of n UTF-16 units has n/2 to n code points: most texts need no count.
  if (typeof max === "number" && text.length > max && codePoints(text) > max)
    return ["max", `Must have at most ${max} characters.`];
  if (typeof min === "number" && text.length < min * 2 && codePoints(text) < min)
    return ["min", `Must have at least ${min} characters.`];
  return null;
}

function selectProblem(field: FieldDefinition, text: string): [string, string] | null {
  if (field.values?.includes(text)) return null;
  return ["value", `Must be one of: ${(field.values ?? []).join(", ")}.`];
}

function lengthCheck(field: FieldDefinition, column: string): string | null {
  const parts: string[] = [];
  if (typeof field.min === "number") parts.push(`char_length(${column}) >= ${field.min}`);
  if (typeof field.max === "number") parts.push(`char_length(${column}) <= ${field.max}`);
  return parts.length > 0 ? parts.join(" AND ") : null;
}

const selectCheck = (field: FieldDefinition, column: string) =>
  `${column} IN (${(field.values ?? []).map(escapeLiteral).join(", ")})`;

const idCheck = (_field: FieldDefinition, column: string) => `${column} ~ '^[A-Za-z0-9_-]{1,64}$'`;
