// The second step of a sign-in: show a second factor, or set one up where it is required and missing. The first step's proof waits in
// the flow; a session is opened in the transaction that spends it, so one flow opens one session, whatever is sent at once.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { type AccountRow, accountById, lockAccount } from "./account-store.ts";
import { audit } from "./audit.ts";
import type { SpentChallenge } from "./challenge.ts";
import type { Origin } from "./device-store.ts";
import { errors } from "./errors.ts";
import type { FactorRouteDeps } from "./factor-routes.ts";
import { factorExamples, factorOfferSchema, newFactorName, recoveryCode, totpCode } from "./factor-types.ts";
import { givenPasskeySchema } from "./passkey-types.ts";
import { signedInAnswer, signInErrors } from "./sign-in-answer.ts";
import { type FactorFlow, factorsOf, openSession } from "./sign-in-finish.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { subjectOf } from "./user-session.ts";
import { userExamples, userSignedInSchema } from "./user-types.ts";

const flow = z.string().max(100).meta({ description: "As the first step answered it." });
const example = { flow: "lf_one_…", code: "123456" };

const factorBody = z
  .union([
    z.strictObject({ flow, code: totpCode }),
    z.strictObject({ flow, recoveryCode }),
    z.strictObject({ flow, passkey: givenPasskeySchema }),
  ])
  .meta({ example });
type FactorBody = z.output<typeof factorBody>;

const enrolledSchema = userSignedInSchema
  .extend({ recoveryCodes: z.array(z.string()) })
  .meta({ id: "EnrolledAndSignedIn", description: "A new session, and the recovery codes, which are shown once." });

const flowErrors = [...signInErrors, "flow_invalid"];

export function factorSignInRoutes(deps: FactorRouteDeps): Route[] {
  return [showRoute(deps), enrolRoute(deps), confirmEnrolRoute(deps)];
}

function showRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/factor",
    name: "signInWithFactor",
    access: "anyone",
    summary: "Show a second factor",
    description: 'The second step after an answer of `next: "factor"`: a code, a recovery code, or a passkey.',
    errors: [...flowErrors, "factor_wrong", "passkey_invalid"],
    body: factorBody,
    responses: { 200: { description: "Signed in.", schema: userSignedInSchema, example: userExamples.signedIn } },
    handler: async (ctx, input) => {
      const origin = originOf(input);
      const waiting = await attempt(ctx, deps, "factor", input.body.flow);
      const amr = await show(ctx, deps, waiting.account, input.body).catch(async (error: unknown) => {
        const detail = { step: "factor" };
        await audit(ctx, { event: "sign_in_failed", ...subjectOf(waiting.account), ...origin, detail });
        throw error;
      });
      const usedRecoveryCode = "recoveryCode" in input.body;
      const { collection, opened } = await ctx.db.transaction((tx) =>
        open({ ...ctx, db: tx }, deps, waiting, { origin, amr, usedRecoveryCode }),
      );
      return { status: 200, json: await signedInAnswer(ctx, deps, collection, opened) };
    },
  });
}

function enrolRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/enrol",
    name: "beginRequiredFactor",
    access: "anyone",
    summary: "Begin to set up a required second factor",
    description:
      'After an answer of `next: "enrol"`: the secret for an authenticator app, as text, address and QR code.',
    errors: [...flowErrors, "factor_limit"],
    body: z.strictObject({ flow, name: newFactorName }).meta({ example: { flow: example.flow } }),
    responses: { 201: { description: "Begun.", schema: factorOfferSchema, example: factorExamples.offer } },
    handler: async (ctx, { body }): Promise<Reply> => {
      const { account } = await waitingOf(ctx, await deps.challenges.peek(ctx.db, "enrol", body.flow, ctx.nowMs));
      await requireNone(ctx, account.id);
      const label = account.email ?? account.username ?? account.recordId;
      const made = { name: body.name, issuer: deps.issuer, label };
      const offer = await ctx.db.transaction((tx) =>
        deps.factors.begin({ ...ctx, db: tx }, { accountId: account.id }, made),
      );
      return { status: 201, json: offer };
    },
  });
}

function confirmEnrolRoute(deps: FactorRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: "/v1/auth/sign-in/enrol/confirm",
    name: "confirmRequiredFactor",
    access: "anyone",
    summary: "Confirm a required second factor",
    description: "By the first code of the authenticator app. Signs in, and answers the recovery codes.",
    errors: [...flowErrors, "factor_wrong", "factor_not_found"],
    body: z
      .strictObject({ flow, factor: z.string().min(1).max(64), code: totpCode })
      .meta({ example: { ...example, factor: factorExamples.factor.id } }),
    responses: {
      200: {
        description: "Signed in.",
        schema: enrolledSchema,
        example: { ...userExamples.signedIn, ...factorExamples.codes },
      },
    },
    handler: async (ctx, input) => {
      const origin = originOf(input);
      const { factor, code } = input.body;
      const waiting = await attempt(ctx, deps, "enrol", input.body.flow);
      const subject = { ...subjectOf(waiting.account), ...origin };
      const given = { id: factor, code };
      const done = await deps.factors.confirm(ctx, { accountId: waiting.account.id }, given, async (inside) => {
        await lockAccount(inside.db, waiting.account.id);
        await requireNone(inside, waiting.account.id);
        await audit(inside, { event: "factor_added", ...subject, detail: { factor, kind: "totp" } });
        return open(inside, deps, waiting, { origin, amr: ["otp", "mfa"] });
      });
      const { recoveryCodes, result } = done;
      return {
        status: 200,
        json: { ...(await signedInAnswer(ctx, deps, result.collection, result.opened)), recoveryCodes },
      };
    },
  });
}

/** What the first step left, and whose it is. */
interface Waiting {
  readonly purpose: "factor" | "enrol";
  readonly secret: string;
  readonly account: AccountRow;
  readonly first: FactorFlow;
}

/** Spends one of the flow's five tries. Rejects with `flow_invalid` (401). */
async function attempt(ctx: Context, deps: FactorRouteDeps, purpose: Waiting["purpose"], secret: string) {
  const found = await waitingOf(ctx, await deps.challenges.attempt(ctx.db, purpose, secret, ctx.nowMs));
  return { ...found, purpose, secret };
}

async function waitingOf(
  ctx: Context,
  challenge: SpentChallenge | undefined,
): Promise<Pick<Waiting, "account" | "first">> {
  const account = challenge?.accountId == null ? undefined : await accountById(ctx.db, challenge.accountId);
  if (challenge === undefined || account === undefined) throw errors.flow_invalid();
  return { account, first: challenge.data as FactorFlow };
}

/** What was proved, as RFC 8176 has it. */
async function show(
  ctx: Context,
  deps: FactorRouteDeps,
  account: AccountRow,
  body: FactorBody,
): Promise<readonly string[]> {
  if ("passkey" in body) return (await deps.passkeys.show(ctx, body.passkey, { accountId: account.id })).amr;
  await deps.factors.show(ctx, { accountId: account.id }, body);
  return ["otp", "mfa"];
}

interface Finish {
  readonly origin: Origin;
  readonly amr: readonly string[];
  readonly usedRecoveryCode?: boolean;
}

/** In the transaction that spends the flow. */
async function open(
  inside: Context,
  deps: FactorRouteDeps,
  waiting: Waiting,
  { origin, amr, usedRecoveryCode }: Finish,
) {
  const { account, first, purpose, secret } = waiting;
  const { collection, settings } = await deps.target(inside, deps.collectionName(account.collectionId) ?? "");
  const flow = await deps.challenges.spend(inside.db, purpose, secret, inside.nowMs);
  if (flow === undefined) throw errors.flow_invalid();
  if (usedRecoveryCode) await audit(inside, { event: "recovery_code_used", ...subjectOf(account), ...origin });
  const both = [...new Set([...first.amr, ...amr])];
  const { device, keyThumbprint } = first;
  const proof = { collection, settings, accountId: account.id, amr: both, origin, device, keyThumbprint };
  return { collection, opened: await openSession(inside, deps, proof) };
}

/** A flow from before the account had a second factor must not add another one: its holder has shown a password only (T28). */
async function requireNone(ctx: Context, accountId: string): Promise<void> {
  if ((await factorsOf(ctx.db, accountId, { isRequired: true })).length > 0) throw errors.flow_invalid();
}
