// Points in time and calendar days: datetime, autodate (timestamptz(3), milliseconds, UTC) and date. No Date objects on the
// way out: Postgres' ISO text in a UTC session differs from the contract's form by a T, a Z and trailing zeros.

import { ok, refuse, type ValueType } from "./field-value.ts";
import type { FieldDefinition } from "./types.ts";

const timeForm = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const dateForm = /^(\d{4})-(\d\d)-(\d\d)$/;
/** What `to_jsonb` writes in any session time zone: offsets may carry seconds, years five digits or BC at the ends of the range. */
const entryForm = /^(\d{4,5})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d):(\d\d)(?::(\d\d))?( BC)?$/;

const earliest = Date.UTC(2000, 0, 1) - 63_082_281_600_000; // 0001-01-01T00:00:00Z
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export const datetime: ValueType = {
  sqlType: "timestamptz(3)",
  parse(field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", 'Expected a time such as "2026-01-31T12:00:00Z".');
    const canonical = canonicalDatetime(value);
    if (canonical === null) {
      return refuse(
        path,
        "format",
        "Expected RFC 3339 with an offset, in the years 1 to 9999, such as 2026-01-31T12:00:00Z.",
      );
    }
    return between(field, canonical, path);
  },
  text: (value) => value as string,
  json: (text) => `"${contractTime(text)}"`,
  fromEntry: (value) => entryTime(value as string),
  check: (field, column) => [timeRange(column), ...bounds(field, column)].join(" AND "),
  checkList: (column) =>
    `'0001-01-01 00:00:00+00' <= ALL (${column}) AND '9999-12-31 23:59:59.999+00' >= ALL (${column})`,
};

/** Set by the server alone; records of other rooms never parse one. */
export const autodate: ValueType = {
  ...datetime,
  parse: (_field, _value, path) => refuse(path, "read_only", "This time is set by the server."),
};

export const date: ValueType = {
  sqlType: "date",
  parse(field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", 'Expected a date such as "2026-01-31".');
    if (!isDate(value))
      return refuse(path, "format", "Expected a calendar date in the years 1 to 9999, such as 2026-01-31.");
    return between(field, value, path);
  },
  text: (value) => value as string,
  json: (text) => `"${text}"`,
  fromEntry: (value) => value as string,
  check: (field, column) => [`${column} BETWEEN '0001-01-01' AND '9999-12-31'`, ...bounds(field, column)].join(" AND "),
  checkList: (column) => `'0001-01-01' <= ALL (${column}) AND '9999-12-31' >= ALL (${column})`,
  listIsJson: true,
};

const timeRange = (column: string) => `${column} BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'`;

/** `2026-01-01T00:00:00.120Z` of any RFC 3339 time; digits beyond milliseconds are cut. Null when it is none. Leap seconds are none. */
export function canonicalDatetime(text: string): string | null {
  const parts = timeForm.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = parts;
  if (!isDay(Number(year), Number(month), Number(day))) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const local = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === "-" ? -1 : 1);
  const ms = local - offset + Number(fraction.slice(0, 3).padEnd(3, "0"));
  return ms < earliest || ms > latest ? null : new Date(ms).toISOString();
}

export function isDate(text: string): boolean {
  const parts = dateForm.exec(text);
  return parts !== null && isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

/** Date.UTC reads years below 100 as 19xx. */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return at.setUTCHours(hour, minute, second, 0);
}

/** `2026-01-01 00:00:00.12+00`, Postgres' text in a UTC session, to `2026-01-01T00:00:00.120Z`. */
export function contractTime(text: string): string {
  const head = `${text.slice(0, 10)}T${text.slice(11, 19)}`;
  switch (text.length) {
    case 22:
      return `${head}.000Z`;
    case 24:
      return `${head}${text.slice(19, 21)}00Z`;
    case 25:
      return `${head}${text.slice(19, 22)}0Z`;
    default:
      return `${head}${text.slice(19, 23)}Z`;
  }
}

function entryTime(text: string): string {
  const parts = entryForm.exec(text);
  if (!parts) throw new Error("a log entry holds a time in an unknown form");
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = "",
    sign,
    offsetHour,
    offsetMinute,
    offsetSecond = "0",
    bc,
  ] = parts;
  const local = utc(
    bc ? 1 - Number(year) : Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const offset = (Number(offsetHour) * 3_600 + Number(offsetMinute) * 60 + Number(offsetSecond)) * 1_000;
  const ms = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return new Date(local - (sign === "-" ? -offset : offset) + ms).toISOString();
}

/** Bounds are kept in canonical form, so that text order is time order. */
function between(field: FieldDefinition, value: string, path: string) {
  if (typeof field.min === "string" && value < field.min)
    return refuse(path, "min", `Must not be before ${field.min}.`);
  if (typeof field.max === "string" && value > field.max) return refuse(path, "max", `Must not be after ${field.max}.`);
  return ok(value);
}

function bounds(field: FieldDefinition, column: string): string[] {
  const parts: string[] = [];
  if (typeof field.min === "string") parts.push(`${column} >= '${field.min}'`);
  if (typeof field.max === "string") parts.push(`${column} <= '${field.max}'`);
  return parts;
}
