// Sign-in by a mail: a link to follow, a code to type, or both, as an admin set it. An unknown address may make an account this
// way where sign-up is open; then the mail is the same, and so is everything else. Otherwise the work is the same, and nobody gets
// a mail (T17, T18).
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { Problem } from "../kernel/errors/index.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { emailHandle, namingHandles, stampOf, userEmailSchema } from "./account-handle.ts";
import { beginCode, linkTo, spendMail } from "./account-mail.ts";
import { proveEmail } from "./account-prove.ts";
import { type AccountRow, accountByHandle, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { SpentChallenge } from "./challenge.ts";
import type { DeviceInput } from "./device-store.ts";
import { errors } from "./errors.ts";
import { type SignInDeps, type SignInTarget, signInErrors } from "./sign-in-answer.ts";
import { finishSignIn, type Proof, signedInResponses } from "./sign-in-finish.ts";
import { givenBack, startedExample, startedSchema } from "./sign-in-flow.ts";
import { trySignUp } from "./sign-up.ts";
import { createUser, type UserCollection } from "./user-create.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { subjectOf } from "./user-session.ts";
import { collectionName, deviceInputSchema, localeSchema, profileSchema } from "./user-types.ts";

const lifeMs = 15 * 60_000;
const confirmPath = "/v1/auth/sign-in/email/confirm";

type Profile = { readonly [field: string]: unknown };

/** Sealed in the challenge. Of one size for known and unknown addresses. */
interface PendingSignIn {
  readonly email: string;
  readonly locale: string | null;
  readonly device?: DeviceInput | undefined;
  /** Of the user that is made when there is none. */
  readonly profile: Profile;
  /** Nobody's, and a stamp that fits none, for an unknown address. */
  readonly accountId: string;
  readonly stamp: string;
  /** What stood behind the address when it was asked. */
  readonly isKnown: boolean;
}

export function emailSignInRoutes(deps: SignInDeps): Route[] {
  return [askRoute(deps), confirmRoute(deps)];
}

function askRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/email",
    name: "requestEmailSignIn",
    access: "anyone",
    summary: "Send a sign-in link or code",
    description:
      "Good for 15 minutes. Answers the same for every address; where sign-up is open, an unknown one makes an account, with this profile.",
    errors: [
      ...["auth_collection_not_found", "sign_in_throttled", "method_disabled", "email_not_configured"],
      ...["profile_invalid", "profile_not_allowed"],
    ],
    body: z
      .strictObject({
        collection: collectionName,
        email: userEmailSchema,
        profile: profileSchema,
        locale: localeSchema,
        device: deviceInputSchema.optional(),
      })
      .meta({ example: { email: "ann@example.com" } }),
    responses: {
      202: {
        description: "If there is anything to send, it is on its way.",
        schema: startedSchema,
        example: startedExample,
      },
    },
    handler: async (ctx, input) => {
      const { email, locale, device, profile } = input.body;
      const { collection, settings } = await deps.target(ctx, input.body.collection);
      if (!isOn(settings)) throw errors.method_disabled({ params: { method: "e-mail" } });
      deps.mailer.requireReady();
      const { emailKey } = emailHandle(email);
      const account = await accountByHandle(ctx.db, collection.id, { emailKey });
      await spendMail(ctx, { collectionId: collection.id, emailKey, account }, originOf(input).address);
      const makes = await canMake(ctx, deps, { collection, settings }, profile);
      const isKnown = account !== undefined;
      const stamp = stampOf(account ?? { id: randomUUID(), email, emailVerifiedAt: null, passwordHash: null });
      const about = { email, locale: locale ?? null, device, profile };
      const data: PendingSignIn = { ...about, accountId: account?.id ?? randomUUID(), stamp, isKnown };
      const to = isKnown || makes ? (account?.email ?? email) : null;
      return {
        status: 202,
        json: await ask(ctx, deps, { collection, settings, to, data, locale: account?.locale ?? locale }),
      };
    },
  });
}

/** Whether an account could be made, asked for known addresses too. Without a profile that is no fault: then none is made. */
async function canMake(
  ctx: Context,
  deps: SignInDeps,
  { collection, settings }: SignInTarget,
  profile: Profile,
): Promise<boolean> {
  if (settings.signUp !== "open") return false;
  try {
    await trySignUp(ctx, deps, collection, { profile });
    return true;
  } catch (error) {
    if (Object.keys(profile).length > 0 || !(error instanceof Problem) || error.status >= 500) throw error;
    return false;
  }
}

const isOn = ({ methods }: AuthSettings) => methods.emailLink.enabled || methods.emailCode.enabled;

interface Asked {
  readonly collection: UserCollection;
  readonly settings: AuthSettings;
  readonly to: string | null;
  readonly data: PendingSignIn;
  readonly locale: string | undefined;
}

async function ask(ctx: Context, deps: SignInDeps, { collection, settings, to, data, locale }: Asked) {
  const { emailLink, emailCode } = settings.methods;
  return ctx.db.transaction(async (tx) => {
    const made = await deps.challenges.make(
      tx,
      { purpose: "signIn", lifeMs, collectionId: collection.id, withCode: true, withLink: emailLink.enabled, data },
      ctx.nowMs,
    );
    const values = {
      ...(emailCode.enabled && { code: made.code ?? "" }),
      ...(made.link !== undefined && { link: linkTo(deps.publicUrl, "link", made.link) }),
    };
    await deps.mailer.queue(
      tx,
      { to, template: "signInCode", locale, values, expiresAtMs: made.expiresAtMs },
      ctx.nowMs,
    );
    return { flow: made.secret, expiresAt: new Date(made.expiresAtMs).toISOString() };
  });
}

function confirmRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: confirmPath,
    name: "confirmEmailSignIn",
    access: "anyone",
    summary: "Sign in by a link or code",
    description:
      "By the code, together with the flow it was asked in; or by the link's token alone. Proves the address too.",
    errors: [...signInErrors, "code_invalid", "method_disabled", "handle_taken"],
    body: givenBack,
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const { body } = input;
      const origin = originOf(input);
      const keyThumbprint = await deps.provenKey(ctx, { headers: input.headers, method: "POST", path: confirmPath });
      const attempt = await beginCode(ctx, origin.address);
      // A wrong code costs its try whatever happens after, so this is not in the transaction.
      const spent =
        "token" in body
          ? await deps.challenges.spend(ctx.db, "signIn", body.token, ctx.nowMs)
          : await deps.challenges.spendWithCode(ctx.db, "signIn", { secret: body.flow, code: body.code }, ctx.nowMs);
      const reply = await ctx.db.transaction((tx) =>
        finish({ ...ctx, db: tx }, deps, { origin, keyThumbprint }, spent),
      );
      await attempt.succeeded();
      return reply;
    },
  });
}

async function finish(
  ctx: Context,
  deps: SignInDeps,
  from: Pick<Proof, "origin" | "keyThumbprint">,
  spent: SpentChallenge | undefined,
): Promise<Reply> {
  if (spent?.collectionId == null) throw errors.code_invalid();
  const pending = spent.data as PendingSignIn;
  const { collection, settings } = await deps.targetById(ctx, spent.collectionId);
  if (!isOn(settings)) throw errors.method_disabled({ params: { method: "e-mail" } });
  const account = await accountBehind(ctx, deps, { collection, settings }, pending);
  const ended = await proveEmail(ctx, account);
  deps.forget(...ended.map((id) => `userSession:${id}`));
  return finishSignIn(ctx, deps, {
    collection,
    settings,
    accountId: account.id,
    amr: ["otp"],
    ...from,
    device: pending.device,
  });
}

/** The account as it was when the mail was sent, or a new one; `code_invalid` when it has changed since. */
async function accountBehind(
  ctx: Context,
  deps: SignInDeps,
  { collection, settings }: SignInTarget,
  pending: PendingSignIn,
): Promise<AccountRow> {
  const handle = emailHandle(pending.email);
  const found = await accountByHandle(ctx.db, collection.id, { emailKey: handle.emailKey });
  const account = found && (await lockAccount(ctx.db, found.id));
  if (pending.isKnown && (account?.id !== pending.accountId || stampOf(account) !== pending.stamp))
    throw errors.code_invalid();
  if (account !== undefined) return account;
  if (settings.signUp !== "open") throw errors.code_invalid();
  const change = { email: handle, emailVerifiedAtMs: ctx.nowMs, locale: pending.locale };
  const row = await namingHandles(change, () =>
    createUser(ctx, deps.records, { collection, profile: pending.profile, account: change, by: "self" }),
  );
  await audit(ctx, { event: "signed_up", ...subjectOf(row) });
  return row;
}
