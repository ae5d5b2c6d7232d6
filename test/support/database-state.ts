// A fingerprint of everything a caller could have changed, for tests that claim that nothing changed.
import type { Db } from "../../server/kernel/db/index.ts";

/** Clockwork and counters, which move by themselves or at every request. */
const moving = new Set(["tick", "leader", "reader", "throttle", "denial", "instance", "ring", "epoch"]);
/** Columns that say when something was last used. */
const stamps = ["lastUsedAt", "lastSeenAt"];

/** Table → hash of its rows; the change log among them, so that a write and its undoing show as well. */
export async function databaseState(db: Db): Promise<Record<string, string>> {
  const tables = await db.query<{ schema: string; table: string }>({
    text: `SELECT n.nspname AS schema, c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname IN ('public', 'landfall') AND c.relkind = 'r' ORDER BY 1, 2`,
  });
  const state: Record<string, string> = {};
  for (const { schema, table } of tables) {
    if (schema === "landfall" && moving.has(table)) continue;
    const [row] = await db.query<{ hash: string }>({
      text: `SELECT md5(coalesce(string_agg(row, ',' ORDER BY row), '')) AS hash
             FROM (SELECT (to_jsonb(t) - $1::text[])::text AS row FROM "${schema}"."${table}" t) AS rows`,
      values: [stamps],
    });
    state[`${schema}.${table}`] = row?.hash ?? "";
  }
  return state;
}
