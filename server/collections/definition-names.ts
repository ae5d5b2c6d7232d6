// Names of everything a collection owns in the database. Collection and field names hold no underscore, so the parts of a
// composed name cannot run into each other and no name is made twice.
import { createHash } from "node:crypto";
import type { CollectionDefinition, FieldDefinition, IndexDefinition } from "./types.ts";

/** Postgres cuts longer identifiers silently. */
export const nameBytesMax = 63;

export const systemFields = ["id", "createdAt", "updatedAt", "version"] as const;

const celWords =
  "true false null in as break const continue else for function if import let loop package namespace return var void while";
const contextWords = "auth before request collection now";
/** Columns every Postgres table has already. */
const postgresColumns = "ctid xmin xmax cmin cmax tableoid";

const taken = new Map<string, string>([
  ...celWords.split(" ").map((word) => [word, "is a reserved word of the expression language"] as const),
  ...contextWords.split(" ").map((word) => [word, "has a meaning of its own in expressions"] as const),
  ...postgresColumns.split(" ").map((word) => [word, "is a system column of every Postgres table"] as const),
  ...systemFields.map((word) => [word, "is a system field of every record"] as const),
]);

/** Why a field (or a back-relation) cannot have this name; null when it can. */
export function fieldNameProblem(name: string): string | null {
  return taken.get(name) ?? (name in Object.prototype ? "is a built-in property name" : null);
}

export function collectionNameProblem(name: string): string | null {
  if (/^pg/i.test(name)) return "begins with pg, which Postgres keeps for itself";
  if (name === "landfall" || name === "public") return "is the name of a schema";
  return name in Object.prototype ? "is a built-in property name" : null;
}

export const joinTable = (collection: string, field: string): string => `${collection}__${field}`;
export const primaryKeyName = (table: string): string => fitted(`${table}_pkey`);
export const checkName = (field: string): string => fitted(`${field}_check`);
export const foreignKeyName = (field: string): string => fitted(`${field}_fkey`);
/** Finds the owners of a target: deleting one would scan the table otherwise. */
export const referenceIndexName = (table: string, field: string): string => fitted(`${table}_${field}_ref`);

/** Name of an index, and of the constraint a unique violation reports. */
export function indexName(collection: string, index: IndexDefinition): string {
  return fitted(`${collection}_${index.fields.join("_")}_${index.unique ? "key" : "idx"}`);
}

/** Columns of an index. Where it is not unique, `id` comes last, as it does in every sort: pages then follow the index. */
export function indexColumns(definition: CollectionDefinition, index: IndexDefinition): string[] {
  const columns = index.fields.flatMap((name) => {
    const field = definition.fields.find((one) => one.name === name);
    return field?.type === "geo" ? [`${name}_lat`, `${name}_lng`] : [name];
  });
  return index.unique || columns.includes("id") ? columns : [...columns, "id"];
}

export const isJoined = (field: FieldDefinition): boolean => field.type === "relation" && field.many === true;

function fitted(name: string): string {
  if (name.length <= nameBytesMax) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, nameBytesMax - 9)}_${hash}`;
}
