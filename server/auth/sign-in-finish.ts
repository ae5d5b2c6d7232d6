// The end of every way to sign in: whoever has proved who they are gets a session, or the next step when their account has a
// second factor that the proof did not include. No method opens a session by itself.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Reply, ResponseSpec } from "../kernel/http/route.ts";
import { tellOwner } from "./account-mail.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { DeviceInput, Origin } from "./device-store.ts";
import { type SignInDeps, signedInAnswer } from "./sign-in-answer.ts";
import type { UserCollection } from "./user-create.ts";
import type { OpenedUserSession } from "./user-session.ts";
import { userExamples, userSignedInSchema } from "./user-types.ts";

/** What a method has found out. */
export interface Proof {
  readonly collection: UserCollection;
  readonly settings: AuthSettings;
  readonly accountId: string;
  /** RFC 8176 values of what was proved: `pwd`, `otp`, `hwk`, `fed`. */
  readonly amr: readonly string[];
  readonly origin: Origin;
  readonly device?: DeviceInput | undefined;
  readonly keyThumbprint?: string | undefined;
}

/** In the challenge between the first and the second step. */
export interface FactorFlow {
  readonly amr: readonly string[];
  readonly device?: DeviceInput | undefined;
  readonly keyThumbprint?: string | undefined;
}

export const factorFlowMs = 10 * 60_000;

export const nextStepSchema = z
  .object({
    next: z.enum(["factor", "enrol"]).meta({
      description: "`factor`: show one of `factors`. `enrol`: the account needs a second factor and has none yet.",
    }),
    flow: z.string().meta({
      description: "For `POST /v1/auth/sign-in/factor`, or `POST /v1/auth/sign-in/enrol`, within ten minutes.",
    }),
    factors: z.array(z.enum(["totp", "recoveryCode", "passkey"])),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "SignInNext", description: "The sign-in needs one more step." });

const nextStepExample = {
  ...{ next: "factor", flow: "lf_one_…", factors: ["totp", "recoveryCode"] },
  expiresAt: "2026-01-01T00:10:00.000Z",
} as const;

/** The answers of every route that finishes a sign-in. */
export const signedInResponses: { readonly [status: number]: ResponseSpec } = {
  200: { description: "Signed in.", schema: userSignedInSchema, example: userExamples.signedIn },
  202: {
    description: "Right so far; a second factor is to be shown.",
    schema: nextStepSchema,
    example: nextStepExample,
  },
};

/** A passkey with user verification is possession and knowledge in one (NIST SP 800-63B), so it needs no second step. */
const isStrong = (amr: readonly string[]) => amr.includes("mfa");

/** In the transaction that spent what was proved, if there is one: then nobody proves the same thing twice. */
export async function finishSignIn(ctx: Context, deps: SignInDeps, proof: Proof): Promise<Reply> {
  const isRequired = proof.settings.factors.policy === "required";
  const factors = isStrong(proof.amr) ? [] : await factorsOf(ctx.db, proof.accountId, { isRequired });
  if (factors.length > 0) return nextStep(ctx, deps, proof, { next: "factor", factors });
  if (isRequired && !isStrong(proof.amr)) return nextStep(ctx, deps, proof, { next: "enrol", factors });
  const opened = await openSession(ctx, deps, proof);
  return { status: 200, json: await signedInAnswer(ctx, deps, proof.collection, opened) };
}

interface NextStep {
  readonly next: "factor" | "enrol";
  readonly factors: readonly FactorName[];
}

async function nextStep(ctx: Context, deps: SignInDeps, proof: Proof, step: NextStep): Promise<Reply> {
  const { amr, device, keyThumbprint, accountId, collection } = proof;
  const data: FactorFlow = { amr, device, keyThumbprint };
  const flow = { purpose: step.next, lifeMs: factorFlowMs, collectionId: collection.id, accountId, data };
  const { secret, expiresAtMs } = await deps.challenges.make(ctx.db, flow, ctx.nowMs);
  return { status: 202, json: { ...step, flow: secret, expiresAt: new Date(expiresAtMs).toISOString() } };
}

/** After the last step. */
export async function openSession(ctx: Context, deps: SignInDeps, proof: Proof): Promise<OpenedUserSession> {
  const { accountId, amr, device, keyThumbprint, origin, settings } = proof;
  const opened = await deps.sessions.open(ctx, { ...origin, accountId, amr, device, keyThumbprint }, settings);
  if (opened.deviceIsNew && settings.session.newDeviceMail) await tellNewDevice(ctx, deps, opened, proof);
  return opened;
}

/** Not at the first sign-in of all: that device is no news. */
async function tellNewDevice(
  ctx: Context,
  deps: SignInDeps,
  { account }: OpenedUserSession,
  { device, origin }: Proof,
): Promise<void> {
  if (account.lastSignInAt === null) return;
  const at = `${new Date(ctx.nowMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const values = { deviceName: device?.name ?? origin.agent, address: origin.address, at };
  await tellOwner(ctx, deps, account, { template: "newDevice", values });
}

export type FactorName = "totp" | "passkey" | "recoveryCode";

/**
 * Which second factors an account can show. A recovery code only stands in for another one, and a passkey asks for itself only
 * where a second factor is required: who merely has one may go on signing in without.
 */
export async function factorsOf(
  db: Db,
  accountId: string,
  { isRequired }: { readonly isRequired: boolean },
): Promise<FactorName[]> {
  const [row] = await db.query<Record<FactorName, boolean>>({
    name: "auth_factors_of",
    text: `SELECT EXISTS (SELECT FROM landfall.factor WHERE "accountId" = $1 AND "confirmedAt" IS NOT NULL) AS totp,
                  EXISTS (SELECT FROM landfall."recoveryCode" WHERE "accountId" = $1) AS "recoveryCode",
                  EXISTS (SELECT FROM landfall.passkey WHERE "accountId" = $1) AS passkey`,
    values: [accountId],
  });
  if (row === undefined || !(row.totp || (isRequired && row.passkey))) return [];
  return (["totp", "passkey", "recoveryCode"] as const).filter((name) => row[name]);
}
