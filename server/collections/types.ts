// Collection definitions as the server keeps them; as the API shows them they are the SDK's `wire` entry.

import type { CollectionDefinition, FieldDefinition } from "@landfall/client/wire";

export type {
  CollectionDefinition,
  FieldDefinition,
  FieldType,
  IndexDefinition,
  JsonValue,
  RuleSet,
} from "@landfall/client/wire";

/** A definition with what the database added. One immutable value per schema version; compiled queries hang on it. */
export interface Schema extends CollectionDefinition {
  readonly id: number;
  /** Grows with each change of the definition; part of every compiled statement's key. */
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly fieldByName: ReadonlyMap<string, FieldDefinition>;
  /** Back-relations that other collections declare onto this one: name → {collection, field}. */
  readonly inverses: ReadonlyMap<string, { readonly collection: string; readonly field: string }>;
}

/** All schemas as one consistent picture; replaced whole when any definition changes. */
export interface Schemas {
  /** Changes whenever any collection changes. */
  readonly version: number;
  readonly byName: ReadonlyMap<string, Schema>;
  readonly byId: ReadonlyMap<number, Schema>;
}
