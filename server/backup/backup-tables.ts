// Which tables a backup holds: every collection's by its definition, and those of the system schema that say something about
// the installation rather than about the moment. What else is in schema public is named, so that nobody believes it saved.
import { type OwnedTable, ownedTables } from "../collections/index.ts";
import type { Db } from "../kernel/db/index.ts";
import type { ArchiveTable } from "./archive-format.ts";

/**
 * Not in a backup, by table of the system schema.
 * - the change log and its clockwork: a restored database begins an epoch of its own
 * - leases, signs of life, counters and remembered answers: they belong to the running processes
 * - admins' sessions: one that was ended after the backup must not come back to life; admins sign in again. Those of users are
 *   kept: a restore must not sign every phone out
 * - challenges, proofs of device keys, and mails on their way out: what was sent out before the backup may have been used since
 * - migration: the restore's own migrations write it
 */
const leftOut = new Set(["change", "tick", "epoch", "leader", "reader", "ring", "instance", "throttle", "idempotencyKey", "session", "challenge", "mail", "dpopProof", "credentialChange", "migration"]); // biome-ignore format: one list

export const isKept = (systemTable: string): boolean => !leftOut.has(systemTable) && !/^change_\d+$/.test(systemTable);

export interface Plan {
  readonly tables: readonly ArchiveTable[];
  readonly notices: readonly string[];
}

/** System tables first, referenced before referencing, so that a restore can read the definitions before the rows. */
export async function planTables(db: Db): Promise<Plan> {
  const system = await systemTables(db);
  const hasCollections = system.some(({ name }) => name === "collection");
  const owned = hasCollections ? await ownedTables(db) : [];
  const own = owned.map((table): ArchiveTable => ({ schema: "public", ...table }));
  return { tables: [...system, ...own], notices: await strangers(db, owned) };
}

async function systemTables(db: Db): Promise<ArchiveTable[]> {
  const rows = await db.query<{ name: string; columns: string[]; needs: string[] }>({
    text: `SELECT c.relname AS name,
                  (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
                  ARRAY(SELECT t.relname::text FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
                        WHERE f.conrelid = c.oid AND f.contype = 'f' AND t.oid <> c.oid) AS needs
           FROM pg_class c WHERE c.relnamespace = 'landfall'::regnamespace AND c.relkind = 'r' ORDER BY c.relname`,
  });
  const waiting = rows.filter((row) => isKept(row.name));
  const ordered: ArchiveTable[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((row) => !row.needs.some((name) => waiting.some((other) => other.name === name)));
    const [row] = waiting.splice(Math.max(0, next), 1);
    if (row) ordered.push({ schema: "landfall", name: row.name, columns: row.columns });
  }
  return ordered;
}

/** Tables, views and columns that are no collection's. */
async function strangers(db: Db, owned: readonly OwnedTable[]): Promise<string[]> {
  const found = await db.query<{ name: string; columns: string[] }>({
    text: `SELECT c.relname AS name, ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
           ORDER BY c.relname`,
  });
  const known = new Map(owned.map((table) => [table.name, new Set(table.columns)]));
  return found.flatMap(({ name, columns }) => {
    const own = known.get(name);
    if (!own) return [`public.${name} is no collection and is not in the backup.`];
    const extra = columns.filter((column) => !own.has(column));
    return extra.length === 0 ? [] : [`public.${name}: ${extra.join(", ")} is no field of the collection and is not in the backup.`]; // biome-ignore format: one line
  });
}
