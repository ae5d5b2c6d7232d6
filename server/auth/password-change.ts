// A user's own password: set, changed, and set anew by e-mail when it is lost.
//
// What a change ends: every other session, and every link, code and half-finished sign-in of the account. A reset ends all sessions.
// Second factors stay: a mail does not stand in for them (T28).
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { emailHandle, stampOf, userEmailSchema } from "./account-handle.ts";
import { beginCode, linkTo, spendMail, tellOwner } from "./account-mail.ts";
import { proveEmail } from "./account-prove.ts";
import { type AccountRow, accountByHandle, accountById, changeAccount, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import { perAccount, type SpentChallenge } from "./challenge.ts";
import { errors } from "./errors.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import { codeSchema, flowSchema, secretSchema, startedExample, startedSchema } from "./sign-in-flow.ts";
import { spendLimit } from "./sign-in-limits.ts";
import { recentErrors, requireOwner, requireRecentSignIn } from "./step-up.ts";
import type { Limit } from "./throttle.ts";
import { givenPasswordSchema, newPasswordSchema } from "./types.ts";
import type { UserCollection } from "./user-create.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, userRoute } from "./user-routes.ts";
import { subjectOf } from "./user-session.ts";
import { endUserSessions } from "./user-session-store.ts";
import { collectionName } from "./user-types.ts";

/** The current password at a change: whoever found an open session must not guess on. */
const changeLimit: Limit = { name: "userPassword.change", burst: 10, refillMs: 60_000 };
const resetMs = 30 * 60_000;

export function passwordChangeRoutes(deps: SignInDeps): Route[] {
  return [changeRoute(deps), askResetRoute(deps), resetRoute(deps)];
}

function changeRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/password",
    name: "changePassword",
    access: "signedIn",
    summary: "Change your password",
    description:
      "With the current one; a user who has none sets their first right after signing in. Ends the user's other sessions.",
    errors: [...sessionErrors, "password_wrong", "password_refused", "sign_in_throttled", ...recentErrors, "password_checks_busy"], // biome-ignore format: one line
    body: z
      .strictObject({ currentPassword: givenPasswordSchema.optional(), password: newPasswordSchema })
      .meta({ example: { currentPassword: "correct horse battery", password: "staple of the north" } }),
    responses: { 204: { description: "Changed." } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      requireOwner(own);
      const account = await accountById(ctx.db, own.accountId);
      if (account === undefined) throw errors.credential_invalid();
      const settings = await deps.settingsOf(ctx.db, own.collectionId);
      if (account.passwordHash === null) await requireRecentSignIn(ctx, own, settings);
      else await checkCurrent(ctx, deps, account, input.body.currentPassword ?? "");
      const passwordHash = await newHash(ctx, deps, { password: input.body.password, account, settings });
      await change(ctx, deps, { own, account, passwordHash, origin: originOf(input) });
      return { status: 204 };
    },
  });
}

async function checkCurrent(
  ctx: Context,
  { passwords }: SignInDeps,
  account: AccountRow,
  given: string,
): Promise<void> {
  await spendLimit(ctx, changeLimit, account.id);
  if (!(await passwords.verify(given, account.passwordHash))) throw errors.password_wrong();
}

async function newHash(
  ctx: Context,
  { policy, passwords }: SignInDeps,
  asked: { readonly password: string; readonly account: AccountRow; readonly settings: AuthSettings },
): Promise<string> {
  const names = [asked.account.email, asked.account.username].filter((name) => name !== null);
  await policy.check({ password: asked.password, names }, asked.settings, ctx.log);
  return passwords.hash(asked.password);
}

interface Change {
  readonly own: UserSessionOf;
  readonly account: AccountRow;
  readonly passwordHash: string;
  readonly origin: ReturnType<typeof originOf>;
}

async function change(ctx: Context, deps: SignInDeps, { own, account, passwordHash, origin }: Change): Promise<void> {
  const ended = await ctx.db.transaction(async (tx) => {
    const inside = { ...ctx, db: tx };
    const locked = await lockAccount(tx, account.id);
    // Two changes at once: the second finds another password than the one it was checked against.
    if (locked?.passwordHash !== account.passwordHash) throw errors.password_wrong();
    await changeAccount(tx, account.id, { passwordHash }, ctx.nowMs);
    await deps.challenges.drop(tx, account.id, perAccount);
    const ids = await endUserSessions(tx, account.id, { except: own.sessionId });
    await audit(inside, {
      event: "password_changed",
      ...subjectOfSession(own),
      ...origin,
      detail: { ended: ids.length },
    });
    await tellOwner(inside, deps, account, { template: "passwordChanged", values: {} });
    return ids;
  });
  deps.forget(...ended.map((id) => `userSession:${id}`));
}

/** Sealed in the challenge; for an unknown address one that fits nobody. */
interface PendingReset {
  readonly accountId: string;
  readonly stamp: string;
}

function askResetRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/password/reset",
    name: "requestPasswordReset",
    access: "anyone",
    summary: "Ask for a new password by e-mail",
    description:
      "Sends a link and a code, good for 30 minutes. Answers the same, after the same work, for every address.",
    errors: ["auth_collection_not_found", "sign_in_throttled", "method_disabled", "email_not_configured"],
    body: z
      .strictObject({ collection: collectionName, email: userEmailSchema })
      .meta({ example: { email: "ann@example.com" } }),
    responses: {
      202: {
        description: "If the address is known, a mail is on its way.",
        schema: startedSchema,
        example: startedExample,
      },
    },
    handler: async (ctx, input) => {
      const { collection, settings } = await deps.target(ctx, input.body.collection);
      if (!settings.methods.password.enabled) throw errors.method_disabled({ params: { method: "password" } });
      deps.mailer.requireReady();
      const { email, emailKey } = emailHandle(input.body.email);
      const account = await accountByHandle(ctx.db, collection.id, { emailKey });
      await spendMail(ctx, { collectionId: collection.id, emailKey, account }, originOf(input).address);
      return { status: 202, json: await askReset(ctx, deps, { collection, email, account }) };
    },
  });
}

interface Asked {
  readonly collection: UserCollection;
  readonly email: string;
  readonly account: AccountRow | undefined;
}

async function askReset(ctx: Context, deps: SignInDeps, { collection, email, account }: Asked) {
  const isOpen = account !== undefined && account.suspendedAt === null;
  const stamp = stampOf(account ?? { id: randomUUID(), email, emailVerifiedAt: null, passwordHash: null });
  const data: PendingReset = { accountId: isOpen ? account.id : randomUUID(), stamp };
  return ctx.db.transaction(async (tx) => {
    // The account stands in what is sealed, not in the row: its foreign key would be looked up, which takes time.
    const made = await deps.challenges.make(
      tx,
      { purpose: "passwordReset", lifeMs: resetMs, collectionId: collection.id, withCode: true, withLink: true, data },
      ctx.nowMs,
    );
    const { code = "", link = "", expiresAtMs } = made;
    const mail = { template: "passwordReset", values: { code, link: linkTo(deps.publicUrl, "reset", link) } } as const;
    const to = isOpen ? account.email : null;
    await deps.mailer.queue(tx, { ...mail, to, locale: account?.locale ?? undefined, expiresAtMs }, ctx.nowMs);
    return { flow: made.secret, expiresAt: new Date(expiresAtMs).toISOString() };
  });
}

const resetBody = z
  .union([
    z.strictObject({ flow: flowSchema, code: codeSchema, password: newPasswordSchema }),
    z.strictObject({ token: secretSchema, password: newPasswordSchema }),
  ])
  .meta({ example: { flow: "lf_one_…", code: "123456", password: "staple of the north" } });

function resetRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/password/reset/confirm",
    name: "resetPassword",
    access: "anyone",
    summary: "Set a new password",
    description:
      "By the code and its flow, or by the link's token. Ends every session; second factors stay. Then the user signs in.",
    errors: ["code_invalid", "password_refused", "sign_in_throttled", "password_checks_busy"],
    body: resetBody,
    responses: { 204: { description: "Set." } },
    handler: async (ctx, input) => {
      const { body } = input;
      const origin = originOf(input);
      const attempt = await beginCode(ctx, origin.address);
      // A password that is refused must not cost the link, hence the look before.
      const secret = "token" in body ? body.token : body.flow;
      const looked = await deps.challenges.peek(ctx.db, "passwordReset", secret, ctx.nowMs);
      if (looked === undefined) throw errors.code_invalid();
      const passwordHash = await resetHash(ctx, deps, body.password, looked);
      if ("token" in body) {
        await ctx.db.transaction(async (tx) => {
          const spent = await deps.challenges.spend(tx, "passwordReset", body.token, ctx.nowMs);
          await reset({ ...ctx, db: tx }, deps, { spent, passwordHash, origin });
        });
      } else {
        // A wrong code costs its try whatever happens after.
        const given = { secret: body.flow, code: body.code };
        const spent = await deps.challenges.spendWithCode(ctx.db, "passwordReset", given, ctx.nowMs);
        await ctx.db.transaction((tx) => reset({ ...ctx, db: tx }, deps, { spent, passwordHash, origin }));
      }
      await attempt.succeeded();
      return { status: 204 };
    },
  });
}

async function resetHash(
  ctx: Context,
  deps: SignInDeps,
  password: string,
  { data, collectionId }: SpentChallenge,
): Promise<string> {
  if (collectionId === null) throw errors.code_invalid();
  const account = await accountById(ctx.db, (data as PendingReset).accountId);
  const settings = await deps.settingsOf(ctx.db, collectionId);
  const names = [account?.email, account?.username].filter((name) => typeof name === "string");
  await deps.policy.check({ password, names }, settings, ctx.log);
  return deps.passwords.hash(password);
}

interface Reset {
  readonly spent: SpentChallenge | undefined;
  readonly passwordHash: string;
  readonly origin: ReturnType<typeof originOf>;
}

async function reset(ctx: Context, deps: SignInDeps, { spent, passwordHash, origin }: Reset): Promise<void> {
  const pending = spent?.data as PendingReset | undefined;
  const account = pending && (await lockAccount(ctx.db, pending.accountId));
  if (account === undefined || account.suspendedAt !== null || stampOf(account) !== pending?.stamp)
    throw errors.code_invalid();
  const before = await proveEmail(ctx, account);
  await changeAccount(ctx.db, account.id, { passwordHash }, ctx.nowMs);
  await deps.challenges.drop(ctx.db, account.id, perAccount);
  const ended = [...before, ...(await endUserSessions(ctx.db, account.id))];
  await audit(ctx, { event: "password_reset", ...subjectOf(account), ...origin, detail: { ended: ended.length } });
  await tellOwner(ctx, deps, { ...account, emailVerifiedAt: account.emailVerifiedAt ?? new Date(ctx.nowMs) }, { template: "passwordChanged", values: {} }); // biome-ignore format: one line
  deps.forget(...ended.map((id) => `userSession:${id}`));
}
