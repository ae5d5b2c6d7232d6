// Accounts as the protocol asks for them. A token of a client is worth what its session is worth, so whoever renews one is
// looked up by the session: ended, idle too long or suspended, and there is no such account.
import type { Account, KoaContextWithOIDC } from "oidc-provider";
import type { Logger } from "pino";
import { type AccountRow, accountById, accountByRecord, type LiveSession, type SharedSignIn } from "../auth/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { scopesIn } from "./scopes.ts";
import { userClaims } from "./user-claims.ts";

export interface AccountDeps {
  readonly db: Db;
  readonly shared: SharedSignIn;
  readonly log: Logger;
  readonly now: () => number;
}

interface Source {
  readonly grantId?: string | undefined;
}

/** `findAccount` of the protocol. `source` is the code or token that is being exchanged, if there is one. */
export async function findAccount(
  deps: AccountDeps,
  _ctx: KoaContextWithOIDC,
  subject: string,
  source?: Source,
): Promise<Account | undefined> {
  if (source?.grantId === undefined) {
    const account = await accountByRecord(deps.db, subject);
    return account?.suspendedAt === null ? shownAccount(deps, account, undefined) : undefined;
  }
  const session = await deps.shared.liveSession(deps.db, source.grantId, deps.now());
  if (session === undefined || session.account.recordId !== subject) return undefined;
  const account = await accountById(deps.db, session.accountId);
  return account && shownAccount(deps, account, session);
}

function shownAccount(deps: AccountDeps, account: AccountRow, session: LiveSession | undefined): Account {
  return {
    accountId: account.recordId,
    claims: async (_use, scope) => {
      const record = session === undefined ? {} : await recordOf(deps, session);
      return userClaims(account, record, scopesIn(scope));
    },
  };
}

/** Outside any request of our own: the protocol asks while it makes an ID token. */
function recordOf({ db, shared, log, now }: AccountDeps, session: LiveSession) {
  const actor = shared.actorOf(session);
  const signal = new AbortController().signal;
  return shared.recordOf({ actor, db, log, nowMs: now(), requestId: "", door: "system", signal }, session);
}
