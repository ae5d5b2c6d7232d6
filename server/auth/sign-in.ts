// Checks an admin's password and opens a session.
//
// Guessing is limited before anything is hashed, by budgets in Postgres that parallel tries cannot overspend:
//   per address            30 tries, one back every 20 s
//   per account, strangers 10 tries, one back every minute
//   per account and an address it signed in from in the last 30 days: 10 tries of its own
// An attacker who keeps the strangers' budget empty therefore never locks the owner out at home; an owner who is new at an
// address during an attack has `landfall admin reset`, which also clears the budget. A right password gives its try back.
//
// Unknown address, wrong password, spent one-time password: one answer, one hash, one log line.
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import {
  type AdminRow,
  adminById,
  adminForSignIn,
  endSessions,
  insertSession,
  lockAdmin,
  type OpenedSession,
  rehashPassword,
  rememberAddress,
  setPassword,
} from "./admin-store.ts";
import { errors } from "./errors.ts";
import type { PasswordHasher } from "./password.ts";
import { addressSubject, type Limit, refundLimit, strictLimit } from "./throttle.ts";
import type { Admin } from "./types.ts";

const addressLimit: Limit = { name: "signIn.address", burst: 30, refillMs: 20_000 };
export const accountLimit: Limit = { name: "signIn.account", burst: 10, refillMs: 60_000 };
const knownAddressLimit: Limit = { name: "signIn.known", burst: 10, refillMs: 60_000 };
/** The current password at a password change: whoever found an open console must not guess on. */
const changeLimit: Limit = { name: "password.change", burst: 10, refillMs: 60_000 };

export interface Attempt {
  readonly email: string;
  readonly password: string;
  readonly ip: string;
  readonly agent: string;
}

export interface SignedIn {
  readonly session: OpenedSession;
  readonly admin: Admin;
  readonly mustChangePassword: boolean;
}

type SignInContext = Pick<Context, "db" | "nowMs" | "log">;

export async function signIn(ctx: SignInContext, passwords: PasswordHasher, attempt: Attempt): Promise<SignedIn> {
  const address = addressSubject(attempt.ip);
  await spend(ctx, addressLimit, address);
  const admin = await adminForSignIn(ctx.db, attempt.email, address, ctx.nowMs);
  const budget = admin?.addressKnown
    ? { limit: knownAddressLimit, subject: `${admin.id} ${address}` }
    : { limit: accountLimit, subject: attempt.email };
  await spend(ctx, budget.limit, budget.subject);

  const correct = await passwords.verify(attempt.password, usableHash(admin, ctx.nowMs));
  const signedIn = correct && admin ? await openSession(ctx, admin, { ...attempt, address }) : undefined;
  if (signedIn === undefined || admin === undefined) {
    ctx.log.warn({ event: "sign_in_failed", adminId: admin?.id, address }, "admin sign-in failed");
    throw errors.sign_in_failed();
  }
  await refundLimit(ctx.db, addressLimit, address);
  await refundLimit(ctx.db, budget.limit, budget.subject);
  await keepCostCurrent(ctx.db, passwords, admin, attempt.password);
  const { admin: who, session } = signedIn;
  ctx.log.info({ event: "signed_in", adminId: who.id, sessionId: session.id, address }, "admin signed in");
  return signedIn;
}

async function spend(ctx: SignInContext, limit: Limit, subject: string): Promise<void> {
  const verdict = await strictLimit(ctx.db, limit, subject, ctx.nowMs);
  if (verdict.allowed) return;
  ctx.log.warn({ event: "sign_in_throttled", limit: limit.name }, "password attempt refused");
  throw errors.sign_in_throttled({ retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000) });
}

function usableHash(admin: AdminRow | undefined, nowMs: number): string | null {
  if (admin === undefined) return null;
  const { passwordHash, passwordExpiresAt } = admin;
  return passwordExpiresAt !== null && passwordExpiresAt.getTime() <= nowMs ? null : passwordHash;
}

/** Undefined when the password changed, or the one-time password was used, between the check and now. */
async function openSession(
  ctx: SignInContext,
  checked: AdminRow,
  from: { readonly address: string; readonly agent: string },
): Promise<SignedIn | undefined> {
  return ctx.db.transaction(async (tx) => {
    const admin = await lockAdmin(tx, checked.id, checked.passwordHash);
    if (admin === undefined) return undefined;
    const mustChangePassword = admin.passwordExpiresAt !== null;
    if (mustChangePassword) await setPassword(tx, { adminId: admin.id, passwordHash: null, nowMs: ctx.nowMs });
    const session = await insertSession(tx, admin.id, { ...from, nowMs: ctx.nowMs });
    await rememberAddress(tx, admin.id, from.address, ctx.nowMs);
    return { session, admin: { id: admin.id, email: admin.email, role: admin.role }, mustChangePassword };
  });
}

async function keepCostCurrent(db: Db, passwords: PasswordHasher, admin: AdminRow, password: string): Promise<void> {
  const { passwordHash, passwordExpiresAt } = admin;
  if (passwordHash === null || passwordExpiresAt !== null || !passwords.isOutdated(passwordHash)) return;
  await rehashPassword(db, admin.id, passwordHash, await passwords.hash(password));
}

export interface Change {
  readonly adminId: string;
  readonly sessionId: string;
  readonly currentPassword: string | undefined;
  readonly newPassword: string;
}

/** The password of somebody who is signed in already. Throws `password_wrong` (403) or `sign_in_throttled` (429). */
export async function checkPasswordAgain(
  ctx: SignInContext,
  passwords: PasswordHasher,
  admin: AdminRow,
  given: string,
): Promise<void> {
  await spend(ctx, changeLimit, admin.id);
  if (!(await passwords.verify(given, admin.passwordHash))) {
    ctx.log.warn({ event: "password_check_refused", adminId: admin.id }, "current password was wrong");
    throw errors.password_wrong();
  }
  await refundLimit(ctx.db, changeLimit, admin.id);
}

/** Sets a new password and ends the admin's other sessions, whose ids it returns. Right after a one-time password there is no current one. */
export async function changePassword(ctx: SignInContext, passwords: PasswordHasher, change: Change): Promise<string[]> {
  const admin = await adminById(ctx.db, change.adminId);
  if (admin === undefined) throw errors.admin_session_required();
  if (admin.passwordHash !== null) await checkPasswordAgain(ctx, passwords, admin, change.currentPassword ?? "");
  const passwordHash = await passwords.hash(change.newPassword);
  const ended = await ctx.db.transaction(async (tx) => {
    // Two changes at once: the second finds another hash than the one it was checked against.
    if (!(await lockAdmin(tx, admin.id, admin.passwordHash))) throw errors.password_wrong();
    await setPassword(tx, { adminId: admin.id, passwordHash, nowMs: ctx.nowMs });
    return endSessions(tx, admin.id, { except: change.sessionId });
  });
  ctx.log.info({ event: "password_changed", adminId: admin.id, sessionsEnded: ended.length }, "admin password changed");
  return ended;
}
