// Would a change lose values? Asked while the table is locked, so that the answer holds until the change is made.
import type { Db } from "../kernel/db/index.ts";
import type { Issue } from "../kernel/errors/index.ts";
import { isJoined, joinTable } from "./definition-names.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { escapeName } from "./sql-text.ts";
import type { FieldDefinition } from "./types.ts";

export async function recordsExist(tx: Db, table: string): Promise<boolean> {
  return exists(tx, `SELECT 1 FROM public.${escapeName(table)}`);
}

/** One issue for each dropped field that any record has a value of. */
export async function lossIssues(
  tx: Db,
  table: string,
  dropped: readonly FieldDefinition[],
  kindOf: FieldKinds,
): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const field of dropped) {
    if (!(await holdsValues(tx, table, field, kindOf))) continue;
    const message = `Records have values in “${field.name}”, which this drops. Add ?confirm=loss to drop them, or name the field in “was” to rename it.`;
    issues.push({ path: "/fields", code: "loses_values", message });
  }
  return issues;
}

function holdsValues(tx: Db, table: string, field: FieldDefinition, kindOf: FieldKinds): Promise<boolean> {
  if (isJoined(field)) return exists(tx, `SELECT 1 FROM public.${escapeName(joinTable(table, field.name))}`);
  const column = escapeName(kindOf(field).columns(field)[0]?.name ?? field.name);
  const filled = field.many ? `cardinality(${column}) > 0` : `${column} IS NOT NULL`;
  return exists(tx, `SELECT 1 FROM public.${escapeName(table)} WHERE ${filled}`);
}

async function exists(tx: Db, query: string): Promise<boolean> {
  const [row] = await tx.query<{ found: boolean }>({ text: `SELECT EXISTS (${query}) AS found` });
  return row?.found === true;
}
