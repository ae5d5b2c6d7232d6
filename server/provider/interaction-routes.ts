// What the sign-in page asks and answers when a program sent a person here. Letting a program in opens a session for it, on the
// user's list of devices like any other; its grant has the session's id.
import type { Interaction } from "oidc-provider";
import { z } from "zod";
import { accountById, originOf, type SharedSignIn, userRoute } from "../auth/index.ts";
import type { Context } from "../kernel/context.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { type ClientRow, clientById } from "./client-store.ts";
import { errors } from "./errors.ts";
import { isTooOld, type OpenInteraction, openInteraction, returnsTo } from "./interaction.ts";
import type { LoginResult } from "./interaction-policy.ts";
import type { Protocol } from "./protocol.ts";
import { interactionsPath } from "./protocol-configuration.ts";
import { scopeWords } from "./scopes.ts";
import { examples, interactionAnswerSchema, interactionSchema } from "./types.ts";

export interface InteractionDeps {
  readonly protocol: Protocol;
  readonly shared: SharedSignIn;
}

const params = z.object({
  uid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/).meta({ description: "As the address of the page has it.", example: examples.interaction.uid }), // biome-ignore format: one line
});
// By cookie, hence for pages of this origin only.
const common = { ...userRoute, sameOrigin: true, access: "anyone", params } as const;

export function interactionRoutes(deps: InteractionDeps): Route[] {
  return [showRoute(deps), answerRoute(deps)];
}

type Own = NonNullable<ReturnType<SharedSignIn["sessionOf"]>>;

interface Asked extends OpenInteraction {
  readonly client: ClientRow;
  readonly collectionId: number;
}

async function asked(
  ctx: Context,
  { protocol }: InteractionDeps,
  uid: string,
  cookie: string | undefined,
): Promise<Asked> {
  const open = await openInteraction(protocol, uid, cookie);
  const client = open && (await clientById(ctx.db, open.clientId));
  if (open === undefined || client === undefined || client.collectionId === null) throw errors.interaction_expired();
  return { ...open, client, collectionId: client.collectionId };
}

function showRoute(deps: InteractionDeps): Route {
  return defineRoute({
    ...common,
    method: "GET",
    path: `${interactionsPath}/{uid}`,
    name: "getInteraction",
    summary: "Show what a program asks for",
    description: "For the sign-in page, in the browser that the program sent here. With an access token also who would let it in.", // biome-ignore format: one line
    errors: ["interaction_expired"],
    responses: { 200: { description: "The request.", schema: interactionSchema, example: examples.interaction } },
    handler: async (ctx, input) => {
      const { client, interaction, scopes, built, collectionId } = await asked(ctx, deps, input.params.uid, input.headers.cookie); // biome-ignore format: one line
      const own = ownOf(ctx, deps.shared, collectionId);
      const account = own && (await accountById(ctx.db, own.accountId));
      const granted = await grantedScopes(built.provider, interaction, own);
      return {
        status: 200,
        json: {
          uid: interaction.uid,
          client: { id: client.id, name: client.name, homeUrl: client.homeUrl, logoUrl: client.logoUrl, registered: client.registered }, // biome-ignore format: one line
          collection: deps.shared.collectionName(collectionId) ?? "",
          scopes: scopes.map((name) => ({ name, description: scopeWords[name], granted: granted.has(name) })),
          returnsTo: returnsTo(interaction.params.redirect_uri),
          loginHint: textOf(interaction.params.login_hint),
          locales: textOf(interaction.params.ui_locales)?.split(" ").slice(0, 10) ?? [],
          signInAgain: own !== undefined && isTooOld(interaction, own.authenticatedAtMs, ctx.nowMs),
          user: account ? { id: account.recordId, email: account.email, username: account.username } : null,
          expiresAt: new Date(interaction.exp * 1000).toISOString(),
        },
      };
    },
  });
}

const textOf = (value: unknown) => (typeof value === "string" ? value.slice(0, 500) : null);

/** Only a user of the collection that the client is for. */
function ownOf(ctx: Context, shared: SharedSignIn, collectionId: number): Own | undefined {
  const own = shared.sessionOf(ctx.actor);
  return own?.collectionId === collectionId ? own : undefined;
}

type Library = OpenInteraction["built"]["provider"];

async function grantedScopes(provider: Library, interaction: Interaction, own: Own | undefined): Promise<Set<string>> {
  const grant = await knownGrant(provider, interaction, own);
  return new Set(grant?.getOIDCScope().split(" ") ?? []);
}

/** The grant that this browser holds already, if it is this user's. */
async function knownGrant(provider: Library, { grantId }: Interaction, own: Own | undefined) {
  const grant = grantId === undefined || own === undefined ? undefined : await provider.Grant.find(grantId);
  return grant?.accountId === own?.recordId ? grant : undefined;
}

function answerRoute(deps: InteractionDeps): Route {
  return defineRoute({
    ...common,
    method: "POST",
    path: `${interactionsPath}/{uid}`,
    name: "answerInteraction",
    summary: "Let a program in, or refuse it",
    description: "Letting it in takes the access token of the user who does. The page then goes to `location`.",
    errors: [
      ...["interaction_expired", "interaction_other_users", "interaction_sign_in_again", "interaction_impersonated"],
      ...["user_session_required", "account_suspended"],
    ],
    body: interactionAnswerSchema,
    responses: {
      200: {
        description: "Answered.",
        schema: z.object({ location: z.string() }),
        example: { location: "https://app.example.com/oauth/authorize/Vt3V1S2mC0Wd1mXgDq2xO" },
      },
    },
    handler: async (ctx, input) => {
      const request = await asked(ctx, deps, input.params.uid, input.headers.cookie);
      const { interaction } = request;
      const { accept, scopes } = input.body;
      interaction.result = accept
        ? await letIn(ctx, deps, request, { scopes, origin: originOf(input) })
        : { error: "access_denied", error_description: "the user refused" };
      await interaction.save(Math.max(1, interaction.exp - Math.floor(ctx.nowMs / 1000)));
      return { status: 200, json: { location: interaction.returnTo } };
    },
  });
}

interface Answer {
  readonly scopes: readonly string[] | undefined;
  readonly origin: { readonly address: string; readonly agent: string };
}

async function letIn(ctx: Context, { shared }: InteractionDeps, request: Asked, answer: Answer) {
  const own = userWhoAnswers(ctx, shared, request);
  const chosen = answer.scopes;
  const granted = request.scopes.filter(
    (scope) => scope === "openid" || chosen === undefined || chosen.includes(scope),
  );
  const refused = request.scopes.filter((scope) => !granted.includes(scope));
  const grantId = await grantTo(ctx, shared, { request, own, granted, refused, origin: answer.origin });
  const login: LoginResult = {
    accountId: own.recordId,
    ts: Math.floor(own.authenticatedAtMs / 1000),
    amr: [...own.amr],
    signedInBy: own.sessionId,
  };
  return { login, consent: { grantId } };
}

function userWhoAnswers(ctx: Context, shared: SharedSignIn, { collectionId, interaction }: Asked): Own {
  const own = shared.sessionOf(ctx.actor);
  if (own === undefined) throw shared.sessionRequired();
  if (own.collectionId !== collectionId) throw errors.interaction_other_users();
  if (own.impersonatedBy !== null) throw errors.interaction_impersonated();
  if (isTooOld(interaction, own.authenticatedAtMs, ctx.nowMs)) throw errors.interaction_sign_in_again();
  return own;
}

interface Granting {
  readonly request: Asked;
  readonly own: Own;
  readonly granted: readonly string[];
  readonly refused: readonly string[];
  readonly origin: Answer["origin"];
}

async function grantTo(ctx: Context, shared: SharedSignIn, granting: Granting): Promise<string> {
  const { request, own, granted, refused } = granting;
  const { provider } = request.built;
  const known = await knownGrant(provider, request.interaction, own);
  const grant = known ?? new provider.Grant({ accountId: own.recordId, clientId: request.clientId });
  const { audience } = shared.accessTokens;
  grant.addOIDCScope(granted.join(" "));
  grant.addResourceScope(audience, granted.join(" "));
  if (refused.length > 0) {
    grant.rejectOIDCScope(refused.join(" "));
    grant.rejectResourceScope(audience, refused.join(" "));
  }
  if (known === undefined) grant.jti = (await openSession(ctx, shared, granting)).id;
  return grant.save();
}

/** Committed before the grant is: the grant's row refers to it. */
async function openSession(ctx: Context, shared: SharedSignIn, { request, own, origin }: Granting) {
  const { client, collectionId } = request;
  const device = { name: client.name, platform: "oauth" };
  const asking = { accountId: own.accountId, clientId: client.id, amr: own.amr, device, ...origin };
  const { session } = await shared.sessions.record(ctx, asking, await shared.settingsOf(ctx.db, collectionId));
  return session;
}
