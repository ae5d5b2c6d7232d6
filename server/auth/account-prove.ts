// What happens when somebody proves that an account's e-mail address is theirs. Until then anybody may have typed it in: so what
// was set up before counts as somebody else's, and ends. Whoever made the account honestly loses a password that they can set
// again; whoever made it for somebody else loses everything (T01).
import type { Context } from "../kernel/context.ts";
import { claimAccount } from "./account-claim.ts";
import type { AccountRow } from "./account-store.ts";
import { audit } from "./audit.ts";
import { subjectOf } from "./user-session.ts";

/** In the caller's transaction, with the account's row locked. Gives the sessions that ended; nothing ends on a proved account. */
export async function proveEmail(ctx: Context, account: AccountRow): Promise<readonly string[]> {
  if (account.emailVerifiedAt !== null) return [];
  const ended = await claimAccount(ctx.db, account, ctx.nowMs);
  await audit(ctx, { event: "email_verified", ...subjectOf(account), detail: { ended: ended.length } });
  return ended;
}
