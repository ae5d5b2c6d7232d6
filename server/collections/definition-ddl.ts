// The DDL of a definition, written by knex's schema builder without a connection: pure functions from definitions to
// statements. A step that depends on what the rows hold carries the reason to give when Postgres refuses it.
import knexFactory, { type Knex } from "knex";
import type { Issue } from "../kernel/errors/index.ts";
import { joinTable, primaryKeyName, referenceIndexName } from "./definition-names.ts";
import {
  checkOf,
  columnsOf,
  foreignKeyOf,
  indexesOf,
  joinedFields,
  onDeleteOf,
  onDeleteSql,
  type TableColumn,
  type TableIndex,
} from "./definition-table.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { escapeName } from "./sql-text.ts";
import type { CollectionDefinition, FieldDefinition } from "./types.ts";

export interface Step {
  readonly sql: string;
  /** What to tell when the rows do not allow it. */
  readonly refusal?: Issue;
}

const knex = knexFactory({ client: "pg" });

export const tableSql = (name: string): string => `public.${escapeName(name)}`;

/** Statements of the builder. DDL takes no bound parameters; a definition never reaches one. */
export function built(build: (schema: Knex.SchemaBuilder) => Knex.SchemaBuilder): Step[] {
  const statements = build(knex.schema.withSchema("public")).toSQL() as unknown as {
    sql: string;
    bindings?: unknown[];
  }[];
  return statements.map(({ sql, bindings }) => {
    if (bindings && bindings.length > 0) throw new Error("DDL with a bound parameter");
    return { sql };
  });
}

export function addColumn(table: Knex.CreateTableBuilder, column: TableColumn): void {
  const builder = table.specificType(column.name, column.type);
  if (column.default !== null) builder.defaultTo(knex.raw(column.default));
  if (column.notNull) builder.notNullable();
}

export function createSteps(definition: CollectionDefinition, kindOf: FieldKinds): Step[] {
  const { name } = definition;
  return [
    ...built((schema) =>
      schema.createTable(name, (table) => {
        for (const column of columnsOf(definition, kindOf)) addColumn(table, column);
        table.primary(["id"], { constraintName: primaryKeyName(name) });
      }),
    ),
    ...definition.fields.flatMap((field) => foreignKeySteps(name, field)),
    ...indexesOf(definition).flatMap((index) => indexSteps(name, index)),
    ...joinedFields(definition).flatMap((field) => joinSteps(name, field)),
  ];
}

/**
 * Proves the rows that are there: Postgres reads them all for a new constraint. It does not stay, since the capture trigger
 * asks the same of each row written, for a fraction of what a constraint costs.
 */
export function proveSteps(table: string, field: FieldDefinition, kindOf: FieldKinds, refusal: Issue): Step[] {
  const check = checkOf(field, kindOf);
  if (!check) return [];
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const name = escapeName(check.name);
  return [
    { sql: `${alter} ADD CONSTRAINT ${name} CHECK (${check.sql})`, refusal },
    { sql: `${alter} DROP CONSTRAINT ${name}` },
  ];
}

/** Checked at the end of each statement, or of the transaction where an atomic batch asks for it with SET CONSTRAINTS. */
export function foreignKeySteps(table: string, field: FieldDefinition, refusal?: Issue): Step[] {
  const key = foreignKeyOf(field);
  if (!key) return [];
  const sql = `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${escapeName(key.name)} FOREIGN KEY (${escapeName(key.column)})
    REFERENCES ${tableSql(key.target)} ("id") ON DELETE ${key.onDelete} DEFERRABLE INITIALLY IMMEDIATE`;
  return [{ sql, ...(refusal ? { refusal } : {}) }];
}

export function indexSteps(table: string, index: TableIndex, refusal?: Issue): Step[] {
  const steps = built((schema) =>
    schema.alterTable(table, (builder) => {
      if (index.unique) builder.unique([...index.columns], { indexName: index.name, useConstraint: false });
      else builder.index([...index.columns], index.name);
    }),
  );
  return refusal ? steps.map((step) => ({ ...step, refusal })) : steps;
}

/** A list of relations: one row per member, in order. Deleting the owner ends its memberships; the target's end is the field's choice. */
export function joinSteps(collection: string, field: FieldDefinition): Step[] {
  const table = joinTable(collection, field.name);
  const onDelete = onDeleteSql[onDeleteOf(field)];
  const key = (column: "owner" | "target", target: string, action: string) => ({
    sql: `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT "${column}_fkey" FOREIGN KEY ("${column}")
      REFERENCES ${tableSql(target)} ("id") ON DELETE ${action} DEFERRABLE INITIALLY IMMEDIATE`,
  });
  return [
    ...built((schema) =>
      schema.createTable(table, (builder) => {
        addColumn(builder, { name: "owner", type: 'text COLLATE "C"', notNull: true, default: null });
        addColumn(builder, { name: "target", type: 'text COLLATE "C"', notNull: true, default: null });
        addColumn(builder, { name: "position", type: "int4", notNull: true, default: null });
        builder.primary(["owner", "target"], { constraintName: primaryKeyName(table) });
        builder.index(["target"], referenceIndexName(table, "target"));
      }),
    ),
    key("owner", collection, "CASCADE"),
    key("target", field.collection as string, onDelete),
  ];
}

export function dropSteps(definition: CollectionDefinition): Step[] {
  return [...joinedFields(definition).map((field) => joinTable(definition.name, field.name)), definition.name].flatMap(
    (table) => built((schema) => schema.dropTable(table)),
  );
}

/** Everything with a name of its own in schema public. */
export function ownedNames(definition: CollectionDefinition): string[] {
  const joins = joinedFields(definition).map((field) => joinTable(definition.name, field.name));
  return [
    ...[definition.name, ...joins].flatMap((table) => [table, primaryKeyName(table)]),
    ...joins.map((table) => referenceIndexName(table, "target")),
    ...indexesOf(definition).map((index) => index.name),
  ];
}
