// Numbers: number (float8), integer (int8 within ±(2^53-1)), decimal (numeric, a string in JSON).

import { ok, refuse, type ValueType } from "./field-value.ts";
import { escapeLiteral } from "./sql-text.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

const safeMax = Number.MAX_SAFE_INTEGER;

/** Digits of a decimal in all. Far more than money or any chain's token needs, and small enough to compare and index. */
export const decimalDigitsMax = 200;
const decimalForm = /^(-?)0*(\d+)(\.\d+)?$/;

const outOfRange = (field: FieldDefinition, below: boolean): [string, string] =>
  below ? ["min", `Must be at least ${field.min}.`] : ["max", `Must be at most ${field.max}.`];

function numberProblem(field: FieldDefinition, value: number): [string, string] | null {
  if (typeof field.min === "number" && value < field.min) return outOfRange(field, true);
  if (typeof field.max === "number" && value > field.max) return outOfRange(field, false);
  return null;
}

export const number: ValueType = {
  sqlType: "float8",
  parse(field, value, path) {
    if (typeof value !== "number") return refuse(path, "type", "Expected a number.");
    // JSON such as 1e400 arrives as Infinity.
    if (!Number.isFinite(value)) return refuse(path, "range", "Must be a finite number.");
    const wrong = numberProblem(field, value);
    return wrong ? refuse(path, wrong[0], wrong[1]) : ok(value === 0 ? 0 : value);
  },
  text: (value) => String(value),
  // Postgres' shortest text of a float8 is a JSON number as it stands. Only raw SQL can have stored a -0.
  json: (text) => (text === "-0" ? "0" : text),
  fromEntry: (value) => (value === 0 ? 0 : (value as number)),
  check: (field, column) =>
    [`${column} > '-Infinity' AND ${column} < 'Infinity'`, ...bounds(field, column)].join(" AND "),
  checkList: (column) => `NOT (${column} && '{NaN,Infinity,-Infinity}'::float8[])`,
  listIsJson: true,
};

export const integer: ValueType = {
  sqlType: "int8",
  parse(field, value, path) {
    if (typeof value !== "number") return refuse(path, "type", "Expected an integer.");
    if (!Number.isSafeInteger(value))
      return refuse(path, "range", `Must be an integer between -${safeMax} and ${safeMax}.`);
    const wrong = numberProblem(field, value);
    return wrong ? refuse(path, wrong[0], wrong[1]) : ok(value === 0 ? 0 : value);
  },
  text: (value) => String(value),
  json: (text) => text,
  fromEntry: (value) => value as number,
  check: (field, column) => [`${column} BETWEEN -${safeMax} AND ${safeMax}`, ...bounds(field, column)].join(" AND "),
  checkList: (column) => `-${safeMax} <= ALL (${column}) AND ${safeMax} >= ALL (${column})`,
  listIsJson: true,
};

export const decimal: ValueType = {
  sqlType: "numeric",
  parse(field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", 'Expected a decimal as a string such as "1.50".');
    const canonical = value.length <= 2 * decimalDigitsMax ? canonicalDecimal(value) : null;
    if (canonical === null) {
      return refuse(
        path,
        "format",
        `Expected digits with an optional sign and fraction, at most ${decimalDigitsMax} digits.`,
      );
    }
    if (typeof field.min === "string" && compareDecimals(canonical, field.min) < 0) {
      return refuse(path, ...outOfRange(field, true));
    }
    if (typeof field.max === "string" && compareDecimals(canonical, field.max) > 0) {
      return refuse(path, ...outOfRange(field, false));
    }
    return ok(canonical);
  },
  text: (value) => value as string,
  json: (text) => `"${text}"`,
  fromEntry: (value) => String(value),
  check: (field, column) =>
    [`${column} > '-Infinity' AND ${column} < 'Infinity'`, ...bounds(field, column)].join(" AND "),
  checkList: (column) => `NOT (${column} && '{NaN,Infinity,-Infinity}'::numeric[])`,
};

/** Postgres' own text of the number: no leading zeros, no -0, trailing zeros kept as written. Null when it is no decimal. */
export function canonicalDecimal(text: string): string | null {
  const parts = decimalForm.exec(text);
  if (!parts) return null;
  const [, sign, whole = "", fraction = ""] = parts;
  if (whole.length + fraction.length - (fraction ? 1 : 0) > decimalDigitsMax) return null;
  return (sign && /[1-9]/.test(whole + fraction) ? "-" : "") + whole + fraction;
}

/** Compares two canonical decimals by value: "1.5" equals "1.50". */
export function compareDecimals(a: string, b: string): number {
  const scale = Math.max(fractionLength(a), fractionLength(b));
  const left = scaled(a, scale);
  const right = scaled(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

const fractionLength = (text: string) => (text.includes(".") ? text.length - text.indexOf(".") - 1 : 0);

const scaled = (text: string, scale: number) =>
  BigInt(text.replace(".", "") + "0".repeat(scale - fractionLength(text)));

function bounds(field: FieldDefinition, column: string): string[] {
  const literal = (bound: JsonValue) =>
    typeof bound === "string" ? `${escapeLiteral(bound)}::numeric` : `'${bound}'::float8`;
  const parts: string[] = [];
  if (field.min !== undefined) parts.push(`${column} >= ${literal(field.min)}`);
  if (field.max !== undefined) parts.push(`${column} <= ${literal(field.max)}`);
  return parts;
}
