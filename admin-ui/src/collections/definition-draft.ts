// A definition while it is edited: each field keeps an identity of its own and the name it had, so that a rename is told
// from a removal with an addition.
import type { Collection, Field, FieldType, IndexDefinition, JsonValue } from "../api/types.ts";
import { texts } from "./texts.ts";

export interface DraftField extends Field {
  /** Identity while editing; never sent. */
  readonly key: string;
  /** The name under which the server knows it; absent when new. */
  readonly was?: string;
}

export interface Draft {
  readonly fields: readonly DraftField[];
  readonly indexes: readonly IndexDefinition[];
  readonly preconditionRequired: boolean;
}

/** What expressions and relations of a definition may name: the collection as it is being edited, among all. */
export interface DefinitionScope {
  readonly collection: Collection;
  readonly all: readonly Collection[];
}

export function scopeOf(collection: Collection, fields: readonly Field[], all: readonly Collection[]): DefinitionScope {
  const edited = { ...collection, fields };
  const others = all.filter(({ name }) => name !== collection.name);
  return { collection: edited, all: collection.name === "" ? others : [...others, edited] };
}

export const systemFields = ["id", "createdAt", "updatedAt", "version"] as const;
const reserved = new Set(
  "auth before request collection now true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const fieldName = /^[a-z][A-Za-z0-9]{0,62}$/;

let made = 0;
export const newField = (type: FieldType = "text", name = ""): DraftField => {
  made += 1;
  return { key: `new-${made}`, name, type, ...(type === "autodate" ? { on: "create" as const } : {}) };
};

export function draftOf(collection: Collection): Draft {
  return {
    fields: collection.fields.map((field) => ({ ...field, key: field.name, was: field.name })),
    indexes: collection.indexes,
    preconditionRequired: collection.preconditionRequired ?? false,
  };
}

/** The field as the API takes it: without what only the editor knows, and without settings that say nothing. */
export function fieldOf({ key: _key, was: _was, ...field }: DraftField): Field {
  const meaning = Object.entries(field).filter(
    ([, value]) =>
      value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  const { rules, ...rest } = Object.fromEntries(meaning) as unknown as Field;
  const kept = Object.fromEntries(Object.entries(rules ?? {}).filter(([, text]) => text?.trim()));
  const withDefault = field.default === false || field.default === "" ? { default: field.default } : {};
  return { ...rest, ...withDefault, ...(Object.keys(kept).length > 0 ? { rules: kept } : {}) };
}

/** What keeps a field from being sent at all, by the property it concerns. The server judges everything else. */
export function fieldFaults(
  field: DraftField,
  all: readonly DraftField[],
): { name?: string; values?: string; collection?: string } {
  const words = texts.field;
  const faults: { name?: string; values?: string; collection?: string } = {};
  if ((systemFields as readonly string[]).includes(field.name)) faults.name = words.nameSystem;
  else if (reserved.has(field.name)) faults.name = words.nameReserved;
  else if (!fieldName.test(field.name)) faults.name = words.nameBad;
  else if (all.some((other) => other.key !== field.key && other.name === field.name)) faults.name = words.nameTaken;
  if (field.type === "select" && !field.values?.length) faults.values = words.valuesMissing;
  if (field.type === "relation" && !field.collection) faults.collection = words.targetMissing;
  return faults;
}

export const hasFaults = (fields: readonly DraftField[]): boolean =>
  fields.some((field) => Object.keys(fieldFaults(field, fields)).length > 0);

/** A changed type keeps the settings that still mean something. */
export function withType(field: DraftField, type: FieldType): DraftField {
  const { key, was, name, required, many, hidden, rules } = field;
  return {
    key,
    name,
    type,
    ...(was === undefined ? {} : { was }),
    ...(required && type !== "autodate" ? { required } : {}),
    ...(many && !neverMany.has(type) ? { many } : {}),
    ...(hidden ? { hidden } : {}),
    ...(rules ? { rules } : {}),
    ...(type === "autodate" ? { on: "create" as const } : {}),
  };
}

export const neverMany: ReadonlySet<FieldType> = new Set(["autodate", "json", "geo", "richtext", "bool"]);

/** What the default's text means for the type; `undefined` text is no default. Throws on what is no value of it. */
export function parseDefault(field: Field, text: string): JsonValue | undefined {
  if (text.trim() === "") return undefined;
  const asIs = ["text", "email", "url", "select", "richtext", "datetime", "date", "decimal"].includes(field.type);
  if (asIs && !field.many) return text;
  return JSON.parse(text) as JsonValue;
}

export function defaultText(field: Field): string {
  if (field.default === undefined || field.default === null) return "";
  return typeof field.default === "string" ? field.default : JSON.stringify(field.default);
}
