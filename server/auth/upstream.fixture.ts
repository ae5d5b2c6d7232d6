// Providers to sign in with, for tests: an honest one (oidc-provider, by the book) and one that says whatever a test makes it say
// (oauth2-mock-server), both on real sockets. And what stands between: a browser with cookies, and an app with a verifier.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Events, OAuth2Server } from "oauth2-mock-server";
import Provider, { type Configuration } from "oidc-provider";
import { afterAll, beforeAll } from "vitest";
import { createOutbound } from "../kernel/outbound.ts";
import { type Preset, type Presets, presets } from "./oauth-presets.ts";
import type { TestUsers } from "./user.fixture.ts";

/** While it is loopback, providers may be too. */
export const publicUrl = "http://localhost:4710";
export const appRedirect = "myapp://auth";
export const upstreamOptions = () => ({ publicUrl, outbound: createOutbound({ publicUrl, timeoutMs: 2_000 }) });

export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export interface HonestUpstream {
  readonly issuer: string;
  /** Who signs in there next. */
  person: Person;
}

/** Everybody signs in and consents at once. Clients `app` and `other` have the secret `app secret of the tests`. */
export function honestUpstream(redirects: readonly string[], settings: Configuration = {}): HonestUpstream {
  const up = { issuer: "", person: { sub: "ann" } as Person };
  const people = new Map<string, Person>();
  let server: Server | undefined;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    up.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = {
      client_secret: "app secret of the tests",
      redirect_uris: [...redirects],
      id_token_signed_response_alg: "ES256" as const,
    };
    const provider = new Provider(up.issuer, {
      clients: [
        { ...client, client_id: "app" },
        { ...client, client_id: "other" },
      ],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "locale"] },
      findAccount: (_, id) => ({ accountId: id, claims: async () => people.get(id) ?? { sub: id } }),
      cookies: { keys: ["a key for cookies of tests"] },
      jwks: {
        keys: [generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }) as never],
      },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      ...settings,
    });
    const oidc = provider.callback();
    server.on("request", (request, response) => {
      people.set(up.person.sub, up.person);
      if (!request.url?.startsWith("/interaction/")) return void oidc(request, response);
      agree(provider, up.person.sub, request, response).catch((error) => response.destroy(error));
    });
  });
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });
  return up;
}

async function agree(
  provider: Provider,
  sub: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") return provider.interactionFinished(request, response, { login: { accountId: sub } });
  const grant = new provider.Grant({ accountId: session?.accountId ?? sub, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

export interface MockUpstream {
  readonly server: OAuth2Server;
  readonly issuer: string;
  /** What its userinfo says, and its id tokens beside the protocol's own claims. */
  claims: Record<string, unknown>;
}

/** Signs with RS256. Its broken answers are made with `server.service.once(Events…)`. */
export function mockUpstream(): MockUpstream {
  const server = new OAuth2Server();
  const up: { server: OAuth2Server; issuer: string; claims: Record<string, unknown> } = {
    server,
    issuer: "",
    claims: {},
  };
  beforeAll(async () => {
    await server.issuer.keys.generate("RS256");
    await server.start(0, "127.0.0.1");
    up.issuer = `http://127.0.0.1:${server.address().port}`;
    server.issuer.url = up.issuer;
    server.service.on(Events.BeforeTokenSigning, ({ payload }) => Object.assign(payload, up.claims));
    server.service.on(Events.BeforeUserinfo, (answer) => Object.assign(answer.body as object, up.claims));
  });
  afterAll(() => server.stop());
  return up;
}

/** The product's presets, the places of each moved to one that a test runs; what else they say stays. */
export function presetsAt(origin: string): Presets {
  const at = (path: string) => `${origin}${path}`;
  const moved = Object.entries<Preset>(presets).map(([name, preset]) => {
    const { endpoints, issuer, ...rest } = preset;
    if (endpoints === undefined) return [name, { ...rest, ...(issuer !== undefined && { issuer: origin }) }];
    const emails = endpoints.emails && { emails: at("/user/emails") };
    const places = { authorization: at("/authorize"), token: at("/token"), userInfo: at("/userinfo"), ...emails };
    return [name, { ...rest, issuer, endpoints: places }];
  });
  return Object.fromEntries(moved) as Presets;
}

/** Follows redirects, with cookies, until one leaves the place it began at. */
export async function browse(address: string): Promise<URL> {
  const cookies = new Map<string, string>();
  const { origin } = new URL(address);
  let at = new URL(address);
  for (let hops = 0; hops < 20; hops++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(at, { redirect: "manual", headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`${at.pathname} answers ${answer.status}: ${await answer.text()}`);
    at = new URL(location, at);
    if (at.origin !== origin) return at;
  }
  throw new Error("too many redirects");
}

/** One sign-in of an app: its own verifier, and what it did with the answers. */
export interface AppFlow {
  readonly verifier: string;
  readonly challenge: string;
}

export function newFlow(): AppFlow {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

interface Begin {
  readonly provider?: string;
  readonly redirect?: string;
  readonly state?: string;
}

/** The provider's address that a start answers. */
export async function start(users: TestUsers, flow: AppFlow, begin: Begin = {}): Promise<string> {
  const { provider = "corp", redirect = appRedirect, state = "app-state" } = begin;
  const query = { redirect, codeChallenge: flow.challenge, state };
  return (await users.call("startOAuth", { params: { provider }, query })).headers.Location as string;
}

/** What the app is told once the browser came back to us with this address. */
export async function comeBack(users: TestUsers, at: URL, provider = "corp"): Promise<URL> {
  const query = Object.fromEntries(at.searchParams);
  return new URL((await users.call("finishOAuth", { params: { provider }, query })).headers.Location as string);
}

/** From start to the code in the app's redirect. */
export async function codeOf(users: TestUsers, flow: AppFlow, begin: Begin = {}): Promise<string> {
  const back = await comeBack(users, await browse(await start(users, flow, begin)), begin.provider);
  const code = back.searchParams.get("code");
  if (code === null) throw new Error(`the app is told ${back.search}`);
  return code;
}

/** The whole way; the answer of the exchange. */
export async function signInThrough(users: TestUsers, begin: Begin = {}) {
  const flow = newFlow();
  const code = await codeOf(users, flow, begin);
  return (await users.call("exchangeOAuthCode", { body: { code, codeVerifier: flow.verifier } })).json;
}
