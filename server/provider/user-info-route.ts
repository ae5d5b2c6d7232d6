// UserInfo (OpenID Connect Core §5.3) as an ordinary route: a client's access token is a credential like every other, so that
// what ends its session ends this too, and nothing is looked up twice.
import { accountById, type SharedSignIn, userRoute } from "../auth/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { errors } from "./errors.ts";
import { userInfoPath } from "./protocol-configuration.ts";
import { examples, userInfoSchema } from "./types.ts";
import { userClaims } from "./user-claims.ts";

export function userInfoRoutes(shared: SharedSignIn): Route[] {
  return [
    defineRoute({
      ...userRoute,
      method: "GET",
      path: userInfoPath,
      name: "getUserInfo",
      access: "signedIn",
      summary: "Tell a client about its user",
      description: "For programs that signed a user in by OpenID Connect, with their access token; it must carry the scope `openid`.", // biome-ignore format: one line
      errors: ["scope_not_granted", "credential_invalid"],
      responses: { 200: { description: "The claims.", schema: userInfoSchema, example: examples.userInfo } },
      handler: async (ctx) => {
        const client = shared.clientSessionOf(ctx.actor);
        if (client === undefined || !client.scopes.includes("openid"))
          throw errors.scope_not_granted({ params: { scope: "openid" } });
        const session = await shared.liveSession(ctx.db, client.sessionId, ctx.nowMs);
        const account = session && (await accountById(ctx.db, session.accountId));
        if (session === undefined || account === undefined) throw shared.credentialInvalid();
        const record = await shared.recordOf(ctx, session);
        return { status: 200, json: userClaims(account, record, client.scopes) };
      },
    }),
  ];
}
