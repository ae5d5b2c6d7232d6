// Sign-in by a name and a password. Unknown name, wrong password, no password: one answer, one hash, one row in the record, so that
// neither words nor time tell which it was (T17, T18). Tries are limited before anything is looked up (sign-in-limits.ts).
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { emailHandle, userEmailSchema, usernameHandle } from "./account-handle.ts";
import { type AccountRow, accountByHandle, type Handle, lockAccount, rehashAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import { knowsAddress } from "./device-store.ts";
import { errors } from "./errors.ts";
import { type SignInDeps, signInErrors } from "./sign-in-answer.ts";
import { finishSignIn, type Proof, signedInResponses } from "./sign-in-finish.ts";
import { attemptLimits, beginAttempt } from "./sign-in-limits.ts";
import { givenPasswordSchema } from "./types.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { subjectOf } from "./user-session.ts";
import { collectionName, deviceInputSchema } from "./user-types.ts";

const limits = attemptLimits("userSignIn");
const path = "/v1/auth/sign-in";

const common = { collection: collectionName, password: givenPasswordSchema, device: deviceInputSchema.optional() };
const signInBody = z
  .union([
    z.strictObject({ ...common, email: userEmailSchema }),
    z.strictObject({ ...common, username: z.string().max(32).meta({ example: "ann" }) }),
  ])
  .meta({ example: { email: "ann@example.com", password: "correct horse battery" } });

export function passwordSignInRoute(deps: SignInDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path,
    name: "signIn",
    access: "anyone",
    summary: "Sign in with a password",
    description: "By e-mail address, or by user name where that is switched on.",
    errors: [...signInErrors, "method_disabled", "sign_in_failed", "email_unverified", "password_checks_busy"],
    body: signInBody,
    responses: signedInResponses,
    handler: async (ctx, input) => {
      const { body } = input;
      const target = await deps.target(ctx, body.collection);
      const { password: method, username } = target.settings.methods;
      if (!method.enabled) throw errors.method_disabled({ params: { method: "password" } });
      if ("username" in body && !username.enabled) throw errors.method_disabled({ params: { method: "username" } });
      const handle = "email" in body ? emailHandle(body.email) : usernameHandle(body.username);
      const keyThumbprint = await deps.provenKey(ctx, { headers: input.headers, method: "POST", path });
      const proof = { ...target, amr: ["pwd"], origin: originOf(input), device: body.device, keyThumbprint };
      return signInWithPassword(ctx, deps, proof, { handle, password: body.password });
    },
  });
}

interface Given {
  readonly handle: Handle;
  readonly password: string;
}

async function signInWithPassword(
  ctx: Context,
  deps: SignInDeps,
  proof: Omit<Proof, "accountId">,
  given: Given,
): Promise<Reply> {
  const { address } = proof.origin;
  const attempt = await beginAttempt(ctx, limits, address);
  const account = await accountByHandle(ctx.db, proof.collection.id, keyOf(given.handle));
  const isKnown = await knowsAddress(ctx.db, account?.id ?? "", address, ctx.nowMs);
  // By the account where there is one: its address and its user name are not two budgets.
  const subject = account?.id ?? `${proof.collection.id} ${JSON.stringify(keyOf(given.handle))}`;
  await attempt.aim({ subject, knownAs: isKnown ? account?.id : undefined });

  const isRight = await deps.passwords.verify(given.password, account?.passwordHash ?? null);
  if (!isRight || account === undefined) return refuse(ctx, proof, account);
  if (mustProveAddress(account, proof)) throw errors.email_unverified();
  const reply = await ctx.db.transaction(async (tx) => {
    // A password that changed between the check and now does not count any more.
    const locked = await lockAccount(tx, account.id);
    if (locked?.passwordHash !== account.passwordHash) throw errors.sign_in_failed();
    return finishSignIn({ ...ctx, db: tx }, deps, { ...proof, accountId: account.id });
  });
  await attempt.succeeded();
  await keepCostCurrent(ctx, deps, account, given.password);
  return reply;
}

const keyOf = (handle: Handle & { readonly email?: string; readonly username?: string }): Handle =>
  "emailKey" in handle
    ? { emailKey: handle.emailKey }
    : "usernameKey" in handle
      ? { usernameKey: handle.usernameKey }
      : handle;

const mustProveAddress = (account: AccountRow, { settings }: Pick<Proof, "settings">) =>
  settings.emailVerification === "required" && account.email !== null && account.emailVerifiedAt === null;

async function refuse(
  ctx: Context,
  { collection, origin }: Omit<Proof, "accountId">,
  account: AccountRow | undefined,
): Promise<never> {
  const subject = account === undefined ? { collectionId: collection.id } : subjectOf(account);
  await audit(ctx, { event: "sign_in_failed", ...subject, ...origin });
  ctx.log.warn({ event: "sign_in_failed", accountId: account?.id, address: origin.address }, "user sign-in failed");
  throw errors.sign_in_failed();
}

async function keepCostCurrent(
  ctx: Context,
  { passwords }: SignInDeps,
  { id, passwordHash }: AccountRow,
  password: string,
): Promise<void> {
  if (passwordHash === null || !passwords.isOutdated(passwordHash)) return;
  await rehashAccount(ctx.db, id, passwordHash, await passwords.hash(password));
}
