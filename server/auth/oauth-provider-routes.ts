// How an admin sets up the providers of a collection. Secrets go in and never come out.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import type { MasterKey } from "../kernel/master-key.ts";
import { audit } from "./audit.ts";
import { readAuthSettings } from "./auth-settings.ts";
import { errors } from "./errors.ts";
import { givesIdTokens, type Preset, type PresetName, presetNames, presets } from "./oauth-presets.ts";
import { deleteProvider, listProviders, type ProviderRow, providerByName, providersMax, putProvider } from "./oauth-provider-store.ts"; // biome-ignore format: one line
import { type ProviderTestDeps, providerTestSchema, testProvider } from "./oauth-provider-test.ts";
import type { Providers } from "./oauth-providers.ts";
import { checkProvider, type ProviderInput, providerInputSchema, providerName, providerSchema } from "./oauth-types.ts";
import { pageOf } from "./types.ts";
import type { UserCollection } from "./user-create.ts";
import { originOf, userRoute } from "./user-routes.ts";

export interface ProviderRouteDeps extends ProviderTestDeps {
  readonly masterKey: MasterKey;
  readonly providers: Providers;
  /** Throws `auth_collection_not_found` (404). */
  readonly collectionOf: (name: string) => UserCollection;
}

const path = "/v1/collections/{collection}/auth/providers";
const collection = z.string().max(100).meta({ description: "The collection's name.", example: "users" });
const inCollection = z.object({ collection });
const params = z.object({ collection, name: providerName });
const notThere = ["auth_collection_not_found"];
const noProvider = [...notThere, "provider_not_found"];

const example = {
  ...{ name: "google", preset: "google" as const, enabled: true, clientId: "1234.apps.googleusercontent.com" },
  ...{ audiences: [], fields: { name: "name" as const }, hasSecret: true },
  redirectUrl: "https://app.example.com/v1/auth/oauth/google/callback",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

export function providerRoutes(deps: ProviderRouteDeps): Route[] {
  return [presetsRoute(), listRoute(deps), getRoute(deps), putRoute(deps), deleteRoute(deps), testRoute(deps)];
}

function viewOf({ providers }: ProviderRouteDeps, row: ProviderRow) {
  const { name, config, secretSealed, updatedAt } = row;
  const redirectUrl = providers.redirectUrl(name);
  return { name, ...config, hasSecret: secretSealed !== null, redirectUrl, updatedAt: updatedAt.toISOString() };
}

async function rowOf(ctx: Context, deps: ProviderRouteDeps, at: z.output<typeof params>): Promise<ProviderRow> {
  const row = await providerByName(ctx.db, deps.collectionOf(at.collection).id, at.name);
  if (row === undefined) throw errors.provider_not_found();
  return row;
}

const presetSchema = z
  .object({
    name: z.enum(presetNames),
    label: z.string(),
    issuer: z.enum(["required", "optional", "fixed"]).meta({ description: "Whether the admin names the issuer." }),
    keyFile: z.boolean().meta({ description: "The secret is a key file, with the members of `apple` beside it." }),
    scopes: z.array(z.string()),
    idTokens: z.boolean().meta({ description: "Native apps may sign in with its id tokens." }),
    setup: z.object({ url: z.url(), steps: z.array(z.string()) }).meta({ description: "What to do at the provider; `{redirect}` stands for `redirectUrl`." }), // biome-ignore format: one line
  })
  .meta({ id: "SignInProviderPreset", description: "A kind of provider that needs no more than a client." });

function presetView(name: PresetName): z.output<typeof presetSchema> {
  const preset: Preset = presets[name];
  const issuer = preset.issuer === undefined ? "required" : preset.endpoints === undefined ? "optional" : "fixed";
  const keyFile = preset.clientAuth === "apple";
  const idTokens = givesIdTokens(preset);
  const { label, scopes, setup } = preset;
  return {
    name,
    label,
    issuer,
    keyFile,
    scopes: [...scopes],
    idTokens,
    setup: { url: setup.url, steps: [...setup.steps] },
  };
}

function presetsRoute(): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: "/v1/auth/provider-presets",
    name: "listProviderPresets",
    access: "admin",
    summary: "List the kinds of providers",
    description: "What each needs, and what to do in its own console.",
    responses: {
      200: {
        description: "The presets.",
        schema: pageOf(presetSchema),
        example: { items: [presetView("google")], nextCursor: null },
      },
    },
    handler: async () => ({ status: 200, json: { items: presetNames.map(presetView), nextCursor: null } }),
  });
}

function listRoute(deps: ProviderRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path,
    name: "listProviders",
    access: "admin",
    summary: "List the providers of sign-in",
    description: "Those set up for a collection of kind `auth`, in the order of its sign-in screen.",
    errors: notThere,
    params: inCollection,
    responses: {
      200: {
        description: "The providers.",
        schema: pageOf(providerSchema),
        example: { items: [example], nextCursor: null },
      },
    },
    handler: async (ctx, input) => {
      const rows = await listProviders(ctx.db, deps.collectionOf(input.params.collection).id);
      return { status: 200, json: { items: rows.map((row) => viewOf(deps, row)), nextCursor: null } };
    },
  });
}

function getRoute(deps: ProviderRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "GET",
    path: `${path}/{name}`,
    name: "getProvider",
    access: "admin",
    summary: "Show a provider of sign-in",
    description: "How it is set up, with the address to register at it, without its secret.",
    errors: noProvider,
    params,
    responses: { 200: { description: "The provider.", schema: providerSchema, example } },
    handler: async (ctx, input) => ({ status: 200, json: viewOf(deps, await rowOf(ctx, deps, input.params)) }),
  });
}

function putRoute(deps: ProviderRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "PUT",
    path: `${path}/{name}`,
    name: "putProvider",
    access: "admin",
    summary: "Set up a provider of sign-in",
    description:
      "Makes or replaces it. The stored secret stays when none is sent, unless preset or issuer change: it is shown to nobody else.",
    errors: [...notThere, "provider_invalid", "provider_limit"],
    params,
    body: providerInputSchema.meta({
      example: { preset: "google", clientId: example.clientId, clientSecret: "GOCSPX-…", fields: { name: "name" } },
    }),
    responses: { 200: { description: "Set up.", schema: providerSchema, example } },
    handler: async (ctx, input) => {
      const { id: collectionId } = deps.collectionOf(input.params.collection);
      const { name } = input.params;
      const row = await ctx.db.transaction(async (tx) => {
        const before = await providerByName(tx, collectionId, name);
        if (before === undefined && (await listProviders(tx, collectionId)).length >= providersMax)
          throw errors.provider_limit({ params: { max: providersMax } });
        const config = checkProvider(input.body, deps.providers.presets, keepsSecret(before, input.body));
        const made = await putProvider(tx, deps.masterKey, { collectionId, name, config, secret: input.body.clientSecret }, ctx.nowMs); // biome-ignore format: one line
        const detail = { provider: name, preset: config.preset, enabled: config.enabled };
        await audit({ ...ctx, db: tx }, { event: "provider_changed", collectionId, ...originOf(input), detail });
        return made;
      });
      return { status: 200, json: viewOf(deps, row) };
    },
  });
}

const keepsSecret = (before: ProviderRow | undefined, { preset, issuer }: ProviderInput) =>
  before !== undefined &&
  before.secretSealed !== null &&
  before.config.preset === preset &&
  before.config.issuer === issuer;

function deleteRoute(deps: ProviderRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "DELETE",
    path: `${path}/{name}`,
    name: "deleteProvider",
    access: "admin",
    summary: "Remove a provider of sign-in",
    description: "Nobody signs in with it any more. Identities stay, and work again when it is set up again.",
    errors: noProvider,
    params,
    responses: { 204: { description: "Removed." } },
    handler: async (ctx, input) => {
      const { id: collectionId } = deps.collectionOf(input.params.collection);
      const { name } = input.params;
      await ctx.db.transaction(async (tx) => {
        if (!(await deleteProvider(tx, collectionId, name))) throw errors.provider_not_found();
        const detail = { provider: name, removed: true };
        await audit({ ...ctx, db: tx }, { event: "provider_changed", collectionId, ...originOf(input), detail });
      });
      return { status: 204 };
    },
  });
}

function testRoute(deps: ProviderRouteDeps): Route {
  return defineRoute({
    ...userRoute,
    method: "POST",
    path: `${path}/{name}:test`,
    name: "testProvider",
    access: "admin",
    summary: "Test a provider of sign-in",
    description:
      "Asks the provider as a sign-in would and says what is wrong: discovery, client id, redirect or secret.",
    errors: noProvider,
    params,
    responses: {
      200: {
        description: "What was found.",
        schema: providerTestSchema,
        example: { ok: true, checks: [{ name: "secret", verdict: "right", says: "The provider takes the secret." }] },
      },
    },
    handler: async (ctx, input) => {
      const row = await rowOf(ctx, deps, input.params);
      const { settings } = await readAuthSettings(ctx.db, row.collectionId);
      return { status: 200, json: await testProvider(deps, deps.providers.ready(row), settings.redirects) };
    },
  });
}
