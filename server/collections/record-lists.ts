// Lists of relations: their rows stand in join tables and are written behind the owner's row, in the same transaction.
// The owner's row is locked by then, so two writers of one list take turns.
import type { Db } from "../kernel/db/index.ts";
import { statementName } from "./query-sql.ts";
import { isJoined, joinTableOf } from "./record-fields.ts";
import type { Change } from "./record-values.ts";
import { arrayLiteral } from "./sql-text.ts";
import type { Schema } from "./types.ts";

export async function writeLists(db: Db, schema: Schema, owner: string, changes: readonly Change[]): Promise<void> {
  for (const { field, kind, value } of changes) {
    if (!isJoined(field)) continue;
    const table = joinTableOf(schema.name, field.name);
    const values = [owner, arrayLiteral(value as readonly string[])];
    const run = (text: string) => db.texts({ text, values, name: statementName(text) });
    if (kind === "append") await run(appendSql(table));
    else if (kind === "remove") await run(`DELETE FROM ${table} WHERE owner = $1 AND target = ANY($2::text[])`);
    else {
      await run(`DELETE FROM ${table} WHERE owner = $1 AND target <> ALL($2::text[])`);
      await run(placeSql(table));
    }
  }
}

/** New members come behind the last; who is in the list already keeps its place. */
const appendSql = (table: string) => `INSERT INTO ${table} (owner, target, position)
  SELECT $1, x.id, (SELECT coalesce(max(j.position), 0) FROM ${table} j WHERE j.owner = $1) + x.n
  FROM unnest($2::text[]) WITH ORDINALITY x(id, n) ON CONFLICT (owner, target) DO NOTHING`;

const placeSql = (table: string) => `INSERT INTO ${table} AS j (owner, target, position)
  SELECT $1, x.id, x.n FROM unnest($2::text[]) WITH ORDINALITY x(id, n)
  ON CONFLICT (owner, target) DO UPDATE SET position = excluded.position WHERE j.position <> excluded.position`;
