// The definitions of all collections as one immutable picture. Built whole from the stored rows, so that a schema and what
// it refers to always belong together; caches hang on the objects and fall away with the picture.
import { inversesOf } from "@landfall/client/cel";
import type { StoredCollection, StoredPicture } from "./definition-store.ts";
import type { Schema, Schemas } from "./types.ts";

export function buildSchemas(picture: StoredPicture): Schemas {
  const inverses = inversesOf(picture.collections.map(({ definition }) => definition));
  const all = picture.collections.map((stored) => toSchema(stored, inverses.get(stored.definition.name) ?? new Map()));
  return {
    version: picture.version,
    byName: new Map(all.map((schema) => [schema.name, schema])),
    byId: new Map(all.map((schema) => [schema.id, schema])),
  };
}

function toSchema(stored: StoredCollection, inverses: Schema["inverses"]): Schema {
  const { definition, ...rest } = stored;
  return {
    ...definition,
    ...rest,
    fieldByName: new Map(definition.fields.map((field) => [field.name, field])),
    inverses,
  };
}

const staleCodes = new Set([
  "42703", // column is gone
  "42P01", // table is gone
  "42804", // column has another type
  "42883", // operator or function does not fit the column's new type
  "42704", // type or constraint is gone
  "42P10", // ON CONFLICT finds no such unique index any more
  "0A000", // a prepared statement's result type changed
]);

/** True when a statement failed because it was compiled for a definition that changed meanwhile: refresh, and run it again. */
export function isStaleSchema(error: unknown): boolean {
  return error instanceof Error && "code" in error && staleCodes.has(String(error.code));
}
