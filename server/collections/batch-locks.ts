// What an atomic batch holds while it runs: the ids it is going to change, so that two batches that name the same records
// in another order queue instead of waiting for each other; and the foreign keys that wait for its end.
import type { Db } from "../kernel/db/index.ts";
import { foreignKeyName, joinTable } from "./definition-names.ts";
import { errors } from "./record-errors.ts";
import { missingTarget } from "./record-sql-errors.ts";
import type { FieldDefinition, Schema, Schemas } from "./types.ts";

/** One operation that changed a record. */
export interface Performed {
  readonly index: number;
  readonly op: string;
  readonly collection: string;
  readonly id: string | undefined;
  readonly body: unknown;
}

/**
 * In one order, whatever the order of the operations. Not the rows themselves: to lock them would need the right to, and
 * some are not there yet. Whoever changes a single record holds one lock only and can close no circle with these alone.
 */
export async function lockInOrder(
  tx: Db,
  names: readonly (readonly [collection: string, id: string])[],
): Promise<void> {
  const distinct = [...new Set(names.map(([collection, id]) => `${collection} ${id}`))];
  if (distinct.length < 2) return;
  await tx.query({
    name: "landfall_batch_lock",
    text: `SELECT pg_advisory_xact_lock(x.key) FROM (
             SELECT DISTINCT hashtextextended(n.name, 7105) AS key FROM unnest($1::text[]) n(name) ORDER BY 1) x`,
    values: [distinct],
  });
}

/** Whether records of the collection refer to others, or others to them. */
export function isRelated(schemas: Schemas, collection: string): boolean {
  const own = schemas.byName.get(collection);
  if (own?.fields.some(({ type }) => type === "relation")) return true;
  return [...schemas.byName.values()].some(({ fields }) => fields.some((field) => field.collection === collection));
}

/** Records of one batch may refer to each other in a circle. Whether a caller may see the target is asked at once all the same. */
export async function deferReferences(tx: Db): Promise<void> {
  await tx.query({ text: "SET CONSTRAINTS ALL DEFERRED" });
}

/** Asks the foreign keys that waited; one that does not hold is the failure of the operation that `at` frames it for. */
export async function settleReferences(
  tx: Db,
  schemas: Schemas,
  performed: readonly Performed[],
  at: (index: number, error: unknown) => unknown,
): Promise<void> {
  try {
    await tx.query({ text: "SET CONSTRAINTS ALL IMMEDIATE" });
  } catch (error) {
    const { code, table, constraint, detail } = error as { [name: string]: string | undefined };
    if (code !== "23503" && code !== "23001") throw error;
    const [, column, value] = /\((\w+)\)=\((.*)\)/s.exec(String(detail)) ?? [];
    const found = fieldOf(schemas, table, constraint);
    // Postgres names the column whose value finds nothing, or the id that something still refers to.
    if (column === "id" || !found) {
      // It may be one that went by cascade.
      const deletes = performed.filter(({ op }) => op === "delete");
      const gone = deletes.findLast(({ id }) => id === value) ?? deletes.at(-1);
      throw at(gone?.index ?? 0, errors.record_in_use({ cause: error }));
    }
    const { schema, field } = found;
    const setBy = performed.findLast(
      ({ collection, body }) =>
        collection === schema.name && names((body as Record<string, unknown>)?.[field.name], value),
    );
    throw at(setBy?.index ?? 0, missingTarget(field, `/${field.name}`, error));
  }
}

function fieldOf(
  schemas: Schemas,
  table: unknown,
  constraint: unknown,
): { schema: Schema; field: FieldDefinition } | undefined {
  for (const schema of schemas.byName.values())
    for (const field of schema.fields) {
      if (field.type !== "relation") continue;
      const own = field.many ? table === joinTable(schema.name, field.name) : table === schema.name && constraint === foreignKeyName(field.name); // biome-ignore format: one line
      if (own) return { schema, field };
    }
  return undefined;
}

/** Whether a relation was given this id: alone, in a list, or by an operator. */
function names(given: unknown, id: unknown): boolean {
  if (Array.isArray(given)) return given.includes(id);
  if (typeof given === "object" && given !== null) return Object.values(given).some((operand) => names(operand, id));
  return given === id;
}
