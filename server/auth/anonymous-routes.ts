// Sign-in without a name: a user that an app can give data to at once, and that becomes an account of a person later without
// losing any of it.
import { z } from "zod";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { errors } from "./errors.ts";
import { type SignInDeps, signedInAnswer, signInErrors } from "./sign-in-answer.ts";
import { spendLimit } from "./sign-in-limits.ts";
import type { Limit } from "./throttle.ts";
import { createUser } from "./user-create.ts";
import { originOf, userRoute } from "./user-routes.ts";
import { collectionName, deviceInputSchema, userExamples, userSignedInSchema } from "./user-types.ts";

/** Each one is a record: an address may make 30 at once and one more every 20 seconds. */
const addressLimit: Limit = { name: "anonymous.address", burst: 30, refillMs: 20_000 };

const path = "/v1/auth/sign-in/anonymous";

export function anonymousRoutes(deps: SignInDeps): Route[] {
  return [
    defineRoute({
      ...userRoute,
      method: "POST",
      path,
      name: "signInAnonymously",
      access: "anyone",
      summary: "Sign in without a name",
      description: "Makes a user that nobody can sign in to again elsewhere, until they add a way to do so.",
      errors: [...signInErrors, "method_disabled"],
      body: z.strictObject({ collection: collectionName, device: deviceInputSchema.optional() }).meta({ example: {} }),
      responses: { 201: { description: "Signed in.", schema: userSignedInSchema, example: userExamples.signedIn } },
      handler: async (ctx, input) => {
        const { collection, settings } = await deps.target(ctx, input.body.collection);
        if (!settings.methods.anonymous.enabled) throw errors.method_disabled({ params: { method: "anonymous" } });
        const origin = originOf(input);
        const { headers } = input;
        const keyThumbprint = await deps.provenKey(ctx, { headers, method: "POST", path });
        await spendLimit(ctx, addressLimit, origin.address);
        const opened = await ctx.db.transaction(async (tx) => {
          const inside = { ...ctx, db: tx };
          const account = { anonymous: true };
          const { id } = await createUser(inside, deps.records, { collection, profile: {}, account, by: "system" });
          const request = { ...origin, accountId: id, amr: ["anon"], device: input.body.device, keyThumbprint };
          return deps.sessions.open(inside, request, settings);
        });
        return { status: 201, json: await signedInAnswer(ctx, deps, collection, opened) };
      },
    }),
  ];
}
