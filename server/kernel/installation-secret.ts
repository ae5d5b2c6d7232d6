// Secrets that an installation makes for itself once and every process shares: sealed in the database, kept in memory.
import { randomBytes } from "node:crypto";
import type { Db } from "./db/index.ts";
import type { MasterKey } from "./master-key.ts";

/** 32 random bytes by this name. The first process makes them; two that are first at once agree on one. */
export async function installationSecret(db: Db, masterKey: MasterKey, name: string): Promise<Buffer> {
  const context = `meta:${name}`;
  const [row] = await db.query<{ sealed: string }>({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ($1, jsonb_build_object('sealed', $2::text))
           ON CONFLICT (key) DO UPDATE SET value = m.value RETURNING m.value ->> 'sealed' AS sealed`,
    values: [name, masterKey.seal(randomBytes(32), context)],
  });
  return masterKey.open((row as { sealed: string }).sealed, context);
}
