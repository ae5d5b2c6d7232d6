// The secret that signs cursors. It lives in the database, sealed, so that every process accepts every other one's cursors.
import { createSecretKey, type KeyObject } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";
import { installationSecret } from "../kernel/installation-secret.ts";
import type { MasterKey } from "../kernel/master-key.ts";

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

async function load(db: Db, masterKey: MasterKey): Promise<KeyObject> {
  return createSecretKey(await installationSecret(db, masterKey, "cursorSecret"));
}
