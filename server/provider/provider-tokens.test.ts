// What tokens of clients are worth, and when they stop being worth anything: scopes, refresh, the ways to end a session, and each
// kind of token at every other kind's door.
import { randomUUID } from "node:crypto";
import * as client from "openid-client";
import { describe, expect, test } from "vitest";
import type { TestServer } from "../../test/support/server.ts";
import { Browser, makeClient, type SignedInUser, signIn, through } from "./provider.fixture.ts";
import { offline, redirect, testWiki } from "./wiki.fixture.ts";

const wiki = testWiki();
const { server } = wiki;
const notes = "/v1/collections/notes/records";

const code = async (work: Promise<unknown>) => work.then(() => "taken", (error: { error?: string }) => error.error ?? String(error)); // biome-ignore format: one line
const refresh = (token: string | undefined) => client.refreshTokenGrant(wiki.config, token as string);
const aliveWithin = (token: string, ms: number) => expect.poll(() => wiki.status(token), { timeout: ms, interval: 50 });

describe("scopes", () => {
  test("reading is not writing, and neither is there without its scope", async () => {
    const reader = (await wiki.signIn({ scope: "openid records:read" })).access_token;
    expect(await wiki.status(reader)).toBe(200);
    expect((await server.call("POST", notes, { text: "x", owner: wiki.user.user.id }, { as: reader })).status).toBe(
      403,
    );
    const writer = (await wiki.signIn({ scope: "openid records:write" })).access_token;
    expect(await wiki.status(writer)).toBe(404);
    expect((await server.call("POST", notes, { text: "x", owner: wiki.user.user.id }, { as: writer })).status).toBe(
      201,
    );
  });

  test("a person may let in less than was asked for", async () => {
    const { url, checks } = await wiki.begin({ scope: "openid records:read records:write" });
    const back = await through(wiki.base, new Browser(), url.href, { user: wiki.user, scopes: ["records:read"] });
    const tokens = await client.authorizationCodeGrant(wiki.config, back, checks);
    expect(tokens.scope).toBe("openid records:read");
    expect((await server.call("POST", notes, { text: "x", owner: wiki.user.user.id }, { as: tokens.access_token })).status).toBe(403); // biome-ignore format: one line
  });

  test("a client gets no scope that it is not registered for, and no resource but the API", async () => {
    const { id, secret } = await makeClient(server, { name: "Narrow", type: "web", redirectUris: [redirect], scopes: ["openid"] }); // biome-ignore format: one line
    const config = await wiki.discover(id, secret as string);
    const failed = async (extra: Record<string, string>, scope = "openid") => {
      const { url } = await wiki.begin({ config, scope, extra });
      return new URL((await new Browser().go(url.href)).headers.get("location") as string).searchParams.get("error");
    };
    expect(await failed({}, "openid records:read")).toBe("invalid_scope");
    expect(await failed({ resource: "https://other.example.com/" })).toBe("invalid_target");
  });

  test("B03 nothing about the account opens to a client, whatever its scopes", async () => {
    const as = (await wiki.signIn(offline)).access_token;
    const doors: [string, string, object?][] = [
      ["GET", "/v1/auth/me"],
      ["GET", "/v1/auth/sessions"],
      ["GET", "/v1/auth/devices"],
      ["POST", "/v1/auth/sign-out", {}],
      ["DELETE", `/v1/auth/sessions/${wiki.user.session.id}`],
      ["GET", "/v1/oauth/clients"],
      ["GET", "/v1/collections"],
    ];
    for (const [method, path, body] of doors)
      expect((await server.call(method, path, body, { as })).status, path).toBe(403);
  });
});

describe("T15 refresh", () => {
  test("each use answers a successor with a new access token of the same session", async () => {
    const first = await wiki.signIn(offline);
    const second = await refresh(first.refresh_token);
    const third = await refresh(second.refresh_token);
    expect(new Set([first, second, third].map((one) => one.refresh_token)).size).toBe(3);
    expect(await wiki.status(third.access_token)).toBe(200);
  });

  test("two tabs and a lost answer: the same successor for all of them", async () => {
    const first = await wiki.signIn(offline);
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(first.refresh_token)));
    expect(new Set(answers.map((one) => one.refresh_token)).size).toBe(1);
    expect((await refresh(answers[0]?.refresh_token)).access_token).toBeTruthy();
  });

  test("once the successor was used, the old one ends the family, at once", async () => {
    const first = await wiki.signIn(offline);
    const second = await refresh(first.refresh_token);
    const third = await refresh(second.refresh_token);
    expect(await code(refresh(first.refresh_token))).toBe("invalid_grant");
    expect(await code(refresh(third.refresh_token))).toBe("invalid_grant");
    expect(await wiki.status(third.access_token)).toBe(401);
    expect(await audited(server, "refresh_reused")).toBe(1);
  });

  test("past the 20 seconds the old one ends the family too", async () => {
    const first = await wiki.signIn(offline);
    const second = await refresh(first.refresh_token);
    await server.database.db.query({ text: `UPDATE landfall."oauthState" SET "consumedAt" = "consumedAt" - interval '20 s' WHERE "consumedAt" IS NOT NULL` }); // biome-ignore format: one line
    expect(await code(refresh(first.refresh_token))).toBe("invalid_grant");
    expect(await code(refresh(second.refresh_token))).toBe("invalid_grant");
  });

  test("a refresh token is its client's alone", async () => {
    const { refresh_token } = await wiki.signIn(offline);
    const { id, secret } = await makeClient(server, { name: "Thief", type: "web", redirectUris: [redirect] });
    const thief = await wiki.discover(id, secret as string);
    expect(await code(client.refreshTokenGrant(thief, refresh_token as string))).toBe("invalid_grant");
    expect((await refresh(refresh_token)).access_token).toBeTruthy();
  });
});

const audited = async ({ database }: TestServer, event: string) =>
  (await database.db.query({ text: "SELECT 1 FROM landfall.audit WHERE event = $1", values: [event] })).length;

describe("T13 what ends a client's session", () => {
  const sql = (text: string, ...values: unknown[]) => server.database.db.query({ text, values });
  const sessionOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString()).sid as string; // biome-ignore format: one line
  type Tokens = Awaited<ReturnType<typeof wiki.signIn>>;
  const endings: [name: string, end: (tokens: Tokens, user: SignedInUser) => Promise<unknown>][] = [
    ["the client gives its refresh token back", (tokens) => client.tokenRevocation(wiki.config, tokens.refresh_token as string)], // biome-ignore format: a table
    ["the user ends the session", (tokens, user) => server.call("DELETE", `/v1/auth/sessions/${sessionOf(tokens.access_token)}`, undefined, { as: user.accessToken })], // biome-ignore format: a table
    ["the user revokes the device", (tokens, user) => revokeDevice(tokens, user)],
    ["the user signs out everywhere", (_, user) => server.call("POST", "/v1/auth/sign-out", { scope: "all" }, { as: user.accessToken })], // biome-ignore format: a table
    ["the account is suspended", (_, user) => sql(`UPDATE landfall.account SET "suspendedAt" = now() WHERE "recordId" = $1`, user.user.id)], // biome-ignore format: a table
    ["A23 the user's record is deleted", (_, user) => server.call("DELETE", `/v1/collections/users/records/${user.user.id}`)], // biome-ignore format: a table
    ["the row is deleted behind our back", (tokens) => sql(`DELETE FROM landfall."userSession" WHERE id = $1`, sessionOf(tokens.access_token))], // biome-ignore format: a table
  ];
  async function revokeDevice(_: Tokens, user: SignedInUser) {
    const { items } = (await server.call("GET", "/v1/auth/devices", undefined, { as: user.accessToken })).json;
    const device = items.find((one: { name: string; platform: string }) => one.name === "Wiki");
    expect(device).toMatchObject({ platform: "oauth", sessions: 1 });
    await server.call("DELETE", `/v1/auth/devices/${device.id}`, undefined, { as: user.accessToken });
  }

  test.each(endings)("%s: access token dead within 2 s, refresh token dead, userinfo dead", async (name, end) => {
    const user = await signIn(server);
    const tokens = await wiki.signIn({ ...offline, as: user });
    expect(await wiki.status(tokens.access_token)).toBe(200);
    await end(tokens, user);
    await aliveWithin(tokens.access_token, 2_000).toBe(401);
    expect((await server.call("GET", "/v1/oauth/userinfo", undefined, { as: tokens.access_token })).status).toBe(401);
    expect(await code(refresh(tokens.refresh_token))).toBe("invalid_grant");
    // A suspension may be lifted; whatever else ended the session took all that hung on it.
    const id = sessionOf(tokens.access_token);
    const session = await sql(`SELECT 1 FROM landfall."userSession" WHERE id = $1`, id);
    const hanging = await sql(`SELECT 1 FROM landfall."oauthState" WHERE "grantId" = $1`, id);
    expect([session.length, hanging.length > 0]).toEqual(name.includes("suspended") ? [1, true] : [0, false]);
  });

  test("the client is deleted: every session that it has ends, those of others go on", async () => {
    const { id, secret } = await makeClient(server, { name: "Gone", type: "web", redirectUris: [redirect], scopes: ["openid", "records:read", "offline_access"] }); // biome-ignore format: one line
    const config = await wiki.discover(id, secret as string);
    const gone = await wiki.signIn({ config, scope: "openid records:read" });
    const other = await wiki.signIn(offline);
    expect(await wiki.status(gone.access_token)).toBe(200);
    await server.call("DELETE", `/v1/oauth/clients/${id}`);
    expect(await wiki.status(gone.access_token)).toBe(401);
    expect(await wiki.status(other.access_token)).toBe(200);
  });

  test("a client's end leaves the app's own session alone, and the other way round", async () => {
    const user = await signIn(server);
    const tokens = await wiki.signIn({ ...offline, as: user });
    await client.tokenRevocation(wiki.config, tokens.refresh_token as string);
    expect((await server.call("GET", "/v1/auth/me", undefined, { as: user.accessToken })).status).toBe(200);
    const again = await wiki.signIn({ ...offline, as: user });
    await server.call("POST", "/v1/auth/sign-out", {}, { as: user.accessToken });
    expect(await wiki.status(again.access_token)).toBe(200);
  });

  test("a new secret ends the old one, and no session", async () => {
    const { id, secret } = await makeClient(server, { name: "Turning", type: "web", redirectUris: [redirect], scopes: ["openid", "records:read", "offline_access"] }); // biome-ignore format: one line
    const old = await wiki.discover(id, secret as string);
    const tokens = await wiki.signIn({ config: old, scope: "records:read" });
    const rotated = (await server.call("POST", `/v1/oauth/clients/${id}:rotate`, {})).json;
    expect(await code(client.refreshTokenGrant(old, tokens.refresh_token as string))).toBe("invalid_client");
    const fresh = await wiki.discover(id, rotated.secret);
    expect((await client.refreshTokenGrant(fresh, tokens.refresh_token as string)).access_token).toBeTruthy();
  });
});

describe("a service asks about an access token (RFC 7662)", () => {
  const ask = async (config: client.Configuration, token: string) => client.tokenIntrospection(config, token);

  test("and learns whether it is alive, whose it is and what it opens; another program learns nothing", async () => {
    const tokens = await wiki.signIn({ scope: "openid records:read" });
    const expected = { active: true, sub: wiki.user.user.id, client_id: wiki.client.id, scope: "openid records:read", iss: wiki.base, aud: `${wiki.base}/v1`, token_type: "Bearer" }; // biome-ignore format: one line
    expect(await ask(wiki.config, tokens.access_token)).toMatchObject(expected);
    const service = await makeClient(server, { name: "Service", type: "machine", collections: { notes: ["list"] } });
    const asService = await wiki.discover(service.id, service.secret as string);
    expect(await ask(asService, tokens.access_token)).toMatchObject(expected);
    const other = await makeClient(server, { name: "Other", type: "web", redirectUris: [redirect] });
    expect(await ask(await wiki.discover(other.id, other.secret as string), tokens.access_token)).toEqual({ active: false }); // biome-ignore format: one line
    await client.tokenRevocation(wiki.config, tokens.access_token);
    expect(await ask(wiki.config, tokens.access_token)).toEqual({ active: false });
    expect(await wiki.status(tokens.access_token)).toBe(401);
  });

  test("the app's own tokens and what is no token are not alive for it", async () => {
    expect(await ask(wiki.config, wiki.user.accessToken)).toEqual({ active: false });
    expect(await ask(wiki.config, "x")).toEqual({ active: false });
    const forged = `${wiki.user.accessToken.slice(0, -4)}AAAA`;
    expect(await ask(wiki.config, forged)).toEqual({ active: false });
  });

  test("nobody takes another client's token away", async () => {
    const tokens = await wiki.signIn({ scope: "openid records:read" });
    const other = await makeClient(server, { name: "Other", type: "web", redirectUris: [redirect] });
    await client.tokenRevocation(await wiki.discover(other.id, other.secret as string), tokens.access_token);
    expect(await wiki.status(tokens.access_token)).toBe(200);
    const anybody = await fetch(`${wiki.base}/oauth/introspect`, { method: "POST", body: new URLSearchParams({ token: tokens.access_token, client_id: wiki.client.id }) }); // biome-ignore format: one line
    expect(anybody.status).toBe(401);
  });
});

describe("T30 each kind of token opens its own door only", () => {
  test("k x k", async () => {
    const tokens = await wiki.signIn(offline);
    const robot = await makeClient(server, { name: `Robot ${randomUUID()}`, type: "machine", collections: { notes: ["list"] } }); // biome-ignore format: one line
    const machine = await client.clientCredentialsGrant(await wiki.discover(robot.id, robot.secret as string));
    const { url, checks } = await wiki.begin();
    const back = await through(wiki.base, new Browser(), url.href, { user: wiki.user });
    const kinds: Record<string, string> = {
      ownAccess: wiki.user.accessToken,
      ownRefresh: wiki.user.refreshToken,
      access: tokens.access_token,
      refresh: tokens.refresh_token as string,
      id: tokens.id_token as string,
      code: back.searchParams.get("code") as string,
      secret: wiki.client.secret,
      machine: machine.access_token,
    };
    const ok = (taken: string) => taken === "taken";
    const grant = async (body: Record<string, string>) => {
      const form = new URLSearchParams({ client_id: wiki.client.id, client_secret: wiki.client.secret, ...body });
      return (await fetch(`${wiki.base}/oauth/token`, { method: "POST", body: form })).status === 200;
    };
    const api = async (path: string, as: string) => (await server.call("GET", path, undefined, { as })).status === 200;
    const doors: Record<string, (token: string) => Promise<boolean>> = {
      me: (token) => api("/v1/auth/me", token),
      records: (token) => api(notes, token),
      userinfo: (token) => api("/v1/oauth/userinfo", token),
      ownRefresh: async (refreshToken) => (await server.call("POST", "/v1/auth/refresh", { refreshToken }, { as: null })).status === 200, // biome-ignore format: one line
      refresh: (refresh_token) => grant({ grant_type: "refresh_token", refresh_token }),
      code: (given) => grant({ grant_type: "authorization_code", code: given, redirect_uri: redirect, code_verifier: checks.pkceCodeVerifier as string }), // biome-ignore format: one line
      client: async (secret) => ok(await code(client.refreshTokenGrant(await wiki.discover(wiki.client.id, secret), "x")).then((said) => (said === "invalid_grant" ? "taken" : said))), // biome-ignore format: one line
    };
    const opened: string[] = [];
    for (const [door, tries] of Object.entries(doors))
      for (const [kind, token] of Object.entries(kinds)) if (await tries(token)) opened.push(`${kind} > ${door}`);
    expect(opened.sort()).toEqual(
      [
        ...["ownAccess > me", "ownAccess > records", "access > records", "access > userinfo", "machine > records"],
        ...["ownRefresh > ownRefresh", "refresh > refresh", "code > code", "secret > client"],
      ].sort(),
    );
  });
});

test("the database holds nothing that could be presented", async () => {
  const tokens = await wiki.signIn(offline);
  const { url } = await wiki.begin({ extra: { state: "state-that-is-kept-sealed" } });
  await new Browser().go(url.href);
  const rows = await server.database.db.query({
    text: `SELECT s::text AS row FROM landfall."oauthState" s UNION ALL SELECT c::text FROM landfall."oauthClient" c`,
  });
  const stored = JSON.stringify(rows);
  expect(rows.length).toBeGreaterThan(3);
  for (const secret of [tokens.refresh_token as string, wiki.client.secret, "state-that-is-kept-sealed"])
    expect(stored).not.toContain(secret);
});

test("nothing that a client did made the server fail, and the library said nothing of its own", () => {
  expect(server.output()).not.toMatch(/oidc-provider (NOTICE|WARNING)/);
  expect(
    server
      .output()
      .split("\n")
      .filter((line) => line.includes('"level":50')),
  ).toEqual([]);
});
