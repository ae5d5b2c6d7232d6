// Spends a try of an exact limit, or refuses with the time to wait.
import type { Context } from "../kernel/context.ts";
import { errors } from "./errors.ts";
import { type Limit, strictLimit } from "./throttle.ts";

/** On the pool, before anything is looked up or hashed: a try must not come back when a transaction rolls back. */
export async function spendLimit(
  ctx: Pick<Context, "db" | "nowMs" | "log">,
  limit: Limit,
  subject: string,
): Promise<void> {
  const verdict = await strictLimit(ctx.db, limit, subject, ctx.nowMs);
  if (verdict.allowed) return;
  ctx.log.warn({ event: "sign_in_throttled", limit: limit.name }, "attempt refused");
  throw errors.sign_in_throttled({ retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000) });
}
