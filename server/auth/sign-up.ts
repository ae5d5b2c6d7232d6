// Making an account with an e-mail address and a password. What is asked for is kept sealed until the address is proved; only then
// is there a user. Known and unknown addresses get the same answer for the same work, and a different mail (T17, T18).
import type { Context } from "../kernel/context.ts";
import { emailHandle, namingHandles, usernameHandle } from "./account-handle.ts";
import { linkTo, signInPage, spendMail } from "./account-mail.ts";
import { proveEmail } from "./account-prove.ts";
import { type AccountChange, type AccountRow, accountByHandle, changeAccount, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { SpentChallenge } from "./challenge.ts";
import type { DeviceInput, Origin } from "./device-store.ts";
import { errors } from "./errors.ts";
import type { SignInDeps, SignInTarget } from "./sign-in-answer.ts";
import { createUser, type UserCollection } from "./user-create.ts";
import { subjectOf } from "./user-session.ts";

export interface SignUp {
  readonly email: string;
  readonly username?: string | undefined;
  readonly profile: { readonly [field: string]: unknown };
  readonly locale?: string | undefined;
  readonly device?: DeviceInput | undefined;
  readonly passwordHash: string;
}

/** What waits for the proof of its address. */
export interface PendingSignUp extends SignUp {
  /** The address has an account: no code was sent, and none counts. */
  readonly known: boolean;
}

/** A day for the link; the code of six digits is bounded by its five tries. */
export const signUpMs = 24 * 3_600_000;

export interface Flow {
  readonly flow: string;
  readonly expiresAt: string;
}

/** Asks the address. An account whose address nobody proved does not count as known: whoever proves it takes it over. */
export async function askSignUp(
  ctx: Context,
  deps: SignInDeps,
  { collection }: SignInTarget,
  asked: SignUp,
  origin: Origin,
): Promise<Flow> {
  const { emailKey } = emailHandle(asked.email);
  const account = await accountByHandle(ctx.db, collection.id, { emailKey });
  await spendMail(ctx, { collectionId: collection.id, emailKey, account }, origin.address);
  const known = account !== undefined && account.emailVerifiedAt !== null;
  return ctx.db.transaction(async (tx) => {
    const data: PendingSignUp = { ...asked, known };
    const made = await deps.challenges.make(
      tx,
      { purpose: "signUp", lifeMs: signUpMs, collectionId: collection.id, withCode: true, withLink: true, data },
      ctx.nowMs,
    );
    const { code = "", link = "", expiresAtMs } = made;
    const mail = known
      ? ({ template: "signUpKnown", values: { link: signInPage(deps.publicUrl) } } as const)
      : ({ template: "signUpConfirm", values: { code, link: linkTo(deps.publicUrl, "confirm", link) } } as const);
    await deps.mailer.queue(tx, { ...mail, to: asked.email, locale: asked.locale, expiresAtMs }, ctx.nowMs);
    return { flow: made.secret, expiresAt: new Date(expiresAtMs).toISOString() };
  });
}

/** In a transaction: the user of a sign-up whose address was just proved. Rejects with `handle_taken` (409). */
export async function makeSignedUp(
  ctx: Context,
  deps: SignInDeps,
  collection: UserCollection,
  spent: SpentChallenge,
): Promise<AccountRow> {
  const pending = spent.data as PendingSignUp;
  const found = await accountByHandle(ctx.db, collection.id, { emailKey: emailHandle(pending.email).emailKey });
  const account = found && (await lockAccount(ctx.db, found.id));
  if (account === undefined) return makeUser(ctx, deps, { collection, signUp: pending, emailVerifiedAtMs: ctx.nowMs });
  if (account.emailVerifiedAt !== null) throw errors.handle_taken({ params: { handle: "e-mail address" } });
  deps.forget(...(await proveEmail(ctx, account)).map((id) => `userSession:${id}`));
  await changeAccount(ctx.db, account.id, { passwordHash: pending.passwordHash }, ctx.nowMs);
  return account;
}

/** The record under the create rule, its account, and the event. */
export async function makeUser(
  ctx: Context,
  deps: SignInDeps,
  made: { readonly collection: UserCollection; readonly signUp: SignUp; readonly emailVerifiedAtMs: number | null },
): Promise<AccountRow> {
  const { collection, signUp } = made;
  const account = accountOf(signUp, made.emailVerifiedAtMs);
  const row = await namingHandles(account, () =>
    createUser(ctx, deps.records, { collection, profile: signUp.profile, account, by: "self" }),
  );
  await audit(ctx, { event: "signed_up", ...subjectOf(row) });
  return row;
}

function accountOf({ email, username, passwordHash, locale }: SignUp, emailVerifiedAtMs: number | null): AccountChange {
  return {
    email: emailHandle(email),
    emailVerifiedAtMs,
    passwordHash,
    locale: locale ?? null,
    ...(username !== undefined && { username: usernameHandle(username) }),
  };
}

const tried = Symbol("tried");

/** Whether the record could be made, and the name is free, before anybody is asked to wait for a mail. Leaves nothing behind. */
export async function trySignUp(
  ctx: Context,
  deps: SignInDeps,
  collection: UserCollection,
  signUp: Pick<SignUp, "profile" | "username">,
): Promise<void> {
  const { profile, username } = signUp;
  const account: AccountChange = username === undefined ? {} : { username: usernameHandle(username) };
  const made = ctx.db.transaction(async (tx) => {
    await namingHandles(account, () =>
      createUser({ ...ctx, db: tx }, deps.records, { collection, profile, account, by: "self" }),
    );
    throw tried;
  });
  await made.catch((reason: unknown) => {
    if (reason !== tried) throw reason;
  });
}
