// Before a change that takes an account away from its owner: somebody who found an open session must not be able to.
import type { Context } from "../kernel/context.ts";
import type { AuthSettings } from "./auth-settings.ts";
import { errors } from "./errors.ts";
import type { UserSessionOf } from "./user-kind.ts";

/** Throws `step_up_required` (401) or `impersonation_refused` (403). */
export function requireRecentSignIn(ctx: Context, own: UserSessionOf, settings: AuthSettings): void {
  requireOwner(own);
  if (ctx.nowMs - own.authenticatedAtMs > settings.session.stepUpMinutes * 60_000) throw errors.step_up_required();
}

/** An admin who looks at an app as its user sees it changes nothing that lets people in. */
export function requireOwner(own: UserSessionOf): void {
  if (own.impersonatedBy !== null) throw errors.impersonation_refused();
}
