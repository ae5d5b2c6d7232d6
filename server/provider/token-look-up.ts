// Introspection (RFC 7662) and revocation (RFC 7009) of access tokens. The library leaves JWTs to whoever verifies them; here one
// is alive only as long as its session, so services may ask, and a client that has nothing else gives its access token back.
import type { Client, KoaContextWithOIDC } from "oidc-provider";
import type { SharedSignIn } from "../auth/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { clientById } from "./client-store.ts";

export interface LookUpDeps {
  readonly db: Db;
  readonly shared: SharedSignIn;
  readonly now: () => number;
  /** Ends the session that a grant is. */
  readonly endGrant: (grantId: string) => Promise<void>;
}

/** After the library, which has authenticated the client and then declined. */
export async function lookUpAccessToken(deps: LookUpDeps, ctx: KoaContextWithOIDC): Promise<void> {
  const { route, client, params } = ctx.oidc ?? {};
  const isLookUp = route === "introspection" || route === "revocation";
  const declined = (ctx.body as { readonly error?: unknown } | undefined)?.error === "unsupported_token_type";
  if (!isLookUp || !declined || client === undefined) return;
  const found = await liveToken(deps, String(params?.token));
  ctx.status = 200;
  if (route === "introspection") ctx.body = (await mayAsk(deps, client, found)) ? found : { active: false };
  else {
    ctx.body = "";
    if (found?.client_id === client.clientId && !found.sid.startsWith("client:")) await deps.endGrant(found.sid);
  }
}

/** Its own tokens; a program that acts for itself is a service, which asks about those that it is handed. */
async function mayAsk({ db }: LookUpDeps, client: Client, found: LiveToken | undefined): Promise<boolean> {
  if (found === undefined) return false;
  return found.client_id === client.clientId || (await clientById(db, client.clientId))?.type === "machine";
}

interface LiveToken {
  readonly active: true;
  readonly sub: string;
  readonly client_id: string;
  readonly sid: string;
  readonly exp: number;
  readonly iss: string;
  readonly aud: string;
  readonly token_type: "Bearer" | "DPoP";
  readonly scope?: string;
  readonly cnf?: { readonly jkt: string };
}

async function liveToken({ db, shared, now }: LookUpDeps, token: string): Promise<LiveToken | undefined> {
  const { issuer, audience } = shared.accessTokens;
  const claims = await shared.accessTokens.verify(token);
  if (claims?.clientId === undefined) return undefined;
  const { subject, sessionId, clientId, scope, keyThumbprint: jkt } = claims;
  const live = sessionId.startsWith("client:")
    ? (await clientById(db, clientId))?.type === "machine"
    : (await shared.liveSession(db, sessionId, now()))?.account.recordId === subject;
  if (!live) return undefined;
  return {
    ...{ active: true, sub: subject, client_id: clientId, sid: sessionId, exp: Math.floor(claims.expiresAtMs / 1000) },
    ...{ iss: issuer, aud: audience, token_type: jkt === undefined ? "Bearer" : "DPoP" },
    ...(scope !== undefined && { scope }),
    ...(jkt !== undefined && { cnf: { jkt } }),
  };
}
