// What happens to an account when somebody proves an address that stood in it unproved. Whoever made it may have been a stranger
// who waited for this moment, so all that lets them in goes: only what the proved person does from now on counts (T01).
import type { Db } from "../kernel/db/index.ts";
import { type AccountRow, changeAccount } from "./account-store.ts";
import { endUserSessions } from "./user-session-store.ts";

/** Whatever opens the account, each table by itself: sessions are ended apart, since their ids are to be told. */
const openers = ["identity", "passkey", "factor", '"recoveryCode"', "challenge", "device"];

/** In the caller's transaction, with the account's row locked. Returns the ids of the sessions that ended, to be forgotten. */
export async function claimAccount(tx: Db, account: AccountRow, nowMs: number): Promise<readonly string[]> {
  const ended = await endUserSessions(tx, account.id, {});
  for (const table of openers)
    await tx.query({ text: `DELETE FROM landfall.${table} WHERE "accountId" = $1`, values: [account.id] });
  await changeAccount(
    tx,
    account.id,
    { passwordHash: null, username: null, phone: null, phoneVerifiedAtMs: null, emailVerifiedAtMs: nowMs },
    nowMs,
  );
  return ended;
}
