// The driver of every provider that is data: openid-client speaks OAuth 2 and OpenID Connect, the preset says how this one
// differs. Id tokens are verified by signature too, although they come over TLS from the token endpoint.
import type * as client from "openid-client";
import type { Outbound } from "../kernel/outbound.ts";
import { product } from "../kernel/product.ts";
import { appleClientSecret } from "./oauth-apple-secret.ts";
import { createRemembered } from "./oauth-cache.ts";
import { addressOf, identityOf } from "./oauth-claims.ts";
import { type Driver, type UpstreamAnswer, UpstreamError } from "./oauth-driver.ts";
import type { Endpoints } from "./oauth-presets.ts";
import type { Provider, UpstreamIdentity } from "./oauth-types.ts";

type Library = typeof client;
export function openIdDriver(outbound: Outbound, nowMs: () => number = Date.now): Driver {
  const known = createRemembered<client.Configuration>();
  /** One for each state of a provider's row. */
  const configured = (library: Library, provider: Provider) =>
    known(`${provider.id}.${provider.revision}`, () => configurationOf(library, outbound, provider, nowMs));

  return (provider) => ({
    async authorize(remember) {
      const library = await import("openid-client");
      const configuration = await believed(library, provider, configured(library, provider));
      const { preset } = provider;
      const isOpenId = preset.endpoints === undefined;
      const verifier = preset.pkce === false ? undefined : library.randomPKCECodeVerifier();
      const nonce = isOpenId && preset.nonce !== false ? library.randomNonce() : undefined;
      const state = await remember({ verifier, nonce });
      return library.buildAuthorizationUrl(configuration, {
        ...preset.parameters,
        redirect_uri: provider.redirectUrl,
        scope: (provider.config.scopes ?? preset.scopes).join(" "),
        state,
        ...(nonce !== undefined && { nonce }),
        ...(verifier !== undefined && {
          code_challenge: await library.calculatePKCECodeChallenge(verifier),
          code_challenge_method: "S256",
        }),
        ...(preset.responseMode !== undefined && { response_mode: preset.responseMode }),
      });
    },

    async identify(answer) {
      const library = await import("openid-client");
      const configuration = await believed(library, provider, configured(library, provider));
      return believed(library, provider, identify(library, configuration, provider, answer));
    },
  });
}

async function configurationOf(
  library: Library,
  outbound: Outbound,
  provider: Provider,
  nowMs: () => number,
): Promise<client.Configuration> {
  const { preset, issuer, config } = provider;
  const fetch: client.CustomFetch = (url, options) => outbound.fetch(url, options as never);
  const auth = clientAuth(library, provider, nowMs);
  // Where plain HTTP may go is the way out's to decide.
  const isPlain = [issuer, ...Object.values(preset.endpoints ?? {})].some((url) => url.startsWith("http:"));
  const execute = isPlain ? [library.allowInsecureRequests] : [];
  if (preset.endpoints === undefined) {
    execute.push(library.enableNonRepudiationChecks);
    const options = { [library.customFetch]: fetch, execute, timeout: 10 };
    return library.discovery(new URL(issuer), config.clientId, {}, auth, options);
  }
  const made = new library.Configuration(metadataOf(issuer, preset.endpoints), config.clientId, {}, auth);
  made[library.customFetch] = fetch;
  for (const extension of execute) extension(made);
  return made;
}

const metadataOf = (issuer: string, endpoints: Endpoints): client.ServerMetadata => ({
  issuer,
  authorization_endpoint: endpoints.authorization,
  token_endpoint: endpoints.token,
  userinfo_endpoint: endpoints.userInfo,
});

/** Decided at each use, by what the provider says it takes. */
function clientAuth(library: Library, provider: Provider, nowMs: () => number): client.ClientAuth {
  const { preset, config, secret = "" } = provider;
  return (as, asked, body, headers) => {
    const taken = as.token_endpoint_auth_methods_supported;
    const basic = preset.clientAuth === "basic" && (taken === undefined || taken.includes("client_secret_basic"));
    const apple = preset.clientAuth === "apple" ? config.apple : undefined;
    const shown =
      apple === undefined
        ? secret
        : appleClientSecret({ ...apple, clientId: config.clientId, privateKey: secret }, as.issuer, nowMs());
    const prove = basic ? library.ClientSecretBasic(shown) : library.ClientSecretPost(shown);
    prove(as, asked, body, headers);
  };
}

async function identify(
  library: Library,
  configuration: client.Configuration,
  provider: Provider,
  { parameters, state, kept }: UpstreamAnswer,
): Promise<UpstreamIdentity> {
  const { preset, name } = provider;
  const isOpenId = preset.endpoints === undefined;
  const url = new URL(provider.redirectUrl);
  url.search = parameters.toString();
  const tokens = await library.authorizationCodeGrant(configuration, url, {
    expectedState: state,
    idTokenExpected: isOpenId,
    ...(kept.verifier !== undefined && { pkceCodeVerifier: kept.verifier }),
    ...(kept.nonce !== undefined && { expectedNonce: kept.nonce }),
  });
  const claims = tokens.claims();
  const get = (from: string) => documentOf(library, configuration, tokens.access_token, from);
  const document = preset.endpoints
    ? await get(preset.endpoints.userInfo)
    : await withUserInfo(library, configuration, { claims, accessToken: tokens.access_token, parameters });
  const issuer = preset.endpoints ? provider.issuer : String(claims?.iss);
  const identity = identityOf({ provider: name, issuer, document, claims: preset.claims });
  if (identity === undefined) throw new UpstreamError(`${name} names no subject`);
  const emails = preset.endpoints?.emails;
  return emails === undefined ? identity : { ...identity, ...provedAddress(await get(emails)) };
}

interface OpenIdSaid {
  readonly claims: client.IDToken | undefined;
  readonly accessToken: string;
  readonly parameters: URLSearchParams;
}

/** The id token's claims; the user's document only where they hold no address. Never the other way round: they are signed. */
async function withUserInfo(library: Library, configuration: client.Configuration, said: OpenIdSaid): Promise<object> {
  const { claims, accessToken, parameters } = said;
  if (claims === undefined) throw new UpstreamError("no id token came");
  const named = { ...nameOnce(parameters.get("user")), ...claims };
  if (claims.email !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined) return named;
  return { ...(await library.fetchUserInfo(configuration, accessToken, claims.sub)), ...named };
}

/** Apple tells the name with the first answer only, in a field beside the code. It is the browser's word: a name, and no more. */
function nameOnce(user: string | null): object {
  if (user === null || user.length > 2_000) return {};
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } };
    const parts = [name?.firstName, name?.lastName].filter((part) => typeof part === "string" && part !== "");
    return {
      given_name: name?.firstName,
      family_name: name?.lastName,
      ...(parts.length > 0 && { name: parts.join(" ") }),
    };
  } catch {
    return {};
  }
}

async function documentOf(
  library: Library,
  configuration: client.Configuration,
  accessToken: string,
  url: string,
): Promise<unknown> {
  const headers = new Headers({ accept: "application/json", "user-agent": product.name });
  const answer = await library.fetchProtectedResource(configuration, accessToken, new URL(url), "GET", undefined, headers); // biome-ignore format: one line
  if (answer.status !== 200) throw new UpstreamError(`the provider answers ${answer.status} for the user's document`);
  return answer.json();
}

/** Where a provider lists addresses apart: the proved one, the primary one first. */
function provedAddress(list: unknown): Pick<UpstreamIdentity, "email" | "emailVerified"> {
  const proved = Array.isArray(list) ? list.filter((one) => one?.verified === true) : [];
  const email = addressOf((proved.find((one) => one.primary === true) ?? proved[0])?.email);
  return { email, emailVerified: email !== null };
}

/** What the library, the way out and JSON throw, as one thing that says in a line what was wrong. */
async function believed<T>(library: Library, provider: Provider, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const said = saidBy(library, error);
    throw new UpstreamError(`${provider.name}: ${said?.text ?? reasonOf(error)}`, { cause: error, said: said?.word });
  }
}

function saidBy(library: Library, error: unknown): { readonly word: string; readonly text: string } | undefined {
  if (error instanceof library.WWWAuthenticateChallengeError)
    return { word: "invalid_client", text: "the provider refuses client id and secret" };
  const isRefusal = error instanceof library.ResponseBodyError || error instanceof library.AuthorizationResponseError;
  const { error: word, error_description: more } = isRefusal ? error : refusalIn(error);
  if (typeof word !== "string") return undefined;
  return { word, text: `the provider says ${word}${typeof more === "string" ? `: ${more}` : ""}`.slice(0, 300) };
}

/** GitHub refuses with status 200, which the library takes for a malformed success and hands on. */
function refusalIn(error: unknown): { readonly error?: unknown; readonly error_description?: unknown } {
  for (let at = error; at instanceof Error; at = at.cause) {
    const body = (at.cause as { body?: unknown } | undefined)?.body;
    if (typeof body === "object" && body !== null) return body;
  }
  return {};
}

function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) if (at.name === "OutboundError") return at.message;
  return error instanceof Error ? error.message : "it failed";
}
