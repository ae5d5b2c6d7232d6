// SQL of the progress of imports. A chunk and its progress commit together.
import type { Db } from "../kernel/db/index.ts";

export interface ImportError {
  readonly line: number;
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ImportProgress {
  readonly id: string;
  readonly collection: number;
  readonly actor: string;
  readonly state: "running" | "done" | "failed";
  /** Lines taken in, empty ones and refused ones too: where a repeat goes on. */
  readonly lines: number;
  readonly imported: number;
  readonly failed: number;
  readonly errors: readonly ImportError[];
}

const columns = "id, collection, actor, state, lines, imported, failed, errors";

/** The import of that id, begun now or before. */
export async function beginImport(
  db: Db,
  given: Pick<ImportProgress, "id" | "collection" | "actor">,
): Promise<ImportProgress> {
  const [row] = await db.query<ImportProgress>({
    name: "landfall_import_begin",
    text: `INSERT INTO landfall.import AS i (id, collection, actor, state) VALUES ($1, $2, $3, 'running')
           ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING ${columns}`,
    values: [given.id, given.collection, given.actor],
  });
  return row as ImportProgress;
}

/** Writes how far the import has come; false when another one moved it meanwhile. */
export async function saveImport(db: Db, progress: ImportProgress, linesBefore: number): Promise<boolean> {
  const { id, state, lines, imported, failed, errors } = progress;
  const rows = await db.query({
    name: "landfall_import_save",
    text: `UPDATE landfall.import SET state = $2, lines = $3, imported = $4, failed = $5, errors = $6, "updatedAt" = clock_timestamp()
           WHERE id = $1 AND lines = $7 RETURNING id`,
    values: [id, state, lines, imported, failed, JSON.stringify(errors), linesBefore],
  });
  return rows.length > 0;
}

/** Progress nobody will resume any more. */
export async function removeOldImports(db: Db, days: number): Promise<void> {
  await db.query({
    name: "landfall_import_trim",
    text: `DELETE FROM landfall.import WHERE "updatedAt" < clock_timestamp() - make_interval(days => $1)`,
    values: [days],
  });
}
