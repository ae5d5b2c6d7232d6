// A database worth saving: every type of field, values that escape badly, relations in a circle, lists, hidden fields, keys.

import { definitionTools } from "../../server/collections/definition-tools.ts";
import { createCollection } from "../../server/collections/definition-write.ts";
import type { Db } from "../../server/kernel/db/index.ts";

const tools = definitionTools({ lockTimeoutMs: 4_000 });
const tags = { actor: "service", request: "setup" };

export async function fillWorld(db: Db, rows = 200): Promise<void> {
  const define = async (input: Record<string, unknown> & { name: string }) => {
    const whole = { kind: "base", fields: [], indexes: [], rules: {}, preconditionRequired: false, ...input };
    await createCollection(db, whole as Parameters<typeof createCollection>[1], tools, tags);
  };
  await define({
    name: "people",
    fields: [
      { name: "name", type: "text" },
      { name: "friend", type: "relation", collection: "people" },
    ],
  });
  await define({
    name: "posts",
    fields: [
      { name: "title", type: "text", max: 200 },
      { name: "likes", type: "integer" },
      { name: "ratio", type: "number" },
      { name: "price", type: "decimal" },
      { name: "open", type: "bool" },
      { name: "when", type: "datetime" },
      { name: "day", type: "date" },
      { name: "extra", type: "json" },
      { name: "place", type: "geo" },
      { name: "tags", type: "text", many: true },
      { name: "secret", type: "text", hidden: true },
      { name: "author", type: "relation", collection: "people", required: true, onDelete: "cascade", inverse: "posts" },
      { name: "readers", type: "relation", collection: "people", many: true },
    ],
    indexes: [{ fields: ["likes", "createdAt"] }, { fields: ["title"], unique: true }],
    rules: { list: "open == true", get: "true" },
  }); // biome-ignore format: one definition
  await define({ name: "empty", fields: [{ name: "a", type: "text" }] });
  const sql = (text: string, values: readonly unknown[] = []) => db.query({ text, values });
  await sql(`INSERT INTO public.people (id, name, friend) SELECT 'p' || n, 'Person ' || n, 'p' || ($1::int - n + 1) FROM generate_series(1, $1::int) n`, [rows]); // biome-ignore format: one statement
  await sql(
    `INSERT INTO public.posts (id, title, likes, ratio, price, open, "when", day, extra, place_lat, place_lng, tags, secret, author)
     SELECT 'x' || n, E'line\\none\\ttab \\\\ back \\\\. "quote" \u{1f600} ' || n, CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 9007199254740991 ELSE -n END,
       CASE n % 4 WHEN 0 THEN 0.1::float8 + 0.2 WHEN 1 THEN 5e-324 WHEN 2 THEN 1.7976931348623157e308 END,
       ((n % 7) || '.50')::numeric, n % 2 = 0, timestamptz '0001-01-01 00:00:00.123Z' + n * interval '13 days', date '2026-01-01' + n,
       jsonb_build_object('n', n, 'text', E'a\\nb\\\\', 'list', jsonb_build_array(1.10, null, true)), 52.5 + n / 1000.0, 13.4,
       ARRAY['a', E'b\\n"c"', 'NULL', ''], CASE WHEN n % 5 > 0 THEN 'hid' || n END, 'p' || n
     FROM generate_series(1, $1::int) n`,
    [rows],
  );
  await sql(`INSERT INTO public.posts__readers (owner, target, position) SELECT 'x' || n, 'p' || (1 + (n + k) % $1::int), k FROM generate_series(1, $1::int) n, generate_series(0, 2) k`, [rows]); // biome-ignore format: one statement
  // Rows that moved: the order on disk is not the order of their ids.
  await sql(`UPDATE public.posts SET likes = 1 WHERE id LIKE '%7'`);
  await sql(`DELETE FROM public.posts WHERE id LIKE '%13'`);
  await sql(
    `INSERT INTO landfall.admin (id, email, role, "createdAt", "updatedAt") VALUES ('a1', 'a@example.com', 'owner', now(), now())`,
  );
  await sql(`INSERT INTO landfall."knownAddress" VALUES ('a1', '10.0.0.1', now())`);
  await sql(
    `INSERT INTO landfall."apiKey" (id, name, "secretHash", prefix, last4, grants, "readOnly", extra, "createdBy", "createdAt", "updatedAt")
     VALUES ('k1', 'one', 'hash', 'lf_key_', 'abcd', '[{"collection": 1, "actions": ["list"]}]', false, ARRAY['metrics'], 'a1', now(), now())`,
  );
}

const kept = `(n.nspname = 'public' OR c.relname IN ('collection', 'schema_version', 'admin', 'apiKey', 'knownAddress', 'meta', 'denial', 'import'))`;

/** Table → checksum of its rows in an order of their own: shares nothing with how a backup reads. */
export async function checksums(db: Db): Promise<Record<string, string>> {
  const tables = await db.query<{ schema: string; name: string }>({
    text: `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname IN ('public', 'landfall') AND c.relkind = 'r' AND ${kept} ORDER BY 1, 2`,
  });
  const sums: Record<string, string> = {};
  for (const { schema, name } of tables) {
    const [row] = await db.query<{ sum: string }>({
      text: `SELECT count(*) || ' ' || md5(coalesce(string_agg(row, ',' ORDER BY row COLLATE "C"), '')) AS sum
             FROM (SELECT to_jsonb(t)::text || t::text AS row FROM "${schema}"."${name}" t) AS rows`,
    });
    sums[`${schema}.${name}`] = row?.sum ?? "";
  }
  return sums;
}

/** Everything with a shape in both schemas, as Postgres prints it: columns, constraints, indexes, triggers, functions. */
export async function shape(db: Db): Promise<string[]> {
  const rows = await db.query<{ line: string }>({
    text: `WITH tables AS (SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('public', 'landfall') AND c.relkind IN ('r', 'p'))
           SELECT t.name || ' column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(co.collname, '')
                  || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS line
             FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum LEFT JOIN pg_collation co ON co.oid = a.attcollation
           UNION ALL SELECT t.name || ' constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid) || ' ' || k.convalidated FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid
             WHERE k.contype <> 'n'
           UNION ALL SELECT t.name || ' ' || pg_get_indexdef(i.indexrelid) FROM tables t JOIN pg_index i ON i.indrelid = t.oid
           UNION ALL SELECT t.name || ' ' || pg_get_triggerdef(g.oid) || g.tgenabled::text FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
           UNION ALL SELECT 'function ' || p.proname || md5(pg_get_functiondef(p.oid)) FROM pg_proc p WHERE p.pronamespace = 'landfall'::regnamespace
           ORDER BY 1`,
  });
  return rows.map((row) => row.line);
}
