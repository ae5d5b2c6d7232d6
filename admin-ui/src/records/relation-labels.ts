// The names of the records that relations point to. Each to-one relation is expanded with the page itself to its id and
// its display field. To-many relations are expanded in one request beside it, to the few that a cell has room for: an
// expanded list is cut at its limit, and rows keep all their plain ids, so that what is copied or restored is what is stored.
import type { Collection, JsonValue, Row } from "../api/types.ts";
import { displayField } from "./columns.ts";

interface Hop {
  readonly field: string;
  readonly collection: string;
  readonly shown: string;
}

/** The server expands this many in one request; the relations after them show their ids. */
const hopsMax = 10;
/** Chips of a to-many relation in a cell; how many more there are is said behind them. */
export const chipsMax = 3;
const systemFields = ["id", "createdAt", "updatedAt", "version"];

export function hopsOf(
  collection: Collection,
  all: readonly Collection[],
  cardinality: "one" | "many" = "one",
): readonly Hop[] {
  const hops = collection.fields.flatMap((field): Hop[] => {
    if (field.type !== "relation" || (field.many ?? false) !== (cardinality === "many") || !field.collection) return [];
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

/** What names the targets of to-many relations; undefined where there is none. */
export function manyQuery(hops: readonly Hop[]): { fields: string; expand: string } | undefined {
  if (hops.length === 0) return undefined;
  return {
    fields: ["id", ...hops.flatMap(({ field, shown }) => [`${field}.id`, `${field}.${shown}`])].join(","),
    expand: hops.map(({ field }) => `${field}(limit:${chipsMax})`).join(","),
  };
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
      note(labels, collection, target, shown);
    }
    return row;
  });
  return { items: plain, labels };
}

/** The names in an answer to `manyQuery`. */
export function manyLabels(items: readonly Row[], hops: readonly Hop[]): Labels {
  const labels = new Map<string, string>();
  for (const item of items) {
    for (const { field, collection, shown } of hops) {
      const targets = item[field];
      if (!Array.isArray(targets)) continue;
      for (const target of targets as readonly JsonValue[])
        if (isObject(target)) note(labels, collection, target, shown);
    }
  }
  return labels;
}

function note(labels: Map<string, string>, collection: string, target: JsonObject, shown: string): void {
  const label = target[shown];
  if (typeof label === "string" && label !== "") labels.set(labelKey(collection, String(target.id)), label);
}

type JsonObject = { readonly [key: string]: JsonValue };

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
