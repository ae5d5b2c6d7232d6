// Checks an admin's password and opens a session.
//
// Guessing is limited before anything is hashed (sign-in-limits.ts). An owner who is new at an address during an attack has
// `landfall admin reset`, which also clears the strangers' budget.
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
import { attemptLimits, beginAttempt, spendLimit } from "./sign-in-limits.ts";
import { addressSubject, type Limit, refundLimit } from "./throttle.ts";
import type { Admin } from "./types.ts";

const limits = attemptLimits("signIn");
export const accountLimit = limits.strangers;
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
  const guess = await beginAttempt(ctx, limits, address);
  const admin = await adminForSignIn(ctx.db, attempt.email, address, ctx.nowMs);
  await guess.aim({ subject: attempt.email, knownAs: admin?.addressKnown ? admin.id : undefined });

  const correct = await passwords.verify(attempt.password, usableHash(admin, ctx.nowMs));
  const signedIn = correct && admin ? await openSession(ctx, admin, { ...attempt, address }) : undefined;
  if (signedIn === undefined || admin === undefined) {
    ctx.log.warn({ event: "sign_in_failed", adminId: admin?.id, address }, "admin sign-in failed");
    throw errors.sign_in_failed();
  }
  await guess.succeeded();
  await keepCostCurrent(ctx.db, passwords, admin, attempt.password);
  const { admin: who, session } = signedIn;
  ctx.log.info({ event: "signed_in", adminId: who.id, sessionId: session.id, address }, "admin signed in");
  return signedIn;
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
  await spendLimit(ctx, changeLimit, admin.id);
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
