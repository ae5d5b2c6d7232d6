// What every way to sign in needs, and the one answer that all of them give.
import type { Actor } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Mailer } from "../mail/index.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Challenges } from "./challenge.ts";
import type { ProvenKey } from "./dpop.ts";
import type { Factors } from "./factor.ts";
import type { Passkeys } from "./passkey.ts";
import type { PasswordHasher } from "./password.ts";
import type { PasswordPolicy } from "./password-policy.ts";
import type { UserCollection } from "./user-create.ts";
import { type UserSessionOf, userActor } from "./user-kind.ts";
import type { OpenedUserSession, UserSessions } from "./user-session.ts";
import { findUserSession } from "./user-session-store.ts";
import { accountView, tokensView, type UserRecords, userView } from "./user-views.ts";

export interface SignInTarget {
  readonly collection: UserCollection;
  readonly settings: AuthSettings;
}

export interface SignInDeps {
  readonly records: UserRecords;
  readonly sessions: UserSessions;
  readonly challenges: Challenges;
  readonly passwords: PasswordHasher;
  readonly factors: Factors;
  readonly passkeys: Passkeys;
  readonly provenKey: ProvenKey;
  /** The collection of this name and its settings. Rejects with `auth_collection_not_found` (404). */
  readonly target: (ctx: Context, collection: string) => Promise<SignInTarget>;
  /** The same by id, for what comes back later. Rejects with `code_invalid` (422) when the collection is gone. */
  readonly targetById: (ctx: Context, collectionId: number) => Promise<SignInTarget>;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly sessionOf: (actor: Actor) => UserSessionOf | undefined;
  readonly policy: PasswordPolicy;
  readonly mailer: Mailer;
  /** Base of every link; from the settings, never from a request. */
  readonly publicUrl: string;
  readonly forget: (...subjects: string[]) => void;
}

export const signInErrors = ["auth_collection_not_found", "account_suspended", "sign_in_throttled", "dpop_invalid"];

/** Tokens, account, and the record as the user who is now signed in may see it. */
export async function signedInAnswer(
  ctx: Context,
  deps: SignInDeps,
  collection: UserCollection,
  opened: OpenedUserSession,
): Promise<object> {
  const live = await findUserSession(ctx.db, opened.session.id, ctx.nowMs);
  const as = live === undefined ? ctx : { ...ctx, actor: userActor(live, collection.name) };
  const user = await userView(as, deps.records, collection.name, opened.account.recordId);
  return { ...tokensView(opened), user, account: accountView(opened.account) };
}
