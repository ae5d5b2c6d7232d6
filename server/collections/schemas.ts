// The definitions of all collections as one immutable picture. Built whole from the stored rows, so that a schema and what
// it refers to always belong together; caches hang on the objects and fall away with the picture.
import type { StoredCollection, StoredPicture } from "./definition-store.ts";
import type { Schema, Schemas } from "./types.ts";

export function buildSchemas(picture: StoredPicture): Schemas {
  const inverses = inversesByTarget(picture.collections);
  const all = picture.collections.map((stored) => toSchema(stored, inverses.get(stored.definition.name) ?? new Map()));
  return {
    version: picture.version,
    byName: new Map(all.map((schema) => [schema.name, schema])),
    byId: new Map(all.map((schema) => [schema.id, schema])),
  };
}

type Inverses = Map<string, { readonly collection: string; readonly field: string }>;

function toSchema(stored: StoredCollection, inverses: Inverses): Schema {
  const { definition, ...rest } = stored;
  return {
    ...definition,
    ...rest,
    fieldByName: new Map(definition.fields.map((field) => [field.name, field])),
    inverses,
  };
}

function inversesByTarget(collections: readonly StoredCollection[]): Map<string, Inverses> {
  const targets = new Map<string, Inverses>();
  for (const { definition } of collections) {
    for (const field of definition.fields) {
      if (field.collection === undefined || field.inverse === undefined) continue;
      const inverses = targets.get(field.collection) ?? new Map();
      targets.set(field.collection, inverses.set(field.inverse, { collection: definition.name, field: field.name }));
    }
  }
  return targets;
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
