// Lists: `many` of any type but relation and geo is an array column that is never null and holds no null. A list of
// relations lives in a join table, so it has no column here; whoever reads the join table hands its JSON text to `json`.
import type { Issue } from "../kernel/errors/index.ts";
import type { FieldKind, Parsed } from "./field.ts";
import { ok, refuse, refuseAll, step, type ValueType } from "./field-value.ts";
import { arrayLiteral, escapeName } from "./sql-text.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

/** Named in its error. A list that outgrows it wants to be a collection. */
export const listMax = 1_000;

export function manyKind(type: ValueType): FieldKind {
  return {
    columns: (field) => [{ name: field.name, type: listOf(type.sqlType), notNull: true }],
    parse: (field, value, path) => parseList(field, value, path, (element, at) => type.parse(field, element, at)),
    params: (_field, value) => [arrayLiteral(((value ?? []) as readonly JsonValue[]).map(type.text))],
    select(field, row) {
      const column = `${row}.${escapeName(field.name)}`;
      return [`array_to_json(${type.listIsJson ? column : `${column}::text[]`})::text`];
    },
    json: (_field, texts) => listJson(type, texts[0]),
    fromEntry: (field, columns) => ((columns[field.name] ?? []) as unknown[]).map(type.fromEntry),
    check(field, row = "") {
      const column = `${row}${escapeName(field.name)}`;
      const conditions = [flat(column)];
      const own = type.checkList?.(column);
      if (own) conditions.push(own);
      if (field.required) conditions.push(`cardinality(${column}) > 0`);
      return conditions.join(" AND ");
    },
  };
}

export function manyRelationKind(type: ValueType): FieldKind {
  const list = manyKind(type);
  return {
    ...list,
    columns: () => [],
    params: () => [],
    select: () => [],
    json: (_field, texts) => texts[0] ?? "[]",
    check: () => null,
    parse(field, value, path) {
      const parsed = list.parse(field, value, path);
      if (!parsed.ok) return parsed;
      const ids = parsed.value as readonly string[];
      // The join table holds each pair once.
      const twice = ids.findIndex((id, at) => ids.indexOf(id) !== at);
      return twice < 0 ? parsed : refuse(step(path, twice), "duplicate", "Each id may stand in the list once.");
    },
  };
}

/** One dimension and no NULL: what a list in JSON is. */
export const flat = (column: string): string =>
  `coalesce(array_ndims(${column}), 1) = 1 AND array_position(${column}, NULL) IS NULL`;

/** `text COLLATE "C"` → `text[] COLLATE "C"`. */
export const listOf = (type: string): string => type.replace(/^\S+/, (name) => `${name}[]`);

export function parseList(
  field: FieldDefinition,
  value: unknown,
  path: string,
  parse: (element: unknown, path: string) => Parsed,
): Parsed {
  // Null clears the list, which leaves it empty: a list is never null.
  const elements = value === null ? [] : value;
  if (!Array.isArray(elements)) return refuse(path, "type", "Expected a list.");
  if (elements.length > listMax) return refuse(path, "items_max", `A list holds at most ${listMax} elements.`);
  if (field.required && elements.length === 0) return refuse(path, "required", "At least one element is required.");
  const values: JsonValue[] = [];
  const issues: Issue[] = [];
  for (const [index, element] of elements.entries()) {
    const at = step(path, index);
    const parsed = element === null ? refuse(at, "null_element", "A list holds no null.") : parse(element, at);
    if (parsed.ok) values.push(parsed.value);
    else issues.push(...parsed.issues);
  }
  return issues.length > 0 ? refuseAll(issues) : ok(values);
}

function listJson(type: ValueType, text: string | null | undefined): string {
  if (text === null || text === undefined) return "[]";
  if (type.listIsJson) return text;
  return `[${(JSON.parse(text) as string[]).map(type.json).join(",")}]`;
}
