// The names of the records that relations point to, fetched with the page itself: each to-one relation is expanded to its
// id and its display field. Rows keep plain ids, so that what is copied or restored is what is stored.
import type { Collection, JsonValue, Row } from "../api/types.ts";
import { displayField } from "./columns.ts";

interface Hop {
  readonly field: string;
  readonly collection: string;
  readonly shown: string;
}

/** The server expands this many in one request; the relations after them show their ids. */
const hopsMax = 10;
const systemFields = ["id", "createdAt", "updatedAt", "version"];

export function hopsOf(collection: Collection, all: readonly Collection[]): readonly Hop[] {
  const hops = collection.fields.flatMap((field): Hop[] => {
    if (field.type !== "relation" || field.many || !field.collection) return [];
    const shown = displayField(all.find(({ name }) => name === field.collection));
    return shown ? [{ field: field.name, collection: field.collection, shown }] : [];
  });
  return hops.slice(0, hopsMax);
}

/** What to ask for; undefined, which is everything, where there is nothing to expand. */
export function fieldsText(collection: Collection, hops: readonly Hop[]): string | undefined {
  if (hops.length === 0) return undefined;
  const own = collection.fields.map(({ name }) => name).filter((name) => !hops.some(({ field }) => field === name));
  return [...systemFields, ...own, ...hops.flatMap(({ field, shown }) => [`${field}.id`, `${field}.${shown}`])].join(
    ",",
  );
}

export type Labels = ReadonlyMap<string, string>;
export const labelKey = (collection: string, id: string): string => `${collection} ${id}`;

export function separated(items: readonly Row[], hops: readonly Hop[]): { items: readonly Row[]; labels: Labels } {
  if (hops.length === 0) return { items, labels: new Map() };
  const labels = new Map<string, string>();
  const plain = items.map((item) => {
    const row: { [field: string]: JsonValue | undefined } & Row = { ...item };
    for (const { field, collection, shown } of hops) {
      const target = row[field];
      if (!isObject(target)) continue;
      row[field] = target.id ?? null;
      const label = target[shown];
      if (typeof label === "string" && label !== "") labels.set(labelKey(collection, String(target.id)), label);
    }
    return row;
  });
  return { items: plain, labels };
}

const isObject = (value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
