// The secret that signs cursors. It lives in the database, so that every process accepts every other one's cursors.
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";

/** Reads the secret, making it on the first start; two first starts agree on one. */
export async function cursorSecret(db: Db): Promise<KeyObject> {
  const [row] = await db.query<{ value: string }>({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ('cursorSecret', to_jsonb($1::text))
           ON CONFLICT (key) DO UPDATE SET value = m.value RETURNING m.value #>> '{}' AS value`,
    values: [randomBytes(32).toString("base64url")],
  });
  return createSecretKey(Buffer.from((row as { value: string }).value, "base64url"));
}
