// The provider's switches, for admins.
import { z } from "zod";
import { audit, originOf } from "../auth/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { clientTag } from "./client-routes.ts";
import { readSettings, writeSettings } from "./settings.ts";

const schema = z
  .object({ registration: z.boolean().meta({ description: "Programs may register themselves (RFC 7591)." }) })
  .meta({ id: "OAuthSettings", description: "What the OAuth provider lets happen." });
const example = { registration: false };
const common = { tag: clientTag, access: "admin", idempotent: false, cache: "no-store" } as const;

export function settingsRoutes(): Route[] {
  return [
    defineRoute({
      ...common,
      method: "GET",
      path: "/v1/oauth/settings",
      name: "getOAuthSettings",
      summary: "Show the provider's switches",
      responses: { 200: { description: "The switches.", schema, example } },
      handler: async (ctx) => ({ status: 200, json: await readSettings(ctx.db) }),
    }),
    defineRoute({
      ...common,
      method: "PATCH",
      path: "/v1/oauth/settings",
      name: "changeOAuthSettings",
      summary: "Turn the provider's switches",
      description: "Every process takes a change within two seconds.",
      body: z.strictObject({ registration: z.boolean().optional() }).meta({ example: { registration: true } }),
      responses: { 200: { description: "Changed.", schema, example: { registration: true } } },
      handler: async (ctx, input) => {
        const { registration } = input.body;
        const settings = await ctx.db.transaction(async (tx) => {
          const before = await readSettings(tx);
          const after = { ...before, ...(registration !== undefined && { registration }) };
          await writeSettings(tx, after);
          await audit({ ...ctx, db: tx }, { event: "settings_changed", ...originOf(input), detail: { oauth: after } });
          return after;
        });
        return { status: 200, json: settings };
      },
    }),
  ];
}
