// Every preset against a provider that answers as the real one does: what is asked of it, what is believed of what it says. And
// answers that no provider should give.
import { generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { Events } from "oauth2-mock-server";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { type PresetName, presets } from "./oauth-presets.ts";
import { appRedirect, browse, comeBack, mockUpstream, newFlow, presetsAt, signInThrough, start, upstreamOptions } from "./upstream.fixture.ts"; // biome-ignore format: one line
import { testUsers } from "./user.fixture.ts";

const database = testDatabase();
const upstream = mockUpstream();
const { service } = upstream.server;
const users = testUsers(database, { redirects: [appRedirect] }, () => ({
  ...upstreamOptions(),
  presets: presetsAt(upstream.issuer),
}));
const appleKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
const plainSecret = "secret of the app";

const bodies: { readonly [name in PresetName]?: object } = {
  apple: {
    clientSecret: appleKey.privateKey.export({ type: "pkcs8", format: "pem" }),
    apple: { teamId: "TEAM123456", keyId: "KEY1234567" },
  },
  get oidc() {
    return { issuer: upstream.issuer };
  },
};

let emails: unknown = [];
let speaksOAuthAlone = false;
const isPlain = (name: PresetName) => presets[name].driver === "openid" && "endpoints" in presets[name];
/** What the token endpoint was sent last. */
let sent: { readonly body: Record<string, string>; readonly authorization: string | undefined } = { body: {}, authorization: "" }; // biome-ignore format: one line

beforeAll(async () => {
  service.on(Events.BeforeResponse, ({ body }, request) => {
    if (speaksOAuthAlone) delete (body as { id_token?: string }).id_token;
    sent = { body: request.body as unknown as Record<string, string>, authorization: request.headers.authorization };
  });
  // The mock says it takes public clients only; the real ones prove otherwise.
  service.on(Events.BeforeWellKnownOpenIdConfiguration, ({ body }) => {
    Object.assign(body as object, {
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    });
  });
  service.addRoute("GET", "/user/emails", (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(emails));
  });
  for (const name of Object.keys(presets) as PresetName[])
    await users.call("putProvider", {
      token: serviceKey,
      params: { collection: "users", name },
      body: { preset: name, clientId: "app", clientSecret: plainSecret, fields: { name: "name" }, ...bodies[name] },
    });
});

let count = 0;
let email = "";
beforeEach(async () => {
  email = `person-${++count}@example.com`;
  speaksOAuthAlone = false;
  await database.db.query({ text: "TRUNCATE landfall.throttle" });
});

interface Case {
  readonly preset: PresetName;
  /** The user's document, or the claims of the id token. */
  readonly says: () => Record<string, unknown>;
  readonly identity: { readonly issuer: string; readonly subject: string };
  /** The account's address; null: known to the provider, vouched for by nobody. */
  readonly vouched: boolean;
  readonly emails?: () => unknown;
}

const id = () => `person-${count}`;
const openId =
  (more: object = {}) =>
  () => ({ sub: id(), name: "Ann", email, email_verified: true, ...more });
const own = (preset: PresetName) => (presets[preset] as { readonly issuer: string }).issuer;

const cases: readonly Case[] = [
  { preset: "google", says: openId(), identity: { issuer: own("google"), subject: "person-" }, vouched: true },
  { preset: "google", says: openId({ email_verified: false }), identity: { issuer: own("google"), subject: "person-" }, vouched: false },
  { preset: "github", says: () => ({ sub: undefined, id: count, login: "ann", name: "Ann", email: "shown@example.com" }), emails: () => [{ email: "old@example.com", verified: true, primary: false }, { email, verified: true, primary: true }, { email: "no@example.com", verified: false, primary: false }], identity: { issuer: own("github"), subject: "" }, vouched: true },
  { preset: "github", says: () => ({ id: count, login: "ann", name: "Ann", email }), emails: () => [{ email, verified: false, primary: true }], identity: { issuer: own("github"), subject: "" }, vouched: false },
  { preset: "microsoft", says: openId({ email_verified: undefined }), identity: { issuer: "here", subject: "person-" }, vouched: false },
  { preset: "microsoft", says: openId({ email_verified: true }), identity: { issuer: "here", subject: "person-" }, vouched: false },
  { preset: "microsoft", says: openId({ xms_edov: "1" }), identity: { issuer: "here", subject: "person-" }, vouched: true },
  { preset: "facebook", says: () => ({ id: id(), name: "Ann", email }), identity: { issuer: own("facebook"), subject: "person-" }, vouched: false },
  { preset: "discord", says: () => ({ id: id(), global_name: "Ann", username: "ann", email, verified: true }), identity: { issuer: own("discord"), subject: "person-" }, vouched: true },
  { preset: "discord", says: () => ({ id: id(), global_name: "Ann", username: "ann", email, verified: false }), identity: { issuer: own("discord"), subject: "person-" }, vouched: false },
  { preset: "gitlab", says: openId(), identity: { issuer: "here", subject: "person-" }, vouched: true },
  { preset: "linkedin", says: openId(), identity: { issuer: "here", subject: "person-" }, vouched: true },
  { preset: "x", says: () => ({ data: { id: id(), name: "Ann", username: "ann", confirmed_email: email } }), identity: { issuer: own("x"), subject: "person-" }, vouched: true },
  { preset: "spotify", says: () => ({ id: id(), display_name: "Ann", email }), identity: { issuer: own("spotify"), subject: "person-" }, vouched: false },
  { preset: "oidc", says: openId(), identity: { issuer: "here", subject: "person-" }, vouched: true },
  { preset: "oidc", says: openId({ email_verified: "yes" }), identity: { issuer: "here", subject: "person-" }, vouched: false },
]; // biome-ignore format: a table

describe("who comes back", () => {
  test.each(cases)(
    "$preset, address vouched for: $vouched",
    async ({ preset, says, emails: listed, identity, vouched }) => {
      upstream.claims = says();
      speaksOAuthAlone = isPlain(preset);
      emails = listed?.() ?? [];
      const { account, accessToken, user } = await signInThrough(users, { provider: preset });
      expect(user.name).toBe("Ann");
      expect(account).toMatchObject({ email: vouched ? email : null, emailVerified: vouched });
      const { items } = (await users.call("listIdentities", { token: accessToken })).json;
      const issuer = identity.issuer === "here" ? upstream.issuer : identity.issuer;
      expect(items).toMatchObject([{ provider: preset, issuer, subject: `${identity.subject}${count}` }]);
    },
  );

  test("apple posts its answer, tells the name once, and is shown a secret made for this use", async () => {
    upstream.claims = { sub: id(), email, email_verified: "true" };
    const flow = newFlow();
    const at = new URL(await start(users, flow, { provider: "apple" }));
    expect(at.searchParams.get("response_mode")).toBe("form_post");
    const answer = Object.fromEntries((await browse(at.href)).searchParams);
    const form = { ...answer, user: JSON.stringify({ name: { firstName: "Ann", lastName: "Lee" }, email: "seed@example.com" }) } as Record<string, string>; // biome-ignore format: one line
    const { headers } = await users.call("finishOAuthByForm", { params: { provider: "apple" }, form });
    const code = new URL(headers.Location as string).searchParams.get("code") as string;
    const { json } = await users.call("exchangeOAuthCode", { body: { code, codeVerifier: flow.verifier } });
    expect([json.user.name, json.account.email, json.account.emailVerified]).toEqual(["Ann Lee", email, true]);
    const { payload, protectedHeader } = await jwtVerify(sent.body.client_secret as string, appleKey.publicKey, { audience: upstream.issuer }); // biome-ignore format: one line
    expect(protectedHeader).toEqual({ alg: "ES256", kid: "KEY1234567" });
    expect(payload).toMatchObject({ iss: "TEAM123456", sub: "app" });
    expect((payload.exp as number) - (payload.iat as number)).toBe(300);
    upstream.claims = { sub: id(), email, email_verified: "true" };
  });

  test("apple's form is taken from nobody else: without a state of ours, or with one twice, it is refused", async () => {
    const refused = (form: Record<string, string>) =>
      users.refused("finishOAuthByForm", { params: { provider: "apple" }, form });
    expect(await refused({})).toBe("400 oauth_state_invalid");
    expect(await refused({ state: "lf_one_guess", code: "x" })).toBe("400 oauth_state_invalid");
  });
});

describe("what is asked", () => {
  const asked = async (provider: PresetName) => new URL(await start(users, newFlow(), { provider })).searchParams;

  test.each(Object.keys(presets) as PresetName[])(
    "%s: state, scopes, and what it understands of PKCE and nonce",
    async (name) => {
      const preset = presetsAt(upstream.issuer)[name];
      const parameters = await asked(name);
      expect(parameters.get("client_id")).toBe("app");
      expect(parameters.get("state")).toMatch(/^lf_one_/);
      expect(parameters.get("redirect_uri")).toBe(`http://localhost:4710/v1/auth/oauth/${name}/callback`);
      expect(parameters.get("scope")).toBe(preset.scopes.join(" "));
      expect(parameters.get("code_challenge_method")).toBe(preset.pkce === false ? null : "S256");
      const hasNonce = preset.endpoints === undefined && preset.nonce !== false;
      expect(parameters.has("nonce")).toBe(hasNonce);
    },
  );

  test("the secret goes the way that the preset says, and never into an address", async () => {
    upstream.claims = { ...openId()(), id: id(), data: { id: id() } };
    for (const name of ["google", "github", "discord", "oidc", "x"] as const) {
      speaksOAuthAlone = isPlain(name);
      await signInThrough(users, { provider: name });
      const basic = presets[name].clientAuth === "basic";
      expect.soft(sent.body.client_secret, name).toBe(basic ? undefined : plainSecret);
      expect.soft(sent.authorization?.startsWith("Basic ") ?? false, name).toBe(basic);
    }
  });
});

describe("answers that are not believed", () => {
  const countUsers = async () => (await database.db.query({ text: "SELECT 1 FROM public.users" })).length;
  const outcome = async (provider: string): Promise<string | null> => {
    const back = await comeBack(users, await browse(await start(users, newFlow(), { provider })), provider);
    return back.searchParams.get("error");
  };
  type Broken = [what: string, breakIt: () => void];
  const token = (change: (payload: Record<string, unknown>, header: Record<string, unknown>) => void) => () =>
    // The first token is the access token, the second the id token.
    service.once(Events.BeforeTokenSigning, () => service.once(Events.BeforeTokenSigning, ({ payload, header }) => change(payload, header as never))); // biome-ignore format: one line
  const answer =
    (change: (body: Record<string, unknown>) => unknown, statusCode = 200) =>
    () =>
      service.once(Events.BeforeResponse, (response) => {
        response.body = (change(response.body as Record<string, unknown>) ?? response.body) as never;
        response.statusCode = statusCode;
      });
  const signatureOf = (body: Record<string, unknown>) => String(body.id_token).split(".");

  const broken: Broken[] = [
    ["another audience", token((payload) => { payload.aud = "other"; })],
    ["another issuer", token((payload) => { payload.iss = "https://evil.example"; })],
    ["another nonce", token((payload) => { payload.nonce = "other"; })],
    ["no nonce", token((payload) => { delete payload.nonce; })],
    ["no subject", token((payload) => { delete payload.sub; })],
    ["a subject that is a list", token((payload) => { payload.sub = ["ann"]; })],
    ["an expired token", token((payload) => { payload.exp = 1_000_000_000; })],
    ["a token from tomorrow", token((payload) => { payload.nbf = 9_000_000_000; })],
    ["a key that nobody published", token((_, header) => { header.kid = "unknown"; })],
    ["an altered payload", answer((body) => { const [head, , tail] = signatureOf(body); body.id_token = `${head}.${Buffer.from('{"sub":"root"}').toString("base64url")}.${tail}`; })],
    ["an altered signature", answer((body) => { const [head, middle] = signatureOf(body); body.id_token = `${head}.${middle}.${Buffer.alloc(256).toString("base64url")}`; })],
    ["algorithm none", answer((body) => { const [, middle] = signatureOf(body); body.id_token = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${middle}.`; })],
    ["no id token", answer((body) => { delete body.id_token; })],
    ["an id token that is a number", answer((body) => { body.id_token = 7; })],
    ["a list for an answer", answer(() => [])],
    ["an error with 400", answer(() => ({ error: "invalid_grant" }), 400)],
    ["an error with 200", answer(() => ({ error: "bad_verification_code" }))],
    ["500", answer(() => ({}), 500)],
    ["a redirect", answer(() => ({}), 302)],
  ]; // biome-ignore format: a table

  test.each(broken)("%s", async (_, breakIt) => {
    upstream.claims = openId()();
    const before = await countUsers();
    breakIt();
    expect(await outcome("gitlab")).toBe("provider_failed");
    expect(await countUsers()).toBe(before);
    // The next sign-in is an honest one again, so the fault was seen and not something else.
    service.removeAllListeners(Events.BeforeTokenSigning);
    service.on(Events.BeforeTokenSigning, ({ payload }) => Object.assign(payload, upstream.claims));
    expect(await outcome("gitlab")).toBeNull();
  });

  const documents: Broken[] = [
    ["no subject", () => { upstream.claims = { sub: undefined, name: "Ann" }; }],
    ["a subject that is an object", () => { upstream.claims = { sub: { $gt: "" } }; }],
    ["an empty subject", () => { upstream.claims = { sub: "" }; }],
    ["a subject without end", () => { upstream.claims = { sub: "s".repeat(300) }; }],
    ["another provider's issuer in the answer's address", () => service.once(Events.BeforeAuthorizeRedirect, ({ url }) => url.searchParams.set("iss", "https://evil.example"))],
    ["a token endpoint that fails", answer(() => ({ error: "invalid_client" }), 401)],
    ["a document behind 403", () => service.once(Events.BeforeUserinfo, (one) => { one.statusCode = 403; })],
  ]; // biome-ignore format: a table
  test.each(documents)("google: %s", async (_, breakIt) => {
    upstream.claims = openId()();
    breakIt();
    expect(await outcome("google")).toBe("provider_failed");
  });

  test("an address that is none, or no text, is no address", async () => {
    for (const wrong of ["ann", "ann@exämple.com", ["ann@example.com"], { a: 1 }, 7, "a@b\r\nBcc: c@d", ""]) {
      upstream.claims = { ...openId()(), sub: `${id()}-${JSON.stringify(wrong)}`.slice(0, 200), email: wrong };
      const { account } = await signInThrough(users, { provider: "google" });
      expect.soft(account.email, JSON.stringify(wrong)).toBeNull();
    }
  });
});
