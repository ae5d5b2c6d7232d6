// Ends one session from where there is no signed-in user to ask: the provider, when a client gives a token back, when one is
// used twice, and when somebody signs out of the browser.
import type { Db } from "../kernel/db/index.ts";
import { accountById } from "./account-store.ts";
import { audit } from "./audit.ts";
import { subjectOf } from "./user-session.ts";
import { endUserSessions, userSessionById } from "./user-session-store.ts";

export interface SessionEnd {
  readonly sessionId: string;
  readonly event: "signed_out" | "session_ended" | "refresh_reused";
  /** Who did it, for the record of security: `client:<id>`, `user:<id>`. */
  readonly by: string;
  readonly requestId: string;
  readonly nowMs: number;
}

/** False when it had ended already. */
export async function endSession(db: Db, end: SessionEnd): Promise<boolean> {
  return db.transaction(async (tx) => {
    const session = await userSessionById(tx, end.sessionId);
    const account = session && (await accountById(tx, session.accountId));
    if (session === undefined || account === undefined) return false;
    const ended = await endUserSessions(tx, account.id, { only: session.id });
    if (ended.length === 0) return false;
    const actor = { label: end.by };
    const detail = session.clientId === null ? {} : { client: session.clientId };
    const { requestId, nowMs, event } = end;
    await audit({ db: tx, actor, requestId, nowMs }, { event, ...subjectOf(account, session.id), detail });
    return true;
  });
}
