// From a collection's definition to what expressions see of it: the same for the server, the console and devices.
import type { CollectionDefinition, FieldDefinition, FieldType } from "../wire/index.ts";
import { listOf, type RowField, type RowType, relationTo, type Type, types } from "./types.ts";

const kinds: { readonly [type in Exclude<FieldType, "relation">]: Type } = {
  text: types.string,
  email: types.string,
  url: types.string,
  select: types.string,
  richtext: types.string,
  id: types.string,
  number: types.double,
  integer: types.int,
  decimal: types.decimal,
  bool: types.bool,
  datetime: types.timestamp,
  autodate: types.timestamp,
  date: types.string,
  json: types.json,
  geo: types.geo,
};

const systemFields: readonly (readonly [string, RowField])[] = [
  ["id", { type: types.string, nullable: false }],
  ["createdAt", { type: types.timestamp, nullable: false }],
  ["updatedAt", { type: types.timestamp, nullable: false }],
  ["version", { type: types.int, nullable: false }],
];

type Defined = Pick<CollectionDefinition, "name" | "fields">;

/**
 * One collection as expressions see it; `inverses` are its own of {@link inversesOf}.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "title", type: "text", required: true }] });
 * console.log(posts.fields.get("title")?.nullable); // false
 * ```
 */
export function rowTypeOf({ name, fields }: Defined, inverses: RowType["inverses"] = new Map()): RowType {
  const all = new Map<string, RowField>(systemFields);
  for (const field of fields) all.set(field.name, rowFieldOf(field));
  return { collection: name, fields: all, inverses };
}

function rowFieldOf(field: FieldDefinition): RowField {
  const type = field.type === "relation" ? relationTo(field.collection ?? "") : kinds[field.type];
  const date = field.type === "date" ? { date: true } : {};
  if (field.many) return { type: listOf(type), nullable: false, ...date };
  return { type, nullable: field.required !== true, ...date };
}

/**
 * The back-relations that collections declare, by the collection they lead away from.
 *
 * @example
 * ```ts
 * const posts = { name: "posts", fields: [{ name: "author", type: "relation", collection: "users", inverse: "posts" } as const] };
 * console.log(inversesOf([posts]).get("users")?.get("posts")); // { collection: "posts", field: "author" }
 * ```
 */
export function inversesOf(definitions: readonly Defined[]): ReadonlyMap<string, RowType["inverses"]> {
  const found = new Map<string, Map<string, { readonly collection: string; readonly field: string }>>();
  for (const { name, fields } of definitions) {
    for (const field of fields) {
      if (field.collection === undefined || field.inverse === undefined) continue;
      const inverses = found.get(field.collection) ?? new Map();
      found.set(field.collection, inverses.set(field.inverse, { collection: name, field: field.name }));
    }
  }
  return found;
}
