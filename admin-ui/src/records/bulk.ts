// Many records at once: deleting them, and bringing them back.
import { api } from "../api/api.ts";
import { queryClient } from "../api/queries.ts";
import type { Collection, Row } from "../api/types.ts";

/** Requests in flight at a time; enough to hide the way there and back, few enough not to be shed. */
const parallel = 6;

export async function deleteRecords(collection: Collection, rows: readonly Row[]): Promise<void> {
  const waiting = [...rows];
  const work = async () => {
    for (let row = waiting.pop(); row; row = waiting.pop()) await deleteRecord(collection, row.id);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, rows.length) }, work));
  } finally {
    await queryClient.invalidateQueries({ queryKey: ["records", collection.name] });
  }
}

async function deleteRecord(collection: Collection, id: string): Promise<void> {
  const etag = collection.preconditionRequired ? (await api.records.get(collection.name, id)).etag : undefined;
  await api.records.remove(collection.name, id, etag);
}

/** Creates them again under their old ids. What the server sets by itself (times, version) starts anew. */
export async function restoreRecords(collection: Collection, rows: readonly Row[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) {
    await api.records.createMany(
      collection.name,
      rows.slice(at, at + 1000).map((row) => settable(collection, row)),
    );
  }
  await queryClient.invalidateQueries({ queryKey: ["records", collection.name] });
}

export function settable(collection: Collection, row: Row): object {
  const names = collection.fields.filter(({ type }) => type !== "autodate").map(({ name }) => name);
  return {
    id: row.id,
    ...Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]])),
  };
}

/** Collections whose records are deleted or changed when one of these is deleted: an undo could not reach them. */
export function pointingHere(collection: Collection, all: readonly Collection[]): readonly string[] {
  const points = (other: Collection) =>
    other.fields.some(
      (field) =>
        field.type === "relation" &&
        field.collection === collection.name &&
        (field.many || field.onDelete !== "restrict"),
    );
  return all.filter(points).map(({ name }) => name);
}
