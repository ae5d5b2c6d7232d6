// Second factors: begin one, confirm it, show it. Guessing is limited in two ways that parallel tries cannot overspend: five tries
// a flow (challenge.ts) and ten an account, one of which comes back every minute; a right code gives its try back. A code by time
// counts once, a recovery code is gone when it was used.
import type { Context } from "../kernel/context.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { errors } from "./errors.ts";
import {
  beginFactor,
  begunFactor,
  confirmFactor,
  countRecoveryCodes,
  type FactorOwner,
  listFactors,
  ownerId,
  replaceRecoveryCodes,
  spendRecoveryCode,
  spendStep,
} from "./factor-store.ts";
import {
  newRecoveryCodes,
  newTotpSecret,
  recoveryCodeHash,
  type TotpOffer,
  totpOffer,
  totpStep,
} from "./factor-totp.ts";
import { spendLimit } from "./sign-in-limits.ts";
import { type Limit, refundLimit } from "./throttle.ts";

const accountLimit: Limit = { name: "factor.account", burst: 10, refillMs: 60_000 };
const factorsPerOwnerMax = 5;

export type GivenFactor = { readonly code: string } | { readonly recoveryCode: string };

export interface NewFactor {
  readonly name: string;
  /** Of the app, and of the account in it: what the authenticator app shows. */
  readonly issuer: string;
  readonly label: string;
}

export interface FirstCode {
  readonly id: string;
  readonly code: string;
}

export interface Confirmed<Result> {
  readonly recoveryCodes: readonly string[];
  readonly result: Result;
}

export interface Factors {
  /** In the caller's transaction. Rejects with `factor_limit` (422). */
  begin(ctx: Context, owner: FactorOwner, made: NewFactor): Promise<TotpOffer & { readonly id: string }>;
  /**
   * The first code of a begun factor. Gives the ten recovery codes when there are none yet, else an empty list. On the pool; what
   * must be true with it, `together`, runs in its transaction and before it, and may refuse. Rejects with `factor_not_found` (404),
   * `factor_wrong` (401), `sign_in_throttled` (429).
   */
  confirm<Result>(
    ctx: Context,
    owner: FactorOwner,
    given: FirstCode,
    together: (inside: Context) => Promise<Result>,
  ): Promise<Confirmed<Result>>;
  /** Passes when the code is right, and spends it. On the pool. Rejects with `factor_wrong` (401) or `sign_in_throttled` (429). */
  show(ctx: Context, owner: FactorOwner, given: GivenFactor): Promise<void>;
  /** Ten new ones; all from before are worth nothing. In the caller's transaction. */
  renewRecoveryCodes(ctx: Context, owner: FactorOwner): Promise<string[]>;
}

export function createFactors(masterKey: MasterKey): Factors {
  const secretOf = (id: string, sealed: string) => masterKey.open(sealed, context(id)).toString();

  async function showCode(ctx: Context, owner: FactorOwner, code: string): Promise<boolean> {
    for (const { id, sealed } of await listFactors(ctx.db, owner)) {
      const step = totpStep(secretOf(id, sealed), code, ctx.nowMs);
      if (step !== undefined && (await spendStep(ctx.db, id, step, ctx.nowMs))) return true;
    }
    return false;
  }

  async function renewRecoveryCodes(ctx: Context, owner: FactorOwner): Promise<string[]> {
    const codes = newRecoveryCodes();
    await replaceRecoveryCodes(ctx.db, owner, codes.map(recoveryCodeHash), ctx.nowMs);
    return codes;
  }

  return {
    renewRecoveryCodes,

    async begin(ctx, owner, { name, issuer, label }) {
      const there = await listFactors(ctx.db, owner);
      if (there.length >= factorsPerOwnerMax) throw errors.factor_limit({ params: { max: factorsPerOwnerMax } });
      const secret = newTotpSecret();
      const seal = (id: string) => masterKey.seal(secret, context(id));
      const id = await beginFactor(ctx.db, owner, { name, seal }, ctx.nowMs);
      return { id, ...totpOffer(secret, issuer, label) };
    },

    async confirm(ctx, owner, { id, code }, together) {
      await spendLimit(ctx, accountLimit, ownerId(owner));
      const begun = await begunFactor(ctx.db, owner, id);
      if (begun === undefined) throw errors.factor_not_found();
      const step = totpStep(secretOf(id, begun.sealed), code, ctx.nowMs);
      if (step === undefined) throw errors.factor_wrong();
      const confirmed = await ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        const result = await together(inside);
        if (!(await confirmFactor(tx, id, step, ctx.nowMs))) throw errors.factor_not_found();
        const hasCodes = (await countRecoveryCodes(tx, owner)) > 0;
        return { result, recoveryCodes: hasCodes ? [] : await renewRecoveryCodes(inside, owner) };
      });
      await refundLimit(ctx.db, accountLimit, ownerId(owner));
      return confirmed;
    },

    async show(ctx, owner, given) {
      await spendLimit(ctx, accountLimit, ownerId(owner));
      const right =
        "code" in given
          ? await showCode(ctx, owner, given.code)
          : await spendRecoveryCode(ctx.db, owner, recoveryCodeHash(given.recoveryCode));
      if (!right) throw errors.factor_wrong();
      await refundLimit(ctx.db, accountLimit, ownerId(owner));
    },
  };
}

const context = (id: string) => `factor:${id}`;
