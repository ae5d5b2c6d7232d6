// Places on Earth: two float8 columns, `<field>_lat` and `<field>_lng`, both null or neither; two arrays of them for `many`.
import type { Issue } from "../kernel/errors/index.ts";
import type { FieldKind, Parsed } from "./field.ts";
import { flat, parseList } from "./field-many.ts";
import { ok, refuse, refuseAll, step } from "./field-value.ts";
import { arrayLiteral, escapeName } from "./sql-text.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

interface Place {
  readonly lat: number;
  readonly lng: number;
}
const limits = { lat: 90, lng: 180 } as const;
const parts = ["lat", "lng"] as const;

const columnsOf = (field: FieldDefinition) => [`${field.name}_lat`, `${field.name}_lng`] as const;
const place = (lat: JsonValue, lng: JsonValue): JsonValue => ({ lat, lng });

export const geo: FieldKind = {
  columns: (field) => columnsOf(field).map((name) => ({ name, type: "float8", notNull: field.required === true })),
  parse(field, value, path) {
    if (value !== null) return parsePlace(value, path);
    return field.required ? refuse(path, "required", "This field is required.") : ok(null);
  },
  params: (_field, value) => parts.map((part) => (value === null ? null : String((value as unknown as Place)[part]))),
  select: (field, row) => columnsOf(field).map((name) => `${row}.${escapeName(name)}::text`),
  json: (_field, [lat, lng]) => (lat == null || lng == null ? "null" : `{"lat":${plain(lat)},"lng":${plain(lng)}}`),
  fromEntry(field, columns) {
    const [lat, lng] = columnsOf(field).map((name) => columns[name]);
    return lat == null || lng == null ? null : place(lat as number, lng as number);
  },
  check(field, row = "") {
    const [lat, lng] = columnsOf(field).map((name) => `${row}${escapeName(name)}`);
    return `(${lat} IS NULL) = (${lng} IS NULL) AND ${lat} BETWEEN -90 AND 90 AND ${lng} BETWEEN -180 AND 180`;
  },
};

export const manyGeo: FieldKind = {
  columns: (field) => columnsOf(field).map((name) => ({ name, type: "float8[]", notNull: true })),
  parse: (field, value, path) => parseList(field, value, path, parsePlace),
  params: (_field, value) =>
    parts.map((part) => arrayLiteral(((value ?? []) as unknown as Place[]).map((one) => String(one[part])))),
  select: (field, row) => columnsOf(field).map((name) => `array_to_json(${row}.${escapeName(name)})::text`),
  json: (_field, [lats, lngs]) => JSON.stringify(zip(JSON.parse(lats ?? "[]"), JSON.parse(lngs ?? "[]"))),
  fromEntry(field, columns) {
    const [lats, lngs] = columnsOf(field).map((name) => (columns[name] ?? []) as number[]);
    return zip(lats ?? [], lngs ?? []);
  },
  check(field, row = "") {
    const [lat, lng] = columnsOf(field).map((name) => `${row}${escapeName(name)}`) as [string, string];
    const within = [
      `-90 <= ALL (${lat}) AND 90 >= ALL (${lat})`,
      `-180 <= ALL (${lng}) AND 180 >= ALL (${lng})`,
      `cardinality(${lat}) = cardinality(${lng})`,
    ];
    if (field.required) within.push(`cardinality(${lat}) > 0`);
    return [flat(lat), flat(lng), ...within].join(" AND ");
  },
};

const zip = (lats: readonly number[], lngs: readonly number[]): JsonValue[] =>
  lats.map((lat, at) => place(lat, lngs[at] ?? 0));

const plain = (text: string) => (text === "-0" ? "0" : text);

function parsePlace(value: unknown, path: string): Parsed {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(path, "type", 'Expected {"lat":52.5,"lng":13.4}.');
  }
  const issues: Issue[] = [];
  for (const key of Object.keys(value)) {
    if (key !== "lat" && key !== "lng")
      issues.push({ path: step(path, key), code: "type", message: "Unknown member; a place has lat and lng." });
  }
  for (const part of parts) {
    const issue = partIssue(Object.getOwnPropertyDescriptor(value, part)?.value, part, step(path, part));
    if (issue) issues.push(issue);
  }
  const { lat, lng } = value as Place;
  return issues.length > 0 ? refuseAll(issues) : ok(place(lat === 0 ? 0 : lat, lng === 0 ? 0 : lng));
}

function partIssue(value: unknown, part: keyof Place, path: string): Issue | null {
  if (typeof value !== "number") return { path, code: "type", message: "Expected a number of degrees." };
  const limit = limits[part];
  if (Math.abs(value) <= limit) return null;
  return { path, code: "range", message: `Must lie between -${limit} and ${limit}.` };
}
