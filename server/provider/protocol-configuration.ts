// oidc-provider, told what this installation is. Everything is said that the library would otherwise decide itself; what it does
// by default and we keep: certified flows, exact redirects, `iss` in every answer (RFC 9207), S256 as the only challenge method.
import type { Account, Client, Configuration, KoaContextWithOIDC } from "oidc-provider";
import type { SharedSignIn } from "../auth/index.ts";
import { isOwnOrigin } from "./client.ts";
import { codePage, confirmPage, deviceDonePage, errorPage, signedOutPage, signOutPage } from "./pages.ts";
import { apiScope, scopeNames } from "./scopes.ts";
import { claimsOfScope } from "./user-claims.ts";

/** Addresses of the protocol; /v1 is the product's own API. */
export const protocolRoutes = {
  authorization: "/oauth/authorize",
  token: "/oauth/token",
  pushed_authorization_request: "/oauth/par",
  device_authorization: "/oauth/device-authorization",
  code_verification: "/oauth/device",
  introspection: "/oauth/introspect",
  revocation: "/oauth/revoke",
  registration: "/oauth/register",
  end_session: "/oauth/sign-out",
  jwks: "/.well-known/jwks.json",
};
export const userInfoPath = "/v1/oauth/userinfo";
/** Where the sign-in page's own calls go: the one place that the interaction's cookie is sent to. */
export const interactionsPath = "/v1/auth/interactions";
export const cookieNames = { session: "lf_oauth", interaction: "lf_oauth_ask", resume: "lf_oauth_resume" };

export const interactionSeconds = 3_600;
const day = 86_400;
/** A client's session ends by the settings of its users' collection; these only bound what is swept. */
const beyondAnySession = 3_700 * day;

export type SigningKey = Awaited<ReturnType<SharedSignIn["keys"]["all"]>>[number];

export interface ConfigurationParts {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: readonly SigningKey[];
  readonly cookieKeys: readonly string[];
  readonly registration: boolean;
  readonly adapter: Configuration["adapter"];
  readonly policy: NonNullable<Configuration["interactions"]>["policy"];
  readonly accessTokenSeconds: (client: Client) => Promise<number>;
  readonly findAccount: (ctx: KoaContextWithOIDC, sub: string, source?: { grantId?: string | undefined }) => Promise<Account | undefined>; // biome-ignore format: one line
  readonly loadGrant: NonNullable<Configuration["loadExistingGrant"]>;
  /** Throws the protocol's `invalid_target` for every resource but ours. */
  readonly refuseResource: () => never;
  readonly newClientId: () => string;
  readonly newClientSecret: () => string;
}

export function configurationOf(parts: ConfigurationParts): Configuration {
  return {
    adapter: parts.adapter,
    jwks: { keys: parts.keys.map(({ kid, privateJwk }) => ({ ...privateJwk, kid, alg: "ES256", use: "sig" })) },
    routes: protocolRoutes,
    scopes: scopeNames,
    claims: claimsOfScope,
    responseTypes: ["code"],
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "none"],
    clientDefaults: { grant_types: ["authorization_code", "refresh_token"], id_token_signed_response_alg: "ES256" },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"], dPoPSigningAlgValues: ["ES256", "Ed25519"] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    // There is one kind of access token, for the API and for userinfo alike; so the ID token carries what the scopes open.
    conformIdTokenClaims: false,
    cookies: {
      names: cookieNames,
      keys: [...parts.cookieKeys],
      long: { signed: true, httpOnly: true, sameSite: "lax", path: "/oauth" },
      short: { signed: true, httpOnly: true, sameSite: "lax", path: interactionsPath },
    },
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600,
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: 3_600,
      Interaction: interactionSeconds,
      Session: 30 * day,
      Grant: beyondAnySession,
      RefreshToken: beyondAnySession,
    },
    discovery: {
      userinfo_endpoint: `${parts.issuer}${userInfoPath}`,
      ui_locales_supported: ["en", "de"],
    },
    interactions: {
      ...(parts.policy && { policy: parts.policy }),
      url: (_ctx, interaction) => `${parts.issuer}/auth/#/interaction/${interaction.uid}`,
    },
    findAccount: parts.findAccount,
    loadExistingGrant: parts.loadGrant,
    rotateRefreshToken: true,
    // OpenID Connect asks by `offline_access`, with `prompt=consent`; plain OAuth has no such scope.
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed("refresh_token") && (source.scopes.has("offline_access") || !source.scopes.has("openid")),
    // Without `offline_access` a program is signed in as long as the browser is.
    expiresWithSession: async (_ctx, source) => source.scopes.has("openid") && !source.scopes.has("offline_access"),
    extraTokenClaims: async (_ctx, token) =>
      token.kind === "ClientCredentials" ? { sid: `client:${token.clientId}` } : { sid: token.grantId },
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === "none" && isOwnOrigin(client.redirectUris ?? [], origin),
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = errorPage(out);
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: false },
      registration: {
        enabled: parts.registration,
        idFactory: parts.newClientId,
        secretFactory: parts.newClientSecret,
        issueRegistrationAccessToken: false,
      },
      deviceFlow: devicePages(),
      rpInitiatedLogout: signOutPages(),
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => (oneOf === undefined || oneOf.includes(parts.audience) ? parts.audience : oneOf), // biome-ignore format: one line
        useGrantedResource: () => true,
        getResourceServerInfo: async (_ctx, resource, client) => {
          if (resource !== parts.audience) return parts.refuseResource();
          const accessTokenTTL = await parts.accessTokenSeconds(client);
          return { audience: parts.audience, scope: apiScope, accessTokenTTL, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } }; // biome-ignore format: one line
        },
      },
    },
  };
}

type Features = NonNullable<Configuration["features"]>;

const secretOf = (ctx: KoaContextWithOIDC) => String(ctx.oidc.session?.state?.secret ?? "");

function devicePages(): NonNullable<Features["deviceFlow"]> {
  return {
    enabled: true,
    charset: "base-20",
    mask: "****-****",
    deviceInfo: () => ({}),
    userCodeInputSource: (ctx, _form, _out, error) => {
      ctx.type = "html";
      ctx.body = codePage(ctx.oidc.urlFor("code_verification"), secretOf(ctx), error && faultOf(error.name));
    },
    userCodeConfirmSource: (ctx, _form, client, _device, userCode) => {
      ctx.type = "html";
      const action = ctx.oidc.urlFor("code_verification");
      ctx.body = confirmPage({ action, xsrf: secretOf(ctx), userCode, client: client.clientName ?? client.clientId });
    },
    successSource: (ctx) => {
      ctx.type = "html";
      ctx.body = deviceDonePage();
    },
  };
}

function faultOf(name: string): string {
  if (name === "AbortedError") return "The sign-in was stopped. The device has been told.";
  if (name === "AlreadyUsedError") return "This code was used already. Start again on the device.";
  if (name === "ExpiredError") return "This code is too old. Start again on the device.";
  return "There is no such code. Look once more at what the device shows.";
}

function signOutPages(): NonNullable<Features["rpInitiatedLogout"]> {
  return {
    enabled: true,
    logoutSource: (ctx) => {
      ctx.type = "html";
      ctx.body = signOutPage(ctx.oidc.urlFor("end_session_confirm"), secretOf(ctx));
    },
    postLogoutSuccessSource: (ctx) => {
      ctx.type = "html";
      ctx.body = signedOutPage();
    },
  };
}
