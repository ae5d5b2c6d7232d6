// What happens when somebody proves that an account's e-mail address is theirs. Until then anybody may have typed it in: so what
// was set up before counts as somebody else's, and ends. Whoever made the account honestly loses a password that they can set
// again; whoever made it for somebody else loses everything (T01).
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { type AccountRow, changeAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import { subjectOf } from "./user-session.ts";
import { endUserSessions } from "./user-session-store.ts";

/** In the caller's transaction, with the account's row locked. Gives the sessions that ended; nothing ends on a proved account. */
export async function proveEmail(ctx: Context, account: AccountRow): Promise<string[]> {
  if (account.emailVerifiedAt !== null) return [];
  const ended = await endUserSessions(ctx.db, account.id);
  await endCredentials(ctx.db, account.id);
  await changeAccount(ctx.db, account.id, { emailVerifiedAtMs: ctx.nowMs, passwordHash: null }, ctx.nowMs);
  await audit(ctx, { event: "email_verified", ...subjectOf(account), detail: { ended: ended.length } });
  return ended;
}

/** Everything else that lets somebody in, or that a second step could be made with. */
async function endCredentials(tx: Db, accountId: string): Promise<void> {
  const values = [accountId];
  for (const text of [
    `DELETE FROM landfall.factor WHERE "accountId" = $1`,
    `DELETE FROM landfall."recoveryCode" WHERE "accountId" = $1`,
    `DELETE FROM landfall.passkey WHERE "accountId" = $1`,
    `DELETE FROM landfall.identity WHERE "accountId" = $1`,
    `DELETE FROM landfall.device WHERE "accountId" = $1`,
    `DELETE FROM landfall.challenge WHERE "accountId" = $1`,
  ])
    await tx.query({ text, values });
}
