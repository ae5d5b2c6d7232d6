// From who somebody is elsewhere to who they are here. The identity decides: issuer and subject. Its e-mail address counts in one
// case only, when the provider vouches for it, and then it finds the account that has it, or gives it to a new one.
//
//   known identity ───────────────────────────────────────────────> its account
//   vouched address ── an account has it, verified ───────────────> linked
//                   ── an account has it, unverified ── claimed ──> linked   (T01: what was there before is void)
//   otherwise ────────────────────────────────────────────────────> a new account, with the address only if vouched for (T02, T03)
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import type { Reply } from "../kernel/http/route.ts";
import { claimAccount } from "./account-claim.ts";
import { type AccountRow, accountByHandle, changeAccount, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { Origin } from "./device-store.ts";
import { errors } from "./errors.ts";
import { accountByIdentity, type IdentityRow, keepIdentity } from "./identity-store.ts";
import type { ProfileClaim } from "./oauth-presets.ts";
import type { UpstreamIdentity } from "./oauth-types.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import { finishSignIn, type Proof } from "./sign-in-finish.ts";
import { createUser } from "./user-create.ts";
import { subjectOf } from "./user-session.ts";

export interface IdentitySignIn extends Omit<Proof, "accountId" | "amr"> {
  readonly identity: UpstreamIdentity;
  /** Fields of a new record and the claims that fill them. */
  readonly fields: { readonly [field: string]: ProfileClaim };
}

export async function signInWithIdentity(ctx: Context, deps: SignInDeps, asked: IdentitySignIn): Promise<Reply> {
  const attempt = (signIn: IdentitySignIn) =>
    untilFree(async () => {
      const ended: string[] = [];
      const reply = await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        const accountId = await accountOf(inside, deps, signIn, ended);
        return finishSignIn(inside, deps, { ...signIn, accountId, amr: ["fed"] });
      });
      deps.forget(...ended.map((id) => `userSession:${id}`));
      return reply;
    });
  return attempt(asked).catch((error: unknown) => {
    if (!(error instanceof ProfileRefused)) throw error;
    // A name too long for its field must not keep anybody out: the account is made without.
    return attempt({ ...asked, fields: {} });
  });
}

class ProfileRefused extends Error {}

/** Somebody else was faster, between a look and what was to be done with it. */
class Overtaken extends Error {}

const isOvertaken = (error: unknown) =>
  error instanceof Overtaken || (error as { code?: unknown } | null)?.code === "23505";

/** Two answers at once meet at a unique index; the one that lost looks again, and finds what the other has made. */
async function untilFree<T>(work: () => Promise<T>): Promise<T> {
  for (let triesLeft = 3; ; triesLeft--) {
    try {
      return await work();
    } catch (error) {
      if (!isOvertaken(error) || triesLeft === 1) throw error;
    }
  }
}

async function accountOf(ctx: Context, deps: SignInDeps, signIn: IdentitySignIn, ended: string[]): Promise<string> {
  const { collection, identity } = signIn;
  const known = await byIdentity(ctx.db, collection.id, identity);
  const account = known ?? (await byVouchedAddress(ctx, collection.id, identity));
  if (account === undefined) return newAccount(ctx, deps, signIn);
  if (account.suspendedAt !== null) throw errors.account_suspended();
  if (known === undefined && account.emailVerifiedAt === null)
    ended.push(...(await claimAccount(ctx.db, account, ctx.nowMs)));
  await link(ctx, account, signIn, known === undefined ? "address" : undefined);
  return account.id;
}

/** The account's row is locked first, as whoever takes an identity away does: then neither waits for the other in a circle. */
async function byIdentity(tx: Db, collectionId: number, identity: UpstreamIdentity): Promise<AccountRow | undefined> {
  const found = await accountByIdentity(tx, collectionId, identity);
  if (found === undefined) return undefined;
  const account = await lockAccount(tx, found.id);
  // Taken away while we waited: to add it again now would undo what its owner has just done.
  if ((await accountByIdentity(tx, collectionId, identity))?.id !== account?.id) throw new Overtaken();
  return account;
}

/** The account whose address the provider has proved, its row locked. */
async function byVouchedAddress(ctx: Context, collectionId: number, identity: UpstreamIdentity) {
  if (identity.email === null || !identity.emailVerified) return undefined;
  const found = await accountByHandle(ctx.db, collectionId, { emailKey: identity.email.toLowerCase() });
  const account = found && (await lockAccount(ctx.db, found.id));
  // It may have changed hands between the two looks.
  return account?.email?.toLowerCase() === identity.email.toLowerCase() ? account : undefined;
}

async function newAccount(ctx: Context, deps: SignInDeps, signIn: IdentitySignIn): Promise<string> {
  const { collection, settings, identity, fields } = signIn;
  if (settings.signUp !== "open") throw errors.sign_up_closed();
  const profile = Object.fromEntries(
    Object.entries(fields).flatMap(([field, claim]) => {
      const value = identity.profile[claim];
      return value === undefined ? [] : [[field, value]];
    }),
  );
  const made = { collection, profile, by: "system", account: vouchedAddress(identity, ctx.nowMs) } as const;
  const account = await createUser(ctx, deps.records, made).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.status >= 500 || Object.keys(profile).length === 0) throw error;
    ctx.log.warn({ event: "profile_left_out", provider: identity.provider, code: error.code }, "what a provider says does not fit the record"); // biome-ignore format: one line
    throw new ProfileRefused();
  });
  const { address, agent } = signIn.origin;
  const detail = { provider: identity.provider };
  await audit(ctx, { event: "signed_up", ...subjectOf(account), address, agent, detail });
  await link(ctx, account, signIn, "sign-up");
  return account.id;
}

const vouchedAddress = ({ email, emailVerified }: UpstreamIdentity, nowMs: number) =>
  email === null || !emailVerified ? {} : { email: { email, emailKey: email.toLowerCase() }, emailVerifiedAtMs: nowMs };

async function link(ctx: Context, account: AccountRow, signIn: IdentitySignIn, how: string | undefined): Promise<void> {
  const { identity, origin } = signIn;
  const kept = await keepIdentity(ctx.db, account, identity, ctx.nowMs);
  // Another account took it between the look and now: the next look finds that one.
  if (kept === undefined) throw new Overtaken();
  if (!kept.isNew) return;
  const detail = { provider: identity.provider, identity: kept.id, ...(how !== undefined && { how }) };
  await audit(ctx, {
    event: "identity_linked",
    ...subjectOf(account),
    address: origin.address,
    agent: origin.agent,
    detail,
  });
}

/** While signed in, by the user's own wish. An anonymous account becomes a person's: same id, same data. Throws `identity_taken` (409). */
export function linkIdentity(
  ctx: Context,
  accountId: string,
  identity: UpstreamIdentity,
  from: Origin,
): Promise<IdentityRow> {
  const add = async (tx: Db) => {
    const account = await lockAccount(tx, accountId);
    if (account === undefined) throw errors.credential_invalid();
    const kept = await keepIdentity(tx, account, identity, ctx.nowMs);
    if (kept === undefined) throw errors.identity_taken();
    const address = await freeAddress(tx, account, identity, ctx.nowMs);
    if (account.anonymous || address !== undefined)
      await changeAccount(tx, account.id, { anonymous: false, ...address }, ctx.nowMs);
    const detail = { provider: identity.provider, identity: kept.id, how: "wish" };
    if (kept.isNew)
      await audit({ ...ctx, db: tx }, { event: "identity_linked", ...subjectOf(account), ...from, detail });
    return kept;
  };
  return untilFree(() => ctx.db.transaction(add));
}

/** A vouched address for an account without one, or the proof of the one that it has; nothing when it is another account's. */
async function freeAddress(db: Db, account: AccountRow, identity: UpstreamIdentity, nowMs: number) {
  const { email, emailVerified } = identity;
  if (email === null || !emailVerified || account.emailVerifiedAt !== null) return undefined;
  const holder = await accountByHandle(db, account.collectionId, { emailKey: email.toLowerCase() });
  if (holder === undefined && account.email === null) return vouchedAddress(identity, nowMs);
  return holder?.id === account.id ? { emailVerifiedAtMs: nowMs } : undefined;
}
