// A server with an app `notes`, one user, and a program by another author (openid-client) that signs them in.
import * as client from "openid-client";
import { beforeAll } from "vitest";
import { type TestServer, testServer } from "../../test/support/server.ts";
import { Browser, makeClient, type SignedInUser, signIn, through } from "./provider.fixture.ts";

export const redirect = "https://wiki.example.com/callback";
export const afterSignOut = "https://wiki.example.com/";

export interface Flow {
  readonly scope?: string;
  readonly browser?: Browser;
  readonly as?: SignedInUser;
  readonly config?: client.Configuration;
  readonly extra?: Record<string, string>;
  readonly options?: client.AuthorizationCodeGrantOptions;
}

export interface Wiki {
  readonly server: TestServer;
  readonly base: string;
  readonly user: SignedInUser;
  readonly client: { readonly id: string; readonly secret: string };
  readonly config: client.Configuration;
  /** The program's address to send a person to, and what it keeps for the way back. */
  begin(flow?: Flow): Promise<{ url: URL; checks: client.AuthorizationCodeGrantChecks }>;
  signIn(flow?: Flow): Promise<Awaited<ReturnType<typeof client.authorizationCodeGrant>>>;
  discover(id: string, secret?: string): Promise<client.Configuration>;
  /** Status of a list of notes with this token. */
  status(token: string): Promise<number>;
}

export function testWiki(): Wiki {
  const server = testServer();
  let made: Omit<Wiki, "server" | "begin" | "signIn" | "discover" | "status"> | undefined;
  const up = () => {
    if (made === undefined) throw new Error("testWiki() is ready from beforeAll on");
    return made;
  };
  const discover: Wiki["discover"] = (id, secret) => {
    const auth = secret === undefined ? client.None() : client.ClientSecretPost(secret);
    const address = new URL(`http://localhost:${server.port}`);
    return client.discovery(address, id, undefined, auth, { execute: [client.allowInsecureRequests] });
  };
  beforeAll(async () => {
    const settings = { methods: { anonymous: { enabled: true } } };
    await server.call("PATCH", "/v1/collections/users/auth", { settings });
    const fields = ["text", "owner"].map((name) => ({ name, type: "text" }));
    const rules = { list: "owner == auth.id", create: "owner == auth.id" };
    await server.call("POST", "/v1/collections", { name: "notes", fields, rules });
    const wiki = await makeClient(server, {
      ...{ name: "Wiki", type: "web", redirectUris: [redirect], signOutRedirectUris: [afterSignOut] },
      scopes: ["openid", "profile", "email", "offline_access", "records:read", "records:write"],
    });
    made = {
      base: `http://localhost:${server.port}`,
      user: await signIn(server),
      client: wiki as Wiki["client"],
      config: await discover(wiki.id, wiki.secret as string),
    };
  });
  const begin: Wiki["begin"] = async ({ scope = "openid profile", config = up().config, extra = {} } = {}) => {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), scope.includes("openid") ? client.randomNonce() : undefined];
    const url = client.buildAuthorizationUrl(config, {
      ...{ redirect_uri: redirect, scope, state, code_challenge_method: "S256", ...(nonce && { nonce }), ...extra },
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    });
    const idTokenExpected = nonce !== undefined;
    return { url, checks: { pkceCodeVerifier, expectedState: state, idTokenExpected, ...(nonce && { expectedNonce: nonce }) } }; // biome-ignore format: one line
  };
  return {
    server,
    discover,
    begin,
    get base() {
      return up().base;
    },
    get user() {
      return up().user;
    },
    get client() {
      return up().client;
    },
    get config() {
      return up().config;
    },
    async signIn(flow = {}) {
      const { url, checks } = await begin(flow);
      const back = await through(up().base, flow.browser ?? new Browser(), url.href, { user: flow.as ?? up().user });
      return client.authorizationCodeGrant(flow.config ?? up().config, back, checks, undefined, flow.options);
    },
    status: async (token) =>
      (await server.call("GET", "/v1/collections/notes/records", undefined, { as: token })).status,
  };
}

/** Fully consented, with a refresh token. */
export const offline = {
  scope: "openid profile offline_access records:read records:write",
  extra: { prompt: "consent" },
};
