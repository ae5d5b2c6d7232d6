// SQL of the denials table.
import type { Db } from "../kernel/db/index.ts";

export interface Denial {
  readonly id: string;
  readonly at: string;
  readonly collection: string;
  readonly operation: string;
  readonly clause: string;
  readonly rule: string | null;
  readonly record: string | null;
  readonly field: string | null;
  readonly actor: string;
  readonly request: string;
  readonly door: string;
}

const columns = `id text, at timestamptz, collection text, operation text, clause text, rule text, record text, field text, actor text, request text, door text`;
const names = "id, at, collection, operation, clause, rule, record, field, actor, request, door";

/** Denials that found no room are counted on the last one that did. */
export async function insertDenials(db: Db, batch: readonly Denial[], dropped: number): Promise<void> {
  await db.query({
    name: "landfall_denial_insert",
    text: `INSERT INTO landfall.denial (${names}, dropped)
           SELECT ${names}, CASE WHEN row_number() OVER (ORDER BY id DESC) = 1 THEN $2::int ELSE 0 END
           FROM json_to_recordset($1::json) AS d(${columns}) ON CONFLICT (id) DO NOTHING`,
    values: [JSON.stringify(batch), dropped],
  });
}

/** Keeps the newest. */
export async function trimDenials(db: Db, kept: number): Promise<void> {
  await db.query({
    name: "landfall_denial_trim",
    text: `DELETE FROM landfall.denial WHERE id <= (SELECT id FROM landfall.denial ORDER BY id DESC OFFSET $1 LIMIT 1)`,
    values: [kept],
  });
}

export interface DenialPage {
  readonly collection: string | undefined;
  /** Id of the last denial already shown. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export function listDenials(db: Db, page: DenialPage): Promise<(Denial & { readonly dropped: number })[]> {
  return db.query<Denial & { readonly dropped: number }>({
    name: "landfall_denial_list",
    text: `SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, collection, operation, clause, rule,
                  record, field, actor, request, door, dropped
           FROM landfall.denial WHERE ($1::text IS NULL OR collection = $1) AND ($2::text IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3`,
    values: [page.collection ?? null, page.after ?? null, page.limit],
  });
}
