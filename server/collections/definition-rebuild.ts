// What a backup needs of this room: which tables the stored definitions own, and how those tables are made anew around rows
// that are copied in. Constraints, indexes and capture come after the rows, which is faster and logs nothing.
import type { Db } from "../kernel/db/index.ts";
import { installAccounts } from "./definition-account.ts";
import { joinTable } from "./definition-names.ts";
import { readPicture } from "./definition-store.ts";
import { capturedCollection, columnsOf, joinedFields } from "./definition-table.ts";
import { definitionTools } from "./definition-tools.ts";
import { buildSchemas } from "./schemas.ts";

export interface OwnedTable {
  /** In schema public. */
  readonly name: string;
  readonly columns: readonly string[];
}

const { kindOf, capture } = definitionTools({ lockTimeoutMs: 0 });

/** Every table that belongs to a collection, join tables included, in the order of the collections' ids. */
export async function ownedTables(db: Db): Promise<OwnedTable[]> {
  const { collections } = await readPicture(db);
  return collections.flatMap(({ definition }) => [
    { name: definition.name, columns: columnsOf(definition, kindOf).map((column) => column.name) },
    ...joinedFields(definition).map((field) => ({
      name: joinTable(definition.name, field.name),
      columns: ["owner", "target", "position"],
    })),
  ]);
}

/** Makes the tables of the stored definitions, bare: columns and primary keys. */
export async function makeOwnedTables(tx: Db): Promise<void> {
  for (const sql of (await rebuildSteps(tx)).tables) await tx.query({ text: sql });
}

/** Indexes and foreign keys, which Postgres proves against the rows that are there now. */
export async function finishOwnedTables(tx: Db): Promise<void> {
  const { indexes, foreignKeys } = await rebuildSteps(tx);
  for (const sql of [...indexes, ...foreignKeys]) await tx.query({ text: sql });
}

/** From here on every change stands in the log, and accounts follow their records. */
export async function captureOwnedTables(tx: Db): Promise<void> {
  for (const schema of buildSchemas(await readPicture(tx)).byId.values()) {
    await capture.install(tx, capturedCollection(schema, kindOf));
    await installAccounts(tx, schema);
  }
}

/** The statements that creation runs, in the order that copying wants. */
async function rebuildSteps(tx: Db): Promise<{ tables: string[]; indexes: string[]; foreignKeys: string[] }> {
  const { createSteps } = await import("./definition-ddl.ts");
  const { collections } = await readPicture(tx);
  const all = collections.flatMap(({ definition }) => createSteps(definition, kindOf).map((step) => step.sql));
  const isForeignKey = (sql: string) => /^ALTER TABLE .* ADD CONSTRAINT .* FOREIGN KEY /is.test(sql);
  // knex adds a primary key by a statement of its own.
  const isTable = (sql: string) => /^create table /i.test(sql) || /^alter table .* primary key /is.test(sql);
  return {
    tables: all.filter(isTable),
    foreignKeys: all.filter(isForeignKey),
    indexes: all.filter((sql) => !isTable(sql) && !isForeignKey(sql)),
  };
}
