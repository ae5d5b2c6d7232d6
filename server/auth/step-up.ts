// Whoever is signed in proves again that it is still them: before anything that would let a thief of one open session keep the
// account (password, e-mail address, factors, passkeys, identities, deletion).
//
//   account without a second factor   password or passkey
//   account with one                  that one, or a recovery code, or a passkey; its password alone proves too little (T28)
//   anonymous account                 nothing: it has nothing to show, and whoever holds its session is its owner
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { type AccountRow, accountById } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import { errors } from "./errors.ts";
import { countPasskeys } from "./passkey-store.ts";
import { givenPasskeySchema } from "./passkey-types.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import { factorsOf } from "./sign-in-finish.ts";
import { spendLimit } from "./sign-in-limits.ts";
import { type Limit, refundLimit } from "./throttle.ts";
import { givenPasswordSchema } from "./types.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, type UserRouteDeps, userRoute } from "./user-routes.ts";
import { renewAuthentication, userSessionById } from "./user-session-store.ts";

const passwordLimit: Limit = { name: "stepUp.password", burst: 10, refillMs: 60_000 };

/** An admin who looks at an app as its user sees it changes nothing that lets people in. Throws `impersonation_refused` (403). */
export function requireOwner(own: UserSessionOf): void {
  if (own.impersonatedBy !== null) throw errors.impersonation_refused();
}

/** What `requireRecentSignIn` may end a route with. */
export const recentErrors = ["step_up_required", "impersonation_refused"];

/**
 * Passes when the session's user has proved who they are in the last `session.stepUpMinutes`, by a second factor too if the
 * account has one. Looks at the row and not at the verdict, which may be a minute old. Rejects with `step_up_required` (401), whose
 * `methods` are those that this account can show, or `impersonation_refused` (403).
 */
export async function requireRecentSignIn(ctx: Context, own: UserSessionOf, settings: AuthSettings): Promise<void> {
  requireOwner(own);
  const account = await accountById(ctx.db, own.accountId);
  const session = await userSessionById(ctx.db, own.sessionId);
  if (account === undefined || session === undefined) throw errors.credential_invalid();
  if (account.anonymous) return;
  const factors = await factorsOf(ctx.db, account.id, { isRequired: false });
  const isRecent = ctx.nowMs - session.authenticatedAt.getTime() < settings.session.stepUpMinutes * 60_000;
  if (isRecent && (factors.length === 0 || session.amr.includes("mfa"))) return;
  throw errors.step_up_required({ extra: { methods: await methodsOf(ctx, account) } });
}

type StepUpMethod = "password" | "totp" | "recoveryCode" | "passkey";

async function methodsOf({ db }: Context, account: AccountRow): Promise<StepUpMethod[]> {
  const factors = await factorsOf(db, account.id, { isRequired: false });
  if (factors.length > 0) return factors;
  const hasPasskey = (await countPasskeys(db, account.id)) > 0;
  return [...(account.passwordHash === null ? [] : ["password" as const]), ...(hasPasskey ? ["passkey" as const] : [])];
}

const stepUpBody = z
  .union([
    z.strictObject({ password: givenPasswordSchema }),
    z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
    z.strictObject({ recoveryCode: z.string().min(16).max(40) }),
    z.strictObject({ passkey: givenPasskeySchema }),
  ])
  .meta({ example: { code: "123456" } });
type StepUp = z.output<typeof stepUpBody>;

export function stepUpRoute(deps: SignInDeps & UserRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/step-up",
    name: "stepUp",
    access: "signedIn",
    summary: "Prove again who you are",
    description:
      "Opens sensitive changes for some minutes. An account with a second factor shows that one; its password alone is not enough.",
    errors: [...sessionErrors, ...recentErrors, "password_wrong", "factor_wrong", "passkey_invalid", "sign_in_throttled", "password_checks_busy"], // biome-ignore format: one line
    body: stepUpBody,
    responses: { 204: { description: "Proved." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      if (own.impersonatedBy !== null) throw errors.impersonation_refused();
      const amr = await prove(ctx, deps, own, input.body);
      await ctx.db.transaction(async (tx) => {
        await renewAuthentication(tx, own.sessionId, amr, ctx.nowMs);
        const told = { ...subjectOfSession(own), ...originOf(input), detail: { amr } };
        await audit({ ...ctx, db: tx }, { event: "stepped_up", ...told });
      });
      deps.forget(`userSession:${own.sessionId}`);
      return { status: 204 };
    },
  });
}

/** What was proved, as RFC 8176 has it. */
async function prove(ctx: Context, deps: SignInDeps, own: UserSessionOf, given: StepUp): Promise<readonly string[]> {
  if ("passkey" in given) {
    const { amr } = await deps.passkeys.show(ctx, given.passkey, { accountId: own.accountId });
    return amr;
  }
  if ("password" in given) return provePassword(ctx, deps, own, given.password);
  await deps.factors.show(ctx, { accountId: own.accountId }, given);
  return ["otp", "mfa"];
}

async function provePassword(
  ctx: Context,
  { passwords }: SignInDeps,
  { accountId }: UserSessionOf,
  password: string,
): Promise<readonly string[]> {
  await spendLimit(ctx, passwordLimit, accountId);
  const account = await accountById(ctx.db, accountId);
  if (account === undefined) throw errors.credential_invalid();
  const factors = await factorsOf(ctx.db, accountId, { isRequired: false });
  if (factors.length > 0) throw errors.step_up_required({ extra: { methods: factors } });
  if (!(await passwords.verify(password, account.passwordHash))) throw errors.password_wrong();
  await refundLimit(ctx.db, passwordLimit, accountId);
  return ["pwd"];
}
