// The public halves of the signing keys, where every JWT library looks for them (RFC 7517 §5).
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import type { TokenKeys } from "./token-key.ts";
import { usersTag } from "./user-routes.ts";

const example = {
  keys: [{ kty: "EC", crv: "P-256", x: "…", y: "…", kid: "0197a7d2-7c00-7000-8000-000000000021", alg: "ES256", use: "sig" }], // biome-ignore format: one key
};

export function jwksRoute(keys: TokenKeys): Route {
  return defineRoute({
    method: "GET",
    path: "/.well-known/jwks.json",
    name: "getJwks",
    tag: usersTag,
    access: "anyone",
    summary: "Get the keys that verify tokens",
    description: "A JSON Web Key Set (RFC 7517). Keys are there a day before they sign, and as long as anything they signed is alive.", // biome-ignore format: one line
    responses: {
      200: {
        description: "The keys.",
        schema: z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }),
        example,
      },
    },
    handler: async () => ({ status: 200, json: await keys.published(), cacheControl: "public, max-age=300" }),
  });
}
