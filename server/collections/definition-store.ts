// SQL over the system's own tables of definitions.
import type { Db } from "../kernel/db/index.ts";
import type { CollectionDefinition } from "./types.ts";

export interface StoredCollection {
  readonly id: number;
  readonly definition: CollectionDefinition;
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface StoredPicture {
  readonly version: number;
  readonly collections: readonly StoredCollection[];
}

const utcTime = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const columns = `c.id, c.definition, c."schemaVersion", ${utcTime('c."createdAt"')} AS "createdAt", ${utcTime('c."updatedAt"')} AS "updatedAt"`;

export async function readVersion(db: Db): Promise<number> {
  const [row] = await db.query<{ version: number }>({
    name: "landfall_schema_version",
    text: "SELECT version FROM landfall.schema_version",
  });
  return row?.version ?? 0;
}

/** Version and definitions of one snapshot, in one statement. */
export async function readPicture(db: Db): Promise<StoredPicture> {
  const rows = await db.query<StoredCollection & { version: number; id: number | null }>({
    text: `SELECT v.version, ${columns} FROM landfall.schema_version v LEFT JOIN landfall.collection c ON true ORDER BY c.id`,
  });
  const collections = rows.filter((row) => row.id !== null).map(({ version: _, ...collection }) => collection);
  return { version: rows[0]?.version ?? 0, collections };
}

/** The planner's idea of how many records each collection has: one look at the catalogue, nothing is counted. */
export async function readEstimates(db: Db, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ name: string; estimate: number }>({
    name: "landfall_record_estimates",
    // Below zero: never analysed, so nothing is known.
    text: `SELECT c.relname AS name, c.reltuples::float8 AS estimate FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY($1::text[]) AND c.reltuples >= 0`,
    values: [names],
  });
  return new Map(rows.map(({ name, estimate }) => [name, Math.round(estimate)]));
}

/** Puts changes of definitions in a row: held until the transaction ends. Gives the version that this change will have. */
export async function claimVersion(tx: Db): Promise<number> {
  const [row] = await tx.query<{ version: number }>({
    text: "UPDATE landfall.schema_version SET version = version + 1 RETURNING version",
  });
  return row?.version ?? 0;
}

export async function insertDefinition(
  tx: Db,
  definition: CollectionDefinition,
  version: number,
): Promise<StoredCollection> {
  const rows = await tx.query<StoredCollection>({
    text: `INSERT INTO landfall.collection AS c (name, definition, "schemaVersion") VALUES ($1, $2, $3) RETURNING ${columns}`,
    values: [definition.name, JSON.stringify(definition), version],
  });
  return rows[0] as StoredCollection;
}

export async function updateDefinition(
  tx: Db,
  id: number,
  definition: CollectionDefinition,
  version: number,
): Promise<void> {
  await tx.query({
    text: `UPDATE landfall.collection SET name = $2, definition = $3, "schemaVersion" = $4, "updatedAt" = clock_timestamp()
           WHERE id = $1`,
    values: [id, definition.name, JSON.stringify(definition), version],
  });
}

export async function deleteDefinition(tx: Db, id: number): Promise<void> {
  await tx.query({ text: "DELETE FROM landfall.collection WHERE id = $1", values: [id] });
}

/** Does schema public hold anything (table, view, index, sequence, type) of one of these names? */
export async function namesInUse(tx: Db, names: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ name: string }>({
    text: `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1::text[])
           UNION SELECT t.typname FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typname = ANY ($1::text[])`,
    values: [names],
  });
  return rows.map((row) => row.name);
}
