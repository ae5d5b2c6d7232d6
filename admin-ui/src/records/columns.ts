// What the grid can show of a collection, and what an admin chose to see.
import type { CSSProperties } from "react";
import type { Collection, Field, FieldType } from "../api/types.ts";

export interface Column {
  readonly name: string;
  readonly type: FieldType | "id" | "version";
  readonly many: boolean;
  readonly sortable: boolean;
  readonly numeric: boolean;
  /** At least; wide screens share out what is left. */
  readonly widthPx: number;
  /** Only for fields of the definition. */
  readonly field?: Field;
}

const numericTypes: ReadonlySet<string> = new Set(["number", "integer", "decimal", "version"]);
const unsortable: ReadonlySet<string> = new Set(["json", "geo", "richtext"]);

const widthsPx: { readonly [type in Column["type"]]?: number } = {
  id: 200,
  bool: 90,
  number: 110,
  integer: 110,
  decimal: 110,
  version: 90,
  date: 110,
  geo: 190,
  richtext: 200,
  json: 200,
};
const widthOf = (type: Column["type"], many: boolean): number => (many ? 200 : (widthsPx[type] ?? 135));

export function columnsOf(collection: Collection): readonly Column[] {
  const system = (name: string, type: Column["type"]): Column => ({
    name,
    type,
    many: false,
    sortable: true,
    numeric: numericTypes.has(type),
    widthPx: widthOf(type, false),
  });
  return [
    system("id", "id"),
    ...collection.fields.map((field) => ({
      name: field.name,
      type: field.type,
      many: field.many ?? false,
      sortable: !field.many && !unsortable.has(field.type),
      numeric: !field.many && numericTypes.has(field.type),
      widthPx: widthOf(field.type, field.many ?? false),
      field,
    })),
    system("createdAt", "datetime"),
    system("updatedAt", "datetime"),
    system("version", "version"),
  ];
}

export const cellClass = ({ numeric }: Column): string => (numeric ? "grid-cell number" : "grid-cell");
/** The custom properties are set on the grid (`useColumnWidths`), so that a new width draws no row again. */
export const cellStyle = (at: number): CSSProperties => ({ flex: `var(--c${at})` });

/** Hidden unless chosen: what says little about a record. */
export const hiddenAtFirst: readonly string[] = ["version", "createdAt"];

/** Ascending, descending, then the default order again. */
export function nextSort(current: string | undefined, name: string): string | undefined {
  if (current === name) return `-${name}`;
  return current === `-${name}` ? undefined : name;
}

/** The field that tells records apart for people: the first text. */
export function displayField(collection: Collection | undefined): string | undefined {
  const texts = collection?.fields.filter(
    ({ type, many, hidden }) => !many && !hidden && ["text", "email"].includes(type),
  );
  return (texts?.find(({ name }) => /^(name|title|label|email)$/.test(name)) ?? texts?.[0])?.name;
}

/** Adds the records between the last pick and this one, as shift-click does in every list. */
export function pickRange(
  ids: readonly string[],
  picked: ReadonlySet<string>,
  { at, from, on }: { readonly at: number; readonly from: number | undefined; readonly on: boolean },
): ReadonlySet<string> {
  const next = new Set(picked);
  const [low, high] = from === undefined ? [at, at] : [Math.min(at, from), Math.max(at, from)];
  for (const id of ids.slice(low, high + 1)) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return next;
}
