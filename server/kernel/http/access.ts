// May this actor use this route at all? What it may see inside is the rule engine's question.
import type { Actor } from "../actor.ts";
import { kernelErrors } from "../errors/kernel.ts";
import type { Access, Route } from "./route.ts";

/** Throws 401 or 403, or returns. */
export function checkAccess(route: Pick<Route, "access" | "method" | "safe">, actor: Actor): void {
  if (actor.kind === "anonymous") {
    if (route.access !== "anyone") throw kernelErrors.credential_required();
    return;
  }
  if (actor.scope?.readOnly && route.method !== "GET" && !route.safe) throw kernelErrors.credential_read_only();
  if (route.access === "anyone" || route.access === "signedIn") return;
  if (isAdmin(actor)) return;
  if (route.access === "admin" || actor.kind !== "key") throw kernelErrors.not_allowed();
  if (!actor.scope?.extra.includes(route.access)) throw kernelErrors.scope_missing({ params: { scope: route.access } });
}

/** Admins and the service, unless their credential is narrowed. */
export function isAdmin(actor: Actor): boolean {
  return (actor.kind === "admin" || actor.kind === "service") && actor.scope === undefined;
}

/** Whether the actor may use what needs this extra scope. */
export function hasScope(actor: Actor, scope: Exclude<Access, "anyone" | "signedIn" | "admin">): boolean {
  return isAdmin(actor) || (actor.kind === "key" && (actor.scope?.extra.includes(scope) ?? false));
}
