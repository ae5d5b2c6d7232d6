// What a definition looks like as database objects: the plan that creation builds and a change compares.
import type { CapturedCheck, CapturedCollection } from "../kernel/changelog/types.ts";
import {
  checkName,
  foreignKeyName,
  indexColumns,
  indexName,
  isJoined,
  joinTable,
  referenceIndexName,
} from "./definition-names.ts";
import type { Column } from "./field.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { escapeLiteral } from "./sql-text.ts";
import type { CollectionDefinition, FieldDefinition, Schema } from "./types.ts";

export interface TableColumn extends Column {
  /** SQL of the DEFAULT, or null. */
  readonly default: string | null;
}

export interface TableIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly column: string;
  readonly target: string;
  readonly onDelete: string;
}

const systemColumns: readonly TableColumn[] = [
  { name: "id", type: 'text COLLATE "C"', notNull: true, default: null },
  { name: "createdAt", type: "timestamptz(3)", notNull: true, default: "now()" },
  { name: "updatedAt", type: "timestamptz(3)", notNull: true, default: "now()" },
  // Drawn by the capture trigger with every change of the row; the default only stands where there is none yet.
  { name: "version", type: "int8", notNull: true, default: "0" },
];

/** Postgres builds a pattern's automaton for each row: one without a bounded repeat costs a tenth of `^[…]{1,64}$`. */
const idCheck: CapturedCheck = {
  name: "id_check",
  sql: `NEW."id" !~ '[^A-Za-z0-9_-]' AND octet_length(NEW."id") BETWEEN 1 AND 64`,
};

export function columnsOf(definition: CollectionDefinition, kindOf: FieldKinds): TableColumn[] {
  return [...systemColumns, ...definition.fields.flatMap((field) => fieldColumns(field, kindOf))];
}

export function fieldColumns(field: FieldDefinition, kindOf: FieldKinds): TableColumn[] {
  const kind = kindOf(field);
  const texts = kind.params(field, field.default ?? null);
  return kind
    .columns(field)
    .map((column, at) => ({ ...column, default: defaultSql(field, column, texts[at] ?? null) }));
}

function defaultSql(field: FieldDefinition, column: Column, text: string | null): string | null {
  if (field.type === "autodate") return "now()";
  return text === null ? null : `${escapeLiteral(text)}::${plainType(column.type)}`;
}

/** A type without its collation, as a cast names it. */
export const plainType = (type: string): string => type.replace(/ COLLATE .*$/, "");

/** Asked of each row that is written, by the trigger; of the rows that are there, by a constraint (`row` left out). */
export function checkOf(field: FieldDefinition, kindOf: FieldKinds, row?: "NEW."): CapturedCheck | null {
  const sql = kindOf(field).check(field, row);
  return sql === null ? null : { name: checkName(field.name), sql };
}

/** Default of `onDelete`: a list forgets the id, an optional relation becomes null, a required one keeps its target alive. */
export function onDeleteOf(field: FieldDefinition): "cascade" | "setNull" | "restrict" {
  return field.onDelete ?? (field.many ? "cascade" : field.required ? "restrict" : "setNull");
}

// NO ACTION instead of RESTRICT: only it can wait for the end of an atomic batch.
export const onDeleteSql = { cascade: "CASCADE", setNull: "SET NULL", restrict: "NO ACTION" } as const;

export function foreignKeyOf(field: FieldDefinition): ForeignKey | null {
  if (field.type !== "relation" || field.many || field.collection === undefined) return null;
  const onDelete = onDeleteSql[onDeleteOf(field)];
  return { name: foreignKeyName(field.name), column: field.name, target: field.collection, onDelete };
}

/** Declared indexes, and one for each relation that none of them begins with. */
export function indexesOf(definition: CollectionDefinition): TableIndex[] {
  const declared = definition.indexes.map((index) => ({
    name: indexName(definition.name, index),
    columns: indexColumns(definition, index),
    unique: index.unique === true,
  }));
  const references = definition.fields
    .filter((field) => foreignKeyOf(field) && !declared.some((index) => index.columns[0] === field.name))
    .map((field) => ({ name: referenceIndexName(definition.name, field.name), columns: [field.name], unique: false }));
  return [...declared, ...references];
}

export const joinedFields = (definition: CollectionDefinition): FieldDefinition[] => definition.fields.filter(isJoined);

/** Hidden fields and those with a read rule go to the sealed part of a log entry. */
export const isSealed = (field: FieldDefinition) => field.hidden === true || field.rules?.read !== undefined;

export function capturedCollection(schema: Schema, kindOf: FieldKinds): CapturedCollection {
  const sealedColumns = new Set(
    schema.fields.filter(isSealed).flatMap((field) =>
      kindOf(field)
        .columns(field)
        .map((column) => column.name),
    ),
  );
  return {
    id: schema.id,
    table: schema.name,
    schemaVersion: schema.schemaVersion,
    columns: columnsOf(schema, kindOf).map(({ name, type }) => ({
      name,
      type: plainType(type),
      sealed: sealedColumns.has(name),
    })),
    joins: joinedFields(schema).map((field) => ({
      field: field.name,
      table: joinTable(schema.name, field.name),
      sealed: isSealed(field),
    })),
    checks: [idCheck, ...schema.fields.flatMap((field) => checkOf(field, kindOf, "NEW.") ?? [])],
  };
}
