// A user's own e-mail address: confirmed while signed in, and changed with the word of both sides, the old address first. Codes
// only, typed into the session that asked: a link would let somebody else's click agree.
//
//   ask ── old address is proved ──> code to the old one ──> code to the new one ──> changed
//    '──── there is none ──────────────────────────────────────^
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { emailHandle, namingHandles, userEmailSchema } from "./account-handle.ts";
import { beginCode, signInPage, spendMail } from "./account-mail.ts";
import { type AccountRow, accountByHandle, accountById, changeAccount, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import { perAccount } from "./challenge.ts";
import { errors } from "./errors.ts";
import type { SignInDeps } from "./sign-in-answer.ts";
import { codeSchema, flowSchema, startedExample, startedSchema } from "./sign-in-flow.ts";
import { recentErrors, requireOwner, requireRecentSignIn } from "./step-up.ts";
import type { UserSessionOf } from "./user-kind.ts";
import { originOf, ownSession, sessionErrors, subjectOfSession, userRoute } from "./user-routes.ts";
import { accountSchema, userExamples } from "./user-types.ts";
import { accountView } from "./user-views.ts";

const lifeMs = 30 * 60_000;

interface PendingChange {
  readonly email: string;
  readonly step: "old" | "new";
  /** The new address has an account: no code was sent, and none counts. */
  readonly known: boolean;
}

type Origin = ReturnType<typeof originOf>;

export function emailChangeRoutes(deps: SignInDeps): Route[] {
  return [askRoute(deps), confirmRoute(deps), askVerifyRoute(deps), verifyRoute(deps)];
}

const started = { description: "A mail is on its way.", schema: startedSchema, example: startedExample };
const codeBody = z
  .strictObject({ flow: flowSchema, code: codeSchema })
  .meta({ example: { flow: "lf_one_…", code: "123456" } });

function askRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/email",
    name: "changeEmail",
    access: "signedIn",
    summary: "Change your e-mail address",
    description:
      "Sends a code to the address of now, then one to the new one; the confirmation takes both, one after the other. Answers the same whether the new address is known or not.",
    errors: [...sessionErrors, ...recentErrors, "sign_in_throttled", "email_not_configured"],
    body: z.strictObject({ email: userEmailSchema }).meta({ example: { email: "ann@new.example" } }),
    responses: { 202: started },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      await requireRecentSignIn(ctx, own, await deps.settingsOf(ctx.db, own.collectionId));
      deps.mailer.requireReady();
      const account = await accountOf(ctx, own);
      const step = account.emailVerifiedAt === null ? "new" : "old";
      return ask(ctx, deps, { account, email: input.body.email, step, origin: originOf(input) });
    },
  });
}

async function accountOf(ctx: Context, own: UserSessionOf): Promise<AccountRow> {
  const account = await accountById(ctx.db, own.accountId);
  if (account === undefined) throw errors.credential_invalid();
  return account;
}

interface Asked {
  readonly account: AccountRow;
  readonly email: string;
  readonly step: "old" | "new";
  readonly origin: Origin;
}

/** A code to one side. */
async function ask(ctx: Context, deps: SignInDeps, { account, email, step, origin }: Asked): Promise<Reply> {
  const other = await accountByHandle(ctx.db, account.collectionId, { emailKey: emailHandle(email).emailKey });
  const to = step === "old" ? (account.email ?? email) : email;
  const side = step === "old" ? account : other;
  await spendMail(
    ctx,
    { collectionId: account.collectionId, emailKey: emailHandle(to).emailKey, account: side },
    origin.address,
  );
  const known = step === "new" && other !== undefined && other.id !== account.id;
  return ctx.db.transaction(async (tx) => {
    const data: PendingChange = { email, step, known };
    const made = await deps.challenges.make(
      tx,
      {
        purpose: "emailChange",
        lifeMs,
        collectionId: account.collectionId,
        accountId: account.id,
        withCode: true,
        data,
      },
      ctx.nowMs,
    );
    const mail = known
      ? ({ template: "signUpKnown", values: { link: signInPage(deps.publicUrl) } } as const)
      : ({ template: "emailChange", values: { code: made.code ?? "", newEmail: email } } as const);
    const locale = account.locale ?? undefined;
    await deps.mailer.queue(tx, { ...mail, to, locale, expiresAtMs: made.expiresAtMs }, ctx.nowMs);
    return { status: 202, json: { flow: made.secret, expiresAt: new Date(made.expiresAtMs).toISOString() } };
  });
}

function confirmRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/email/confirm",
    name: "confirmEmailChange",
    access: "signedIn",
    summary: "Confirm a change of address",
    description:
      "After the old address's code: 202, and a code for the new one goes out. After that: 200, and the address is changed.",
    errors: [
      ...sessionErrors,
      "code_invalid",
      "handle_taken",
      "impersonation_refused",
      "sign_in_throttled",
      "email_not_configured",
    ],
    body: codeBody,
    responses: {
      200: { description: "Changed.", schema: accountSchema, example: userExamples.account },
      202: started,
    },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      requireOwner(own);
      const origin = originOf(input);
      const attempt = await beginCode(ctx, origin.address);
      const given = { secret: input.body.flow, code: input.body.code };
      const spent = await deps.challenges.spendWithCode(ctx.db, "emailChange", given, ctx.nowMs);
      const pending = spent?.data as PendingChange | undefined;
      if (pending === undefined || pending.known || spent?.accountId !== own.accountId) throw errors.code_invalid();
      await attempt.succeeded();
      const account = await accountOf(ctx, own);
      if (pending.step === "old") return ask(ctx, deps, { account, email: pending.email, step: "new", origin });
      return { status: 200, json: await change(ctx, deps, { own, email: pending.email, origin }) };
    },
  });
}

interface Change {
  readonly own: UserSessionOf;
  readonly email: string;
  readonly origin: Origin;
}

async function change(ctx: Context, deps: SignInDeps, { own, email, origin }: Change): Promise<object> {
  return ctx.db.transaction(async (tx) => {
    const inside = { ...ctx, db: tx };
    const before = await lockAccount(tx, own.accountId);
    if (before === undefined) throw errors.credential_invalid();
    const next = { email: emailHandle(email), emailVerifiedAtMs: ctx.nowMs };
    await namingHandles(next, () => changeAccount(tx, before.id, next, ctx.nowMs));
    await deps.challenges.drop(tx, before.id, perAccount);
    await audit(inside, { event: "email_changed", ...subjectOfSession(own), ...origin });
    if (before.email !== null && before.emailVerifiedAt !== null) {
      const mail = { template: "emailChanged", values: { newEmail: email }, to: before.email } as const;
      await deps.mailer.queue(tx, { ...mail, locale: before.locale ?? undefined }, ctx.nowMs);
    }
    return accountView(await accountOf(inside, own));
  });
}

function askVerifyRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/email/verify",
    name: "requestEmailVerification",
    access: "signedIn",
    summary: "Send a code to confirm your address",
    description:
      "For an account that was made without: the code goes to its own address, and is typed into this session.",
    errors: [...sessionErrors, "email_not_verifiable", "sign_in_throttled", "email_not_configured"],
    body: z.strictObject({}).meta({ example: {} }),
    responses: { 202: started },
    handler: async (ctx, input) => {
      deps.mailer.requireReady();
      const account = await accountOf(ctx, ownSession(deps, ctx.actor));
      const { email, collectionId } = account;
      if (email === null || account.emailVerifiedAt !== null) throw errors.email_not_verifiable();
      await spendMail(ctx, { collectionId, emailKey: emailHandle(email).emailKey, account }, originOf(input).address);
      return ctx.db.transaction(async (tx) => {
        const made = await deps.challenges.make(
          tx,
          { purpose: "emailVerify", lifeMs, collectionId, accountId: account.id, withCode: true, data: { email } },
          ctx.nowMs,
        );
        const mail = { to: email, template: "emailVerify", values: { code: made.code ?? "" } } as const;
        await deps.mailer.queue(
          tx,
          { ...mail, locale: account.locale ?? undefined, expiresAtMs: made.expiresAtMs },
          ctx.nowMs,
        );
        return { status: 202, json: { flow: made.secret, expiresAt: new Date(made.expiresAtMs).toISOString() } };
      });
    },
  });
}

/** Whoever types the code here has the session and reads the mail: nothing that came before is somebody else's. */
function verifyRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/email/verify/confirm",
    name: "verifyEmail",
    access: "signedIn",
    summary: "Confirm your address",
    description: "With the code, in the session that asked for it. Unlike a proof from elsewhere, it ends nothing.",
    errors: [...sessionErrors, "code_invalid", "sign_in_throttled"],
    body: codeBody,
    responses: { 200: { description: "Confirmed.", schema: accountSchema, example: userExamples.account } },
    handler: async (ctx, input) => {
      const own = ownSession(deps, ctx.actor);
      const origin = originOf(input);
      const attempt = await beginCode(ctx, origin.address);
      const given = { secret: input.body.flow, code: input.body.code };
      const spent = await deps.challenges.spendWithCode(ctx.db, "emailVerify", given, ctx.nowMs);
      if (spent === undefined || spent.accountId !== own.accountId) throw errors.code_invalid();
      await attempt.succeeded();
      const account = await ctx.db.transaction(async (tx) => {
        const locked = await lockAccount(tx, own.accountId);
        if (locked === undefined || locked.email !== (spent.data as { email: string }).email)
          throw errors.code_invalid();
        await changeAccount(tx, locked.id, { emailVerifiedAtMs: ctx.nowMs }, ctx.nowMs);
        await audit({ ...ctx, db: tx }, { event: "email_verified", ...subjectOfSession(own), ...origin });
        return accountOf({ ...ctx, db: tx }, own);
      });
      return { status: 200, json: accountView(account) };
    },
  });
}
