// The secret that signs cursors. It lives in the database, sealed, so that every process accepts every other one's cursors.
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";
import type { MasterKey } from "../kernel/master-key.ts";

const context = "meta:cursorSecret";

/** Read when the first cursor is met, then kept: a promise only until then. */
export function cursorSecret(db: Db, masterKey: MasterKey): () => KeyObject | Promise<KeyObject> {
  let secret: KeyObject | undefined;
  return () =>
    secret ??
    load(db, masterKey).then((key) => {
      secret = key;
      return key;
    });
}

/** The first process makes it; two that are first at once agree on one. */
async function load(db: Db, masterKey: MasterKey): Promise<KeyObject> {
  const sealed = masterKey.seal(randomBytes(32), context);
  const [row] = await db.query<{ sealed: string }>({
    text: `INSERT INTO landfall.meta AS m (key, value) VALUES ('cursorSecret', jsonb_build_object('sealed', $1::text))
           ON CONFLICT (key) DO UPDATE SET value = m.value RETURNING m.value ->> 'sealed' AS sealed`,
    values: [sealed],
  });
  return createSecretKey(masterKey.open((row as { sealed: string }).sealed, context));
}
