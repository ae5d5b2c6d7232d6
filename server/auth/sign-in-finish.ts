// The end of every way to sign in: whoever has proved who they are gets a session, or the next step when their account has a
// second factor that the proof did not include. No method opens a session by itself.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Reply, ResponseSpec } from "../kernel/http/route.ts";
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
    next: z.literal("factor"),
    flow: z.string().meta({ description: "For `POST /v1/auth/sign-in/factor`, within ten minutes." }),
    factors: z.array(z.enum(["totp", "recoveryCode", "passkey"])),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "SignInNext", description: "The sign-in needs one more step." });

const nextStep = {
  ...{ next: "factor", flow: "lf_one_…", factors: ["totp", "recoveryCode"] },
  expiresAt: "2026-01-01T00:10:00.000Z",
} as const;

/** The answers of every route that finishes a sign-in. */
export const signedInResponses: { readonly [status: number]: ResponseSpec } = {
  200: { description: "Signed in.", schema: userSignedInSchema, example: userExamples.signedIn },
  202: { description: "Right so far; a second factor is to be shown.", schema: nextStepSchema, example: nextStep },
};

/** A passkey with user verification is possession and knowledge in one (NIST SP 800-63B), so it needs no second step. */
const isStrong = (amr: readonly string[]) => amr.includes("mfa");

/** In the transaction that spent what was proved, if there is one: then nobody proves the same thing twice. */
export async function finishSignIn(ctx: Context, deps: SignInDeps, proof: Proof): Promise<Reply> {
  const factors = isStrong(proof.amr) ? [] : await factorsOf(ctx.db, proof.accountId);
  if (factors.length > 0) {
    const data: FactorFlow = { amr: proof.amr, device: proof.device, keyThumbprint: proof.keyThumbprint };
    const { secret, expiresAtMs } = await deps.challenges.make(
      ctx.db,
      { purpose: "factor", lifeMs: factorFlowMs, collectionId: proof.collection.id, accountId: proof.accountId, data },
      ctx.nowMs,
    );
    const expiresAt = new Date(expiresAtMs).toISOString();
    return { status: 202, json: { next: "factor", flow: secret, factors, expiresAt } };
  }
  const opened = await openSession(ctx, deps, proof);
  return { status: 200, json: await signedInAnswer(ctx, deps, proof.collection, opened) };
}

/** After the last step. */
export async function openSession(ctx: Context, deps: SignInDeps, proof: Proof): Promise<OpenedUserSession> {
  const { accountId, amr, device, keyThumbprint, origin, settings } = proof;
  return deps.sessions.open(ctx, { ...origin, accountId, amr, device, keyThumbprint }, settings);
}

/** Which second factors an account can show; a recovery code only stands in for another one. */
export async function factorsOf(db: Db, accountId: string): Promise<("totp" | "recoveryCode" | "passkey")[]> {
  const [row] = await db.query<{ totp: boolean; recoveryCode: boolean; passkey: boolean }>({
    name: "auth_factors_of",
    text: `SELECT EXISTS (SELECT FROM landfall.factor WHERE "accountId" = $1 AND "confirmedAt" IS NOT NULL) AS totp,
                  EXISTS (SELECT FROM landfall."recoveryCode" WHERE "accountId" = $1) AS "recoveryCode",
                  EXISTS (SELECT FROM landfall.passkey WHERE "accountId" = $1) AS passkey`,
    values: [accountId],
  });
  if (row?.totp !== true) return [];
  return (["totp", "passkey", "recoveryCode"] as const).filter((name) => row[name]);
}
