// How much a delete would take with it. Foreign keys do the work, with system rights; this only counts first, so that
// one request cannot rewrite a whole database.
import type { Db } from "../kernel/db/index.ts";
import { onDeleteOf } from "./definition-table.ts";
import { quote, statementName } from "./query-sql.ts";
import { errors } from "./record-errors.ts";
import { isJoined, joinTableOf, tableOf } from "./record-fields.ts";
import type { FieldDefinition, Schema, Schemas } from "./types.ts";

export const cascadeMax = 10_000;

interface Link {
  readonly from: Schema;
  readonly field: FieldDefinition;
}

/** Counts and refuses; undefined when nothing refers to the collection by a relation that acts on delete. */
export function boundCascade(schemas: Schemas, schema: Schema): ((tx: Db, id: string) => Promise<void>) | undefined {
  if (linksTo(schemas, schema.name).length === 0) return undefined;
  return async (tx, id) => {
    let left = cascadeMax;
    const seen = new Set([`${schema.name} ${id}`]);
    let level = new Map([[schema, [id]]]);
    while (level.size > 0) {
      const next = new Map<Schema, string[]>();
      for (const [target, ids] of level) {
        for (const link of linksTo(schemas, target.name)) {
          // Some may have been met on another way: with so many asked for, enough new ones are among them to tell.
          const found = (await referring(tx, link, ids, cascadeMax + 2)).filter((one) => {
            const key = `${link.from.name} ${one}`;
            return !seen.has(key) && seen.add(key);
          });
          left -= found.length;
          if (left < 0) throw errors.record_cascade_too_large({ params: { max: cascadeMax } });
          // A list or an optional relation only loses the id; its own record stays, and so does what refers to that.
          const deletes = !isJoined(link.field) && onDeleteOf(link.field) === "cascade";
          if (deletes && found.length > 0) next.set(link.from, [...(next.get(link.from) ?? []), ...found]);
        }
      }
      level = next;
    }
  };
}

function linksTo(schemas: Schemas, collection: string): Link[] {
  const links: Link[] = [];
  for (const from of schemas.byName.values()) {
    for (const field of from.fields) {
      const points = field.type === "relation" && field.collection === collection;
      if (points && onDeleteOf(field) !== "restrict") links.push({ from, field });
    }
  }
  return links;
}

async function referring(tx: Db, { from, field }: Link, ids: readonly string[], limit: number): Promise<string[]> {
  const text = isJoined(field)
    ? `SELECT j.owner FROM ${joinTableOf(from.name, field.name)} j WHERE j.target = ANY($1::text[]) LIMIT $2`
    : `SELECT t.id FROM ${tableOf(from)} t WHERE t.${quote(field.name)} = ANY($1::text[]) LIMIT $2`;
  const { rows } = await tx.texts({ text, values: [ids, limit], name: statementName(text) });
  return rows.map((row) => row[0] as string);
}
