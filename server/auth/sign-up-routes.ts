// Sign-up with an e-mail address and a password: ask, and confirm by the code or by the link.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { userEmailSchema, usernameSchema } from "./account-handle.ts";
import { beginCode } from "./account-mail.ts";
import type { SpentChallenge } from "./challenge.ts";
import { errors } from "./errors.ts";
import { type SignInDeps, type SignInTarget, signInErrors } from "./sign-in-answer.ts";
import { finishSignIn, nextStepSchema, type Proof, signedInResponses } from "./sign-in-finish.ts";
import { codeSchema, flowSchema, secretSchema, startedExample, startedSchema } from "./sign-in-flow.ts";
import { spendLimit } from "./sign-in-limits.ts";
import { askSignUp, makeSignedUp, makeUser, type PendingSignUp, type SignUp, trySignUp } from "./sign-up.ts";
import type { Limit } from "./throttle.ts";
import { givenPasswordSchema, newPasswordSchema } from "./types.ts";
import { originOf, userRoute } from "./user-routes.ts";
import {
  collectionName,
  deviceInputSchema,
  localeSchema,
  profileSchema,
  userExamples,
  userSignedInSchema,
} from "./user-types.ts";

const signUpPath = "/v1/auth/sign-up";
const confirmPath = "/v1/auth/sign-up/confirm";

/** Each costs a hash: an address may ask for 30 at once and one more every 20 seconds. */
const addressLimit: Limit = { name: "signUp.address", burst: 30, refillMs: 20_000 };
/** The password beside a link: whoever only reads the mail must not guess it. */
const linkLimit: Limit = { name: "signUp.link", burst: 10, refillMs: 600_000 };

const signUpBody = z
  .strictObject({
    collection: collectionName,
    email: userEmailSchema,
    password: newPasswordSchema,
    username: usernameSchema.optional(),
    profile: profileSchema,
    locale: localeSchema,
    device: deviceInputSchema.optional(),
  })
  .meta({ example: { email: "ann@example.com", password: "correct horse battery", profile: { name: "Ann" } } });

export function signUpRoutes(deps: SignInDeps): Route[] {
  return [signUpRoute(deps), confirmRoute(deps)];
}

function signUpRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: signUpPath,
    name: "signUp",
    access: "anyone",
    summary: "Make an account",
    description:
      "Sends a code and a link to the address, and answers the same whether it is known or not. Where an admin made the confirmation optional, the user is there and signed in at once (201), and a known address is 409.",
    errors: [
      ...[
        "auth_collection_not_found",
        "sign_in_throttled",
        "dpop_invalid",
        "method_disabled",
        "sign_up_closed",
        "password_refused",
      ],
      ...["email_not_configured", "handle_taken", "profile_invalid", "profile_not_allowed", "password_checks_busy"],
    ],
    body: signUpBody,
    responses: {
      201: {
        description: "Signed up and in: confirmation is optional here.",
        schema: userSignedInSchema,
        example: userExamples.signedIn,
      },
      202: {
        description: "A mail is on its way; or, where confirmation is optional, a second factor is to be set up.",
        schema: z.union([startedSchema, nextStepSchema]),
        example: startedExample,
      },
    },
    handler: async (ctx, input) => {
      const target = await deps.target(ctx, input.body.collection);
      const required = target.settings.emailVerification === "required";
      requireOpen(target, input.body.username);
      if (required) deps.mailer.requireReady();
      const origin = originOf(input);
      const keyThumbprint = await deps.provenKey(ctx, { headers: input.headers, method: "POST", path: signUpPath });
      await spendLimit(ctx, addressLimit, origin.address);
      const signUp = await checkedSignUp(ctx, deps, target, input.body);
      if (required) return { status: 202, json: await askSignUp(ctx, deps, target, signUp, origin) };
      return signUpAtOnce(ctx, deps, target, signUp, { origin, keyThumbprint });
    },
  });
}

function requireOpen({ settings }: SignInTarget, username: string | undefined): void {
  if (settings.signUp !== "open") throw errors.sign_up_closed();
  if (!settings.methods.password.enabled) throw errors.method_disabled({ params: { method: "password" } });
  if (username !== undefined && !settings.methods.username.enabled)
    throw errors.method_disabled({ params: { method: "username" } });
}

/** Everything that may be refused is refused now, before a mail is sent, and whether or not the address is known. */
async function checkedSignUp(
  ctx: Context,
  deps: SignInDeps,
  { collection, settings }: SignInTarget,
  body: z.output<typeof signUpBody>,
): Promise<SignUp> {
  const { email, username, profile, locale, device, password } = body;
  const names = username === undefined ? [email] : [email, username];
  await deps.policy.check({ password, names }, settings, ctx.log);
  await trySignUp(ctx, deps, collection, { profile, username });
  return { email, username, profile, locale, device, passwordHash: await deps.passwords.hash(password) };
}

async function signUpAtOnce(
  ctx: Context,
  deps: SignInDeps,
  target: SignInTarget,
  signUp: SignUp,
  from: From,
): Promise<Reply> {
  const reply = await ctx.db.transaction(async (tx) => {
    const inside = { ...ctx, db: tx };
    const account = await makeUser(inside, deps, { collection: target.collection, signUp, emailVerifiedAtMs: null });
    return finishSignIn(inside, deps, {
      ...target,
      accountId: account.id,
      amr: ["pwd"],
      ...from,
      device: signUp.device,
    });
  });
  return reply.status === 200 ? { ...reply, status: 201 } : reply;
}

const byCode = z.strictObject({ flow: flowSchema, code: codeSchema });
const byLink = z.strictObject({ token: secretSchema, password: givenPasswordSchema });

function confirmRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: confirmPath,
    name: "confirmSignUp",
    access: "anyone",
    summary: "Confirm a sign-up",
    description:
      "By the code, typed in where the sign-up was asked for; or by the link, together with the password: a click alone, on a mail that somebody else caused, makes no account.",
    errors: [...signInErrors, "code_invalid", "handle_taken", "sign_in_failed", "password_checks_busy"],
    body: z.union([byCode, byLink]).meta({ example: { flow: "lf_one_…", code: "123456" } }),
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const origin = originOf(input);
      const keyThumbprint = await deps.provenKey(ctx, { headers: input.headers, method: "POST", path: confirmPath });
      const attempt = await beginCode(ctx, origin.address);
      const from = { origin, keyThumbprint };
      const reply = await ("token" in input.body ? confirmByLink(ctx, deps, from, input.body) : confirmByCode(ctx, deps, from, input.body)); // biome-ignore format: one line
      await attempt.succeeded();
      return reply;
    },
  });
}

/** Where the last step came from, and the key that it proved to have. */
type From = Pick<Proof, "origin" | "keyThumbprint">;

async function confirmByCode(
  ctx: Context,
  deps: SignInDeps,
  from: From,
  { flow, code }: z.output<typeof byCode>,
): Promise<Reply> {
  const spent = await deps.challenges.spendWithCode(ctx.db, "signUp", { secret: flow, code }, ctx.nowMs);
  return ctx.db.transaction((tx) => finish({ ...ctx, db: tx }, deps, from, spent));
}

async function confirmByLink(
  ctx: Context,
  deps: SignInDeps,
  from: From,
  { token, password }: z.output<typeof byLink>,
): Promise<Reply> {
  const found = await deps.challenges.peek(ctx.db, "signUp", token, ctx.nowMs);
  if (found === undefined) throw errors.code_invalid();
  await spendLimit(ctx, linkLimit, found.id);
  if (!(await deps.passwords.verify(password, (found.data as PendingSignUp).passwordHash)))
    throw errors.sign_in_failed();
  return ctx.db.transaction(async (tx) => {
    const spent = await deps.challenges.spend(tx, "signUp", token, ctx.nowMs);
    return finish({ ...ctx, db: tx }, deps, from, spent);
  });
}

async function finish(ctx: Context, deps: SignInDeps, from: From, spent: SpentChallenge | undefined): Promise<Reply> {
  if (spent?.collectionId == null || (spent.data as PendingSignUp).known) throw errors.code_invalid();
  const { collection, settings } = await deps.targetById(ctx, spent.collectionId);
  if (settings.signUp === "closed") throw errors.code_invalid();
  const account = await makeSignedUp(ctx, deps, collection, spent);
  const { device } = spent.data as PendingSignUp;
  return finishSignIn(ctx, deps, {
    collection,
    settings,
    accountId: account.id,
    amr: ["pwd"],
    ...from,
    device,
  });
}
