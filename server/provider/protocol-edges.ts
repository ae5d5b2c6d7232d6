// What happens around a request of the library: what it declines and we answer, what must follow a sign-out, and the one place
// where it fails on a request that is merely odd.
import type { EventEmitter } from "node:events";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { Logger } from "pino";
import type { SignedIn } from "./signed-in.ts";
import { type LookUpDeps, lookUpAccessToken } from "./token-look-up.ts";

export interface EdgeDeps extends LookUpDeps {
  readonly signedIn: SignedIn;
  readonly log: Logger;
}

export function surround(provider: Provider, deps: EdgeDeps): void {
  const { log } = deps;
  provider.on("server_error", (_ctx: unknown, error: Error) => log.error({ err: error }, "OAuth request failed"));
  // Koa's own event; the library's types do not know it.
  (provider as EventEmitter).on("error", (error: Error) => log.warn({ err: error }, "OAuth answer failed"));
  provider.use(async (given, next) => {
    const ctx = given as unknown as KoaContextWithOIDC;
    try {
      await next();
    } catch (error) {
      if (!beganWithAnError(ctx)) throw error;
      ctx.redirect(ctx.oidc.urlFor("code_verification"));
    }
    await lookUpAccessToken(deps, ctx);
    await afterSignOut(deps, ctx);
  });
}

/**
 * A form for a device's code that comes from a browser the library has no session of: it answers with the form once more, and
 * then fails to keep the session that the form needs. The page itself begins one.
 */
function beganWithAnError({ oidc }: KoaContextWithOIDC): boolean {
  const isDevice = oidc?.route === "code_verification" || oidc?.route === "device_resume";
  return isDevice && oidc.session !== undefined && oidc.session.exp === undefined;
}

/** Whoever says that they want to be signed out is: of the sign-in page too, which would let them in again at once. */
async function afterSignOut({ db, shared, signedIn, now }: EdgeDeps, ctx: KoaContextWithOIDC): Promise<void> {
  if (ctx.oidc?.route !== "end_session_confirm") return;
  const session = ctx.oidc.session as { readonly uid: string; readonly destroyed?: boolean } | undefined;
  const sessionId = session?.destroyed === true ? await signedIn.sessionOf(session.uid) : undefined;
  if (sessionId === undefined) return;
  const requestId = String(ctx.req.headers["x-request-id"] ?? "");
  await shared.endSession(db, { sessionId, event: "signed_out", by: `session:${sessionId}`, requestId, nowMs: now() });
}
