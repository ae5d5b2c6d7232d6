// Limits of guessing, exact and shared by all processes, spent before anything is looked up or hashed:
//   per address            so many tries from one place, whomever they aim at
//   per account, strangers a few tries from everywhere else together
//   per account and an address it signed in from in the last 30 days: a few tries of its own
// An attacker who keeps the strangers' budget empty therefore never locks the owner out at home. A try that was right comes back.
import type { Context } from "../kernel/context.ts";
import { errors } from "./errors.ts";
import { type Limit, refundLimit, strictLimit } from "./throttle.ts";

type LimitContext = Pick<Context, "db" | "nowMs" | "log">;

export interface AttemptLimits {
  readonly address: Limit;
  readonly strangers: Limit;
  readonly known: Limit;
}

/** 30 tries an address, one back every 20 s; for an account 10, one back every minute, unless said otherwise. */
export function attemptLimits(
  name: string,
  account: Omit<Limit, "name"> = { burst: 10, refillMs: 60_000 },
): AttemptLimits {
  return {
    address: { name: `${name}.address`, burst: 30, refillMs: 20_000 },
    strangers: { name: `${name}.account`, ...account },
    known: { name: `${name}.known`, ...account },
  };
}

export interface Attempt {
  /** Spends a try at whom it aims. `knownAs`: the account's id, when it knows the address; `subject`: whatever names it to all. */
  aim(target: { readonly subject: string; readonly knownAs?: string | undefined }): Promise<void>;
  /** It was right: gives back what it spent. */
  succeeded(): Promise<void>;
}

/** Spends the address's try. Rejects with `sign_in_throttled` (429). On the pool, as below. */
export async function beginAttempt(ctx: LimitContext, limits: AttemptLimits, address: string): Promise<Attempt> {
  const spent: [Limit, string][] = [];
  const spend = async (limit: Limit, subject: string) => {
    await spendLimit(ctx, limit, subject);
    spent.push([limit, subject]);
  };
  await spend(limits.address, address);
  return {
    aim: ({ subject, knownAs }) =>
      knownAs === undefined ? spend(limits.strangers, subject) : spend(limits.known, `${knownAs} ${address}`),
    succeeded: async () => {
      for (const [limit, subject] of spent) await refundLimit(ctx.db, limit, subject);
    },
  };
}

/** On the pool, before anything is looked up or hashed: a try must not come back when a transaction rolls back. */
export async function spendLimit(ctx: LimitContext, limit: Limit, subject: string): Promise<void> {
  const verdict = await strictLimit(ctx.db, limit, subject, ctx.nowMs);
  if (verdict.allowed) return;
  ctx.log.warn({ event: "sign_in_throttled", limit: limit.name }, "attempt refused");
  throw errors.sign_in_throttled({ retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000) });
}
