// API keys over HTTP, for admins. A secret is in one answer, once; nothing shows it again.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { hashSecret, uuidv7 } from "../kernel/ids.ts";
import { errors } from "./errors.ts";
import { type CollectionNames, type Collections, futureTime, grantsOf, keyView, newKeySecret } from "./key.ts";
import { apiKeysMax, deleteKey, insertKey, type KeyPatch, listKeys, replaceSecret, updateKey } from "./key-store.ts";
import {
  type ApiKeyPatch,
  apiKeyPatchSchema,
  apiKeySchema,
  apiKeyWithSecretSchema,
  examples,
  newApiKeySchema,
  pageOf,
} from "./types.ts";

export interface KeyRouteDeps {
  readonly collections: Collections;
  readonly forget: (...credentialIds: string[]) => void;
}

const idParams = z.object({
  id: z.string().min(1).max(64).meta({ description: "The key's id.", example: examples.key.id }),
});
const withSecret = { ...examples.key, secret: "lf_key_Ab3d…x9Yz" };
// No Idempotency-Key on any of them: a replayed answer would keep a secret in clear, and a change must be committed
// when its verdict is forgotten.
const tag = defineTag("API keys", "Credentials for programs, narrowed to collections and actions.");
const common = { tag, access: "admin", idempotent: false, cache: "no-store" } as const;

export function keyRoutes(deps: KeyRouteDeps): Route[] {
  return [listRoute(deps), createRoute(deps), updateRoute(deps), deleteRoute(deps), rotateRoute(deps)];
}

function listRoute({ collections }: KeyRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/api-keys",
    name: "listApiKeys",
    summary: "List API keys",
    description: "All API keys, newest first, without their secrets.",
    responses: {
      200: {
        description: "The keys.",
        schema: pageOf(apiKeySchema),
        example: { items: [examples.key], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const names = collections.current();
      return {
        status: 200,
        json: { items: (await listKeys(ctx.db)).map((key) => keyView(key, names)), nextCursor: null },
      };
    },
  });
}

function createRoute({ collections }: KeyRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/api-keys",
    name: "createApiKey",
    summary: "Make an API key",
    description:
      "The secret is in this answer only. Without `actAs` the key passes record rules inside its scope; with `actAs` it is that user under the rules, still " +
      'narrowed by its scope. `collections` maps a name, or `"*"`, to the allowed actions.',
    body: newApiKeySchema,
    errors: ["api_key_invalid", "api_key_limit"],
    responses: {
      201: { description: "The key with its secret.", schema: apiKeyWithSecretSchema, example: withSecret },
    },
    handler: async (ctx, { body }) => {
      const names = await collections.refresh();
      const { secret, ...ends } = newKeySecret();
      const key = await insertKey(
        ctx.db,
        {
          id: uuidv7(ctx.nowMs),
          ...ends,
          name: body.name,
          grants: grantsOf(body.collections, names),
          readOnly: body.readOnly,
          extra: [...new Set(body.extra)],
          actAs: body.actAs,
          createdBy: ctx.actor.label,
          expiresAt: futureTime(body.expiresAt, ctx.nowMs),
        },
        { secretHash: hashSecret(secret), nowMs: ctx.nowMs },
      );
      if (key === undefined) throw errors.api_key_limit({ params: { max: apiKeysMax } });
      noteChange(ctx, "api_key_created", key.id);
      return { status: 201, json: { ...keyView(key, names), secret } };
    },
  });
}

function updateRoute({ collections, forget }: KeyRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "PATCH",
    path: "/v1/api-keys/{id}",
    name: "updateApiKey",
    summary: "Change an API key",
    description: "What is left out stays. The secret stays too.",
    errors: ["api_key_invalid", "api_key_not_found"],
    params: idParams,
    body: apiKeyPatchSchema,
    responses: { 200: { description: "The key.", schema: apiKeySchema, example: examples.key } },
    handler: async (ctx, { params, body }) => {
      const names = await collections.refresh();
      const key = await updateKey(ctx.db, params.id, patchOf(body, names, ctx.nowMs), ctx.nowMs);
      if (key === undefined) throw errors.api_key_not_found();
      forget(`key:${key.id}`);
      noteChange(ctx, "api_key_updated", key.id);
      return { status: 200, json: keyView(key, names) };
    },
  });
}

function patchOf(body: ApiKeyPatch, names: CollectionNames, nowMs: number): KeyPatch {
  const { name, readOnly, actAs, collections, extra, expiresAt } = body;
  return {
    ...(name === undefined ? {} : { name }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(actAs === undefined ? {} : { actAs }),
    ...(collections === undefined ? {} : { grants: grantsOf(collections, names) }),
    ...(extra === undefined ? {} : { extra: [...new Set(extra)] }),
    ...(expiresAt === undefined ? {} : { expiresAt: futureTime(expiresAt, nowMs) }),
  };
}

function deleteRoute({ forget }: KeyRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "DELETE",
    path: "/v1/api-keys/{id}",
    name: "deleteApiKey",
    summary: "Revoke an API key",
    description: "It is dead at once here and within two seconds everywhere.",
    errors: ["api_key_not_found"],
    params: idParams,
    responses: { 204: { description: "Revoked." } },
    handler: async (ctx, { params }) => {
      if (!(await deleteKey(ctx.db, params.id))) throw errors.api_key_not_found();
      forget(`key:${params.id}`);
      noteChange(ctx, "api_key_deleted", params.id);
      return { status: 204 };
    },
  });
}

function rotateRoute({ collections, forget }: KeyRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/api-keys/{id}:rotate",
    name: "rotateApiKey",
    summary: "Give an API key a new secret",
    description: "The old secret is dead at once; the new one is in this answer only.",
    params: idParams,
    errors: ["api_key_not_found"],
    responses: {
      200: { description: "The key with its new secret.", schema: apiKeyWithSecretSchema, example: withSecret },
    },
    handler: async (ctx, { params }) => {
      const { secret, ...ends } = newKeySecret();
      const key = await replaceSecret(ctx.db, params.id, { ...ends, secretHash: hashSecret(secret) }, ctx.nowMs);
      if (key === undefined) throw errors.api_key_not_found();
      forget(`key:${key.id}`);
      noteChange(ctx, "api_key_rotated", key.id);
      return { status: 200, json: { ...keyView(key, collections.current()), secret } };
    },
  });
}

function noteChange(ctx: Context, event: string, keyId: string): void {
  ctx.log.info({ event, keyId, actor: ctx.actor.label }, "API key changed");
}
