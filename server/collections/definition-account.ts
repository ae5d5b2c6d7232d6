// What an `auth` collection's table has beyond a `base` one's: triggers by which the account behind each record, in the system
// schema, comes and goes with it, whoever writes the record. They hang on the table, so a renamed collection keeps them.
import type { Db } from "../kernel/db/index.ts";
import { escapeName } from "./sql-text.ts";
import type { Schema } from "./types.ts";

/** Refuses a second record of any `auth` collection with an id that one of them has: rules know a user by the id alone. */
export const accountIdConstraint = "account_recordId_key";

/** Inside the transaction that made the table, after its rows came back from a backup. Safe to call again. */
export async function installAccounts(tx: Db, { kind, id, name }: Schema): Promise<void> {
  if (kind !== "auth") return;
  const install = (trigger: string, when: string, call: string) =>
    tx.query({ text: `CREATE OR REPLACE TRIGGER "${trigger}" ${when} EXECUTE FUNCTION landfall.${call}('${id}')` });
  const table = `public.${escapeName(name)}`;
  await install("B_landfall_account", `AFTER INSERT OR DELETE OR UPDATE OF "id" ON ${table} FOR EACH ROW`, "account_follows"); // biome-ignore format: one line
  await install("B_landfall_accounts_end", `AFTER TRUNCATE ON ${table}`, "accounts_end");
}
