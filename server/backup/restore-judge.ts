// May this backup be restored here? Every no is said before anything is touched: a file of a newer Landfall, a database that
// holds something, a master key that does not open the backup's secrets.
import { migrations } from "@landfall/migrations";
import type { Db } from "../kernel/db/index.ts";
import { Exit } from "../kernel/exit.ts";
import { givenMasterKey, isMasterKeyOf, type MasterKeySource } from "../kernel/master-key.ts";
import { product } from "../kernel/product.ts";
import type { ArchiveHeader } from "./archive-format.ts";
import { refusedArchive } from "./errors.ts";

/** The backup's migrations must be those this version begins with: they are run first, the later ones after the rows. */
export function judgeLevel(header: ArchiveHeader): void {
  const known = migrations().map((migration) => migration.name);
  const stranger = header.migrations.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw refusedArchive(`it was made by Landfall ${header.version} (migration ${stranger}) and this is ${product.version}: use that version or a later one.`); // biome-ignore format: one line
  const gap = known.slice(0, header.migrations.length).some((name) => !header.migrations.includes(name));
  if (gap || header.migrations.length === 0) throw refusedArchive("its migrations are none that this version knows.");
}

export interface KeyFinding {
  /** The key that opens the backup's secrets; undefined when it needs none. */
  readonly key: Uint8Array | undefined;
  /** It came with the file and belongs into the data folder. */
  readonly fromFile: boolean;
}

export function judgeMasterKey(header: ArchiveHeader, source: MasterKeySource): KeyFinding {
  const { masterKeyCheck: check, masterKey: carried } = header;
  const here = givenMasterKey(source);
  if (check === null) return { key: here, fromFile: false };
  if (here && isMasterKeyOf(check, here)) return { key: here, fromFile: false };
  const place = source.given ? "LANDFALL_MASTER_KEY" : `${source.dataDir}/master.key`;
  if (here)
    throw new Exit("master_key_wrong", `The backup's secrets were sealed with another master key than the one in ${place}: put the backup's key there${carried ? ", or take the other one away, since the file brings its own" : ""}. Nothing was changed.`); // biome-ignore format: one line
  if (carried === null)
    throw new Exit("master_key_wrong", `The backup's secrets were sealed with a master key that is not here: set LANDFALL_MASTER_KEY to it, or put it into ${place}. Nothing was changed.`); // biome-ignore format: one line
  const key = Buffer.from(carried, "hex");
  if (!isMasterKeyOf(check, key))
    throw refusedArchive("the master key in it is not the one its secrets were sealed with.");
  return { key, fromFile: true };
}

/** A restore never mixes with what is there. */
export async function refuseNotEmpty(db: Db): Promise<void> {
  const rows = await db.query<{ name: string }>({
    text: `SELECT 'the schema landfall' AS name FROM pg_namespace WHERE nspname = 'landfall'
           UNION ALL (SELECT 'public.' || c.relname FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
             ORDER BY c.relname LIMIT 6)`,
  });
  if (rows.length === 0) return;
  const names = rows.slice(0, 5).map((row) => row.name);
  throw new Exit("database_not_empty", `A backup is restored into an empty database only, and this one holds ${names.join(", ")}${rows.length > 5 ? " and more" : ""}: make a new database (or choose a new LANDFALL_DATA_DIR) and restore into that.`); // biome-ignore format: one line
}
