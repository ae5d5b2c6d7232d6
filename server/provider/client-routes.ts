// Clients over HTTP, for admins. A secret is in one answer, once; nothing shows it again.
import { z } from "zod";
import { audit, grantsOf, originOf, type SharedSignIn } from "../auth/index.ts";
import type { Context } from "../kernel/context.ts";
import type { Issue } from "../kernel/errors/index.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { keepsSecret, newClientSecret, redirectFault } from "./client.ts";
import {
  type ClientGrant,
  type ClientPatch,
  type ClientRow,
  type ClientType,
  clientById,
  clientsMax,
  deleteClient,
  insertClient,
  listClients,
  updateClient,
} from "./client-store.ts";
import { errors } from "./errors.ts";
import {
  type ClientPatchInput,
  clientPatchSchema,
  clientSchema,
  clientWithSecretSchema,
  examples,
  newClientSchema,
  type ShownClient,
} from "./types.ts";

export interface CollectionNames {
  readonly version: number;
  readonly byName: ReadonlyMap<string, { readonly id: number }>;
  readonly byId: ReadonlyMap<number, { readonly name: string }>;
}

export interface ClientRouteDeps {
  readonly shared: SharedSignIn;
  readonly collections: { current(): CollectionNames; refresh(): Promise<CollectionNames> };
}

export const clientTag = defineTag("OAuth clients", "Programs that sign users in here by OpenID Connect, or ask for tokens of their own."); // biome-ignore format: one line
// As for API keys: a replayed answer would keep a secret in clear.
const common = { tag: clientTag, access: "admin", idempotent: false, cache: "no-store" } as const;
const params = z.object({
  id: z.string().min(1).max(64).meta({ description: "The client's id.", example: examples.client.id }),
});
const withSecret = { ...examples.client, secret: "lf_cli_Ab3d…x9Yz" };

export function clientRoutes(deps: ClientRouteDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), changeRoute(deps), deleteRoute(deps), rotateRoute(deps)];
}

function listRoute({ collections }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/oauth/clients",
    name: "listOAuthClients",
    summary: "List OAuth clients",
    description: "All clients, newest first, without their secrets.",
    responses: {
      200: {
        description: "The clients.",
        schema: z.object({ items: z.array(clientSchema), nextCursor: z.null() }),
        example: { items: [examples.client], nextCursor: null },
      },
    },
    handler: async (ctx) => {
      const items = (await listClients(ctx.db)).map((client) => clientView(client, collections.current()));
      return { status: 200, json: { items, nextCursor: null } };
    },
  });
}

function createRoute({ shared, collections }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/oauth/clients",
    name: "createOAuthClient",
    summary: "Make an OAuth client",
    description: "The secret, where the type keeps one, is in this answer only.",
    errors: ["oauth_client_invalid", "oauth_client_limit", "auth_collection_not_found", "api_key_invalid"],
    body: newClientSchema,
    responses: { 201: { description: "The client.", schema: clientWithSecretSchema, example: withSecret } },
    handler: async (ctx, input) => {
      const { collection, collections: asked, ...body } = input.body;
      const names = await collections.refresh();
      const isMachine = body.type === "machine";
      const grants = grantsOf(asked, names) as ClientGrant[];
      const { secret, secretHash } = keepsSecret(body.type) ? newClientSecret() : { secret: null, secretHash: null };
      const made = {
        ...body,
        ...{ id: uuidv7(ctx.nowMs), grants, secretHash, registered: false, createdBy: ctx.actor.label },
        collectionId: isMachine ? null : shared.collectionOf(collection).id,
        scopes: isMachine ? [] : body.scopes,
      };
      check(made);
      const client = await ctx.db.transaction(async (tx) => {
        const row = await insertClient(tx, made, ctx.nowMs);
        if (row === undefined) throw errors.oauth_client_limit({ params: { max: clientsMax } });
        await note({ ...ctx, db: tx }, input, { id: row.id, change: "created" });
        return row;
      });
      return { status: 201, json: { ...clientView(client, names), secret } };
    },
  });
}

function getRoute({ collections }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: "/v1/oauth/clients/{id}",
    name: "getOAuthClient",
    summary: "Show an OAuth client",
    errors: ["oauth_client_not_found"],
    params,
    responses: { 200: { description: "The client.", schema: clientSchema, example: examples.client } },
    handler: async (ctx, input) => {
      const client = await found(ctx, input.params.id);
      return { status: 200, json: clientView(client, collections.current()) };
    },
  });
}

function changeRoute({ shared, collections }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "PATCH",
    path: "/v1/oauth/clients/{id}",
    name: "changeOAuthClient",
    summary: "Change an OAuth client",
    description: "Type and collection stay: a client of another kind is another client.",
    errors: ["oauth_client_not_found", "oauth_client_invalid", "api_key_invalid"],
    params,
    body: clientPatchSchema,
    responses: { 200: { description: "Changed.", schema: clientSchema, example: examples.client } },
    handler: async (ctx, input) => {
      const names = await collections.refresh();
      const client = await ctx.db.transaction(async (tx) => {
        const before = await found({ ...ctx, db: tx }, input.params.id);
        const patch = patchOf(input.body, names);
        check({ ...before, ...patch });
        const row = await updateClient(tx, before.id, patch, ctx.nowMs);
        if (row === undefined) throw errors.oauth_client_not_found();
        await note({ ...ctx, db: tx }, input, { id: row.id, change: "changed" });
        return row;
      });
      shared.forget(`client:${client.id}`);
      return { status: 200, json: clientView(client, names) };
    },
  });
}

function deleteRoute({ shared }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "DELETE",
    path: "/v1/oauth/clients/{id}",
    name: "deleteOAuthClient",
    summary: "Delete an OAuth client",
    description: "Every session that users opened with it ends; its tokens are dead here at once and everywhere within two seconds.", // biome-ignore format: one line
    errors: ["oauth_client_not_found"],
    params,
    responses: { 204: { description: "Deleted." } },
    handler: async (ctx, input) => {
      const { id } = input.params;
      const ended = await ctx.db.transaction(async (tx) => {
        const sessions = await deleteClient(tx, id);
        if (sessions === undefined) throw errors.oauth_client_not_found();
        await note({ ...ctx, db: tx }, input, { id, change: "deleted", ended: sessions.length });
        return sessions;
      });
      shared.forget(`client:${id}`, ...ended.map((session) => `userSession:${session}`));
      return { status: 204 };
    },
  });
}

function rotateRoute({ shared, collections }: ClientRouteDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: "/v1/oauth/clients/{id}:rotate",
    name: "rotateOAuthClient",
    summary: "Give an OAuth client a new secret",
    description: "The old secret is dead at once; the new one is in this answer only. Sessions of users go on.",
    errors: ["oauth_client_not_found", "oauth_client_invalid"],
    params,
    responses: { 200: { description: "The client.", schema: clientWithSecretSchema, example: withSecret } },
    handler: async (ctx, input) => {
      const before = await found(ctx, input.params.id);
      if (!keepsSecret(before.type)) throw invalid("/type", "no_secret", "Clients of this type keep no secret.");
      const { secret, secretHash } = newClientSecret();
      const client = await ctx.db.transaction(async (tx) => {
        const row = await updateClient(tx, before.id, { secretHash }, ctx.nowMs);
        if (row === undefined) throw errors.oauth_client_not_found();
        await note({ ...ctx, db: tx }, input, { id: row.id, change: "secret rotated" });
        return row;
      });
      shared.forget(`client:${client.id}`);
      return { status: 200, json: { ...clientView(client, collections.current()), secret } };
    },
  });
}

async function found(ctx: Context, id: string): Promise<ClientRow> {
  const client = await clientById(ctx.db, id);
  if (client === undefined) throw errors.oauth_client_not_found();
  return client;
}

function patchOf({ collections, ...plain }: ClientPatchInput, names: CollectionNames): ClientPatch {
  const named = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  return { ...named, ...(collections && { grants: grantsOf(collections, names) as ClientGrant[] }) };
}

interface Checked {
  readonly type: ClientType;
  readonly redirectUris: readonly string[];
  readonly signOutRedirectUris: readonly string[];
  readonly grants: readonly ClientGrant[];
}

/** What no single member shows. */
function check({ type, redirectUris, signOutRedirectUris, grants }: Checked): void {
  const issues: Issue[] = [];
  const say = (path: string, code: string, message: string) => void issues.push({ path, code, message });
  for (const [name, uris] of Object.entries({ redirectUris, signOutRedirectUris }))
    for (const [at, uri] of uris.entries()) {
      const fault = redirectFault(type, uri);
      if (fault !== undefined) say(`/${name}/${at}`, "redirect_invalid", `The address ${fault}.`);
    }
  if (type === "machine" && redirectUris.length > 0) say("/redirectUris", "not_for_machines", "A machine signs nobody in."); // biome-ignore format: one line
  if (type === "machine" && grants.length === 0) say("/collections", "required", "A machine needs something that it may do."); // biome-ignore format: one line
  if (type !== "machine" && grants.length > 0) say("/collections", "only_for_machines", "Users' programs are narrowed by scopes."); // biome-ignore format: one line
  // A native app without one is a device: it signs in by the code that it shows (RFC 8628).
  if (keepsRedirects(type) && redirectUris.length === 0) say("/redirectUris", "required", "A sign-in needs an address to return to."); // biome-ignore format: one line
  if (issues.length > 0) throw errors.oauth_client_invalid({ issues });
}

const keepsRedirects = (type: ClientType) => type === "web" || type === "spa";
const invalid = (path: string, code: string, message: string) => errors.oauth_client_invalid({ issues: [{ path, code, message }] }); // biome-ignore format: one line

type Asking = Parameters<typeof originOf>[0];

async function note(
  ctx: Context,
  input: Asking,
  detail: { readonly id: string; readonly change: string; readonly ended?: number },
) {
  const { id, ...rest } = detail;
  await audit(ctx, { event: "client_changed", ...originOf(input), detail: { client: id, ...rest } });
}

export function clientView(client: ClientRow, names: CollectionNames): ShownClient {
  const collections: ShownClient["collections"] = {};
  for (const { collection, actions } of client.grants) {
    const name = collection === "*" ? "*" : names.byId.get(collection)?.name;
    if (name !== undefined) collections[name] = [...actions];
  }
  return {
    id: client.id,
    name: client.name,
    type: client.type,
    collection: client.collectionId === null ? null : (names.byId.get(client.collectionId)?.name ?? null),
    redirectUris: [...client.redirectUris],
    signOutRedirectUris: [...client.signOutRedirectUris],
    scopes: [...client.scopes],
    collections,
    homeUrl: client.homeUrl,
    logoUrl: client.logoUrl,
    hasSecret: client.secretHash !== null,
    registered: client.registered,
    createdBy: client.createdBy,
    createdAt: client.createdAt.toISOString(),
    updatedAt: client.updatedAt.toISOString(),
  };
}
