// A program by another author (openid-client) signs users in here as anywhere: found by discovery, code flow, refresh, userinfo.
// What it gets is judged by a third party's JWT library.
import { createPublicKey } from "node:crypto";
import jwt from "jsonwebtoken";
import * as client from "openid-client";
import { describe, expect, test } from "vitest";
import { Browser, makeClient, through, uidOf } from "./provider.fixture.ts";
import { afterSignOut, offline, redirect, testWiki } from "./wiki.fixture.ts";

const wiki = testWiki();
const { server } = wiki;
const notes = "/v1/collections/notes/records";

describe("the whole way", () => {
  test("discovery, code with PKCE, ID token, userinfo, and the API under its user's rules", async () => {
    const tokens = await wiki.signIn({ scope: "openid profile records:read records:write" });
    const { id } = wiki.user.user;
    expect(tokens.claims()).toMatchObject({ iss: wiki.base, aud: wiki.client.id, sub: id });
    expect(await client.fetchUserInfo(wiki.config, tokens.access_token, id)).toMatchObject({ sub: id });
    const as = tokens.access_token;
    expect((await server.call("POST", notes, { text: "from the wiki", owner: id }, { as })).status).toBe(201);
    expect((await server.call("POST", notes, { text: "x", owner: "somebody" }, { as })).status).toBe(403);
    expect((await server.call("GET", notes, undefined, { as })).json.items).toMatchObject([{ text: "from the wiki" }]);
  });

  test("a service by another author verifies both tokens by the published keys, and can tell them apart", async () => {
    const tokens = await wiki.signIn({ scope: "openid records:read" });
    const access = await verified(tokens.access_token, `${wiki.base}/v1`);
    expect(access.header).toMatchObject({ alg: "ES256", typ: "at+jwt" });
    const { sub, client_id, scope, sid, exp = 0, iat = 0 } = access.payload as jwt.JwtPayload;
    expect({ sub, client_id, scope }).toEqual({ sub: wiki.user.user.id, client_id: wiki.client.id, scope: "openid records:read" }); // biome-ignore format: one line
    expect([typeof sid, exp - iat]).toEqual(["string", 600]);
    const id = await verified(tokens.id_token as string, wiki.client.id);
    expect(id.header.typ).not.toBe("at+jwt");
    await expect(verified(tokens.id_token as string, `${wiki.base}/v1`)).rejects.toThrow("audience");
  });

  test("the profile is what its own user may see, and only with the scope", async () => {
    await server.call("PATCH", `/v1/collections/users/records/${wiki.user.user.id}`, { name: "Ann" });
    const withProfile = await wiki.signIn({ scope: "openid profile" });
    expect(withProfile.claims()).toMatchObject({ name: "Ann" });
    const without = await wiki.signIn({ scope: "openid" });
    expect(without.claims()).not.toHaveProperty("name");
    expect(await client.fetchUserInfo(wiki.config, without.access_token, wiki.user.user.id)).toEqual({ sub: wiki.user.user.id }); // biome-ignore format: one line
  });
});

async function verified(token: string, audience: string): Promise<jwt.Jwt> {
  const { keys } = (await (await fetch(`${wiki.base}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }; // biome-ignore format: one line
  const kid = jwt.decode(token, { complete: true })?.header.kid;
  const key = keys.find((one) => one.kid === kid);
  return jwt.verify(token, createPublicKey({ key: key as never, format: "jwk" }), {
    ...{ algorithms: ["ES256"], issuer: wiki.base, audience },
    complete: true,
  });
}

describe("metadata", () => {
  const get = async (path: string, headers: Record<string, string> = {}) => (await fetch(`${wiki.base}${path}`, { headers })).json(); // biome-ignore format: one line

  test("one document at both addresses, whatever host the request names (T09)", async () => {
    const forged = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" };
    const found = await get("/.well-known/openid-configuration", forged);
    expect(found).toEqual(await get("/.well-known/oauth-authorization-server"));
    expect(JSON.stringify(found)).not.toContain("evil");
    expect(found).toMatchObject({
      issuer: wiki.base,
      jwks_uri: `${wiki.base}/.well-known/jwks.json`,
      userinfo_endpoint: `${wiki.base}/v1/oauth/userinfo`,
      code_challenge_methods_supported: ["S256"],
      response_types_supported: ["code"],
      id_token_signing_alg_values_supported: ["ES256"],
      authorization_response_iss_parameter_supported: true,
    });
    expect(found).not.toHaveProperty("registration_endpoint");
  });

  test("every address in it is there", async () => {
    const found = (await get("/.well-known/openid-configuration")) as Record<string, string>;
    const endpoints = Object.entries(found).filter(([name]) => name.endsWith("_endpoint") || name === "jwks_uri");
    expect(endpoints.length).toBeGreaterThan(8);
    for (const [name, url] of endpoints) {
      const statuses = await Promise.all(["GET", "POST"].map(async (method) => (await fetch(url, { method, redirect: "manual" })).status)); // biome-ignore format: one line
      expect(
        statuses.some((status) => status !== 404 && status < 500),
        name,
      ).toBe(true);
    }
  });

  test("who knows only the API finds who protects it (RFC 9728)", async () => {
    const found = { resource: `${wiki.base}/v1`, authorization_servers: [wiki.base] };
    expect(await get("/.well-known/oauth-protected-resource/v1")).toMatchObject(found);
    expect(await get("/.well-known/oauth-protected-resource")).toMatchObject(found);
  });
});

describe("pushed requests (RFC 9126)", () => {
  test("are kept here and used once", async () => {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const url = await client.buildAuthorizationUrlWithPAR(wiki.config, {
      ...{ redirect_uri: redirect, scope: "openid", state: "s1", code_challenge_method: "S256" },
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    });
    expect([...url.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    const back = await through(wiki.base, new Browser(), url.href, { user: wiki.user });
    const tokens = await client.authorizationCodeGrant(wiki.config, back, { pkceCodeVerifier, expectedState: "s1" });
    expect(await wiki.status(tokens.access_token)).toBe(404); // no record scope
    expect((await new Browser().go(url.href)).status).toBe(400);
  });
});

describe("a device without a browser (RFC 8628)", () => {
  test("shows a code, the person confirms it elsewhere, the device gets its tokens", async () => {
    const { id } = await makeClient(server, { name: "TV", type: "native", scopes: ["openid", "offline_access", "records:read"] }); // biome-ignore format: one line
    const tv = await wiki.discover(id);
    const device = await client.initiateDeviceAuthorization(tv, { scope: "openid records:read" });
    const browser = new Browser();
    const form = async (page: Response, fields: Record<string, string>) => {
      const xsrf = /name="xsrf" value="(\w+)"/.exec(await page.text())?.[1] as string;
      const body = new URLSearchParams({ xsrf, ...fields });
      return browser.go(device.verification_uri, { method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded" } }); // biome-ignore format: one line
    };
    const wrong = await form(await browser.go(device.verification_uri), { user_code: "BBBB-BBBB" });
    expect([wrong.status, (await wrong.clone().text()).includes("There is no such code")]).toEqual([200, true]);
    const confirm = await form(wrong, { user_code: device.user_code });
    expect(await confirm.clone().text()).toContain("TV");
    const asked = await form(confirm, { user_code: device.user_code, confirm: "yes" });
    const location = asked.headers.get("location") as string;
    const answered = await browser.go(`${wiki.base}/v1/auth/interactions/${uidOf(location)}`, {
      method: "POST",
      headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", authorization: `Bearer ${wiki.user.accessToken}` }, // biome-ignore format: one line
      body: JSON.stringify({ accept: true }),
    });
    const done = await browser.go(((await answered.json()) as { location: string }).location);
    expect(await done.text()).toContain("The device is connected");
    const tokens = await client.pollDeviceAuthorizationGrant(tv, { ...device, interval: 0 });
    expect(tokens.claims()?.sub).toBe(wiki.user.user.id);
    expect(await wiki.status(tokens.access_token)).toBe(200);
  });
});

describe("signing in once", () => {
  test("the browser is known as long as the app's session lives; then it is asked again", async () => {
    const browser = new Browser();
    const as = (await server.call("POST", "/v1/auth/sign-in/anonymous", {}, { as: null })).json;
    await wiki.signIn({ browser, as });
    const silent = await wiki.begin({ extra: { prompt: "none" } });
    const back = new URL((await browser.go(silent.url.href)).headers.get("location") as string);
    expect(back.searchParams.get("code")).toBeTruthy();

    await server.call("POST", "/v1/auth/sign-out", {}, { as: as.accessToken });
    const refused = new URL((await browser.go(silent.url.href)).headers.get("location") as string);
    expect(refused.searchParams.get("error")).toBe("login_required");
    expect((await browser.go((await wiki.begin()).url.href)).headers.get("location")).toContain("/auth/#/interaction/");
  });

  test("who signs out at the provider is signed out of the sign-in page too", async () => {
    const browser = new Browser();
    const as = (await server.call("POST", "/v1/auth/sign-in/anonymous", {}, { as: null })).json;
    const tokens = await wiki.signIn({ browser, as });
    const url = client.buildEndSessionUrl(wiki.config, { id_token_hint: tokens.id_token as string, post_logout_redirect_uri: afterSignOut, state: "bye" }); // biome-ignore format: one line
    const page = await browser.go(url.href);
    const xsrf = /name="xsrf" value="(\w+)"/.exec(await page.text())?.[1] as string;
    const confirmed = await browser.go(`${wiki.base}/oauth/sign-out/confirm`, {
      ...{ method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } },
      body: new URLSearchParams({ xsrf, logout: "yes" }),
    });
    expect(confirmed.headers.get("location")).toBe(`${afterSignOut}?state=bye`);
    expect((await server.call("GET", "/v1/auth/me", undefined, { as: as.accessToken })).status).toBe(401);
    expect((await server.call("GET", "/v1/oauth/userinfo", undefined, { as: tokens.access_token })).status).toBe(401);
  });
});

test("a program in a browser may ask from its own origin only", async () => {
  const { id } = await makeClient(server, { name: "SPA", type: "spa", redirectUris: ["https://spa.example.com/cb"] });
  const ask = (origin: string) =>
    fetch(`${wiki.base}/oauth/token`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({ grant_type: "authorization_code", client_id: id, code: "no", redirect_uri: "https://spa.example.com/cb", code_verifier: "x".repeat(43) }), // biome-ignore format: one line
    });
  expect((await ask("https://spa.example.com")).headers.get("access-control-allow-origin")).toBe("https://spa.example.com"); // biome-ignore format: one line
  const foreign = await ask("https://evil.example");
  expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  expect(foreign.headers.get("access-control-allow-credentials")).toBeNull();
});

test("a program that acts for itself has an API key's reach, in a token that ends", async () => {
  const robot = await makeClient(server, { name: "Robot", type: "machine", collections: { notes: ["list"] } });
  const config = await wiki.discover(robot.id, robot.secret as string);
  const { access_token } = await client.clientCredentialsGrant(config);
  expect(await wiki.status(access_token)).toBe(200);
  const made = await server.call("POST", notes, { text: "x" }, { as: access_token });
  expect([403, 404]).toContain(made.status);
  expect((await server.call("GET", "/v1/collections", undefined, { as: access_token })).status).toBe(403);
  expect((await server.call("DELETE", `/v1/oauth/clients/${robot.id}`)).status).toBe(204);
  expect(await wiki.status(access_token)).toBe(401);
});

test("programs register themselves only once an admin lets them, and are shown as what they are", async () => {
  const register = (body: object) => fetch(`${wiki.base}/oauth/register`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }); // biome-ignore format: one line
  const body = { client_name: "MCP", redirect_uris: ["http://127.0.0.1:3000/cb"], token_endpoint_auth_method: "none", application_type: "native" }; // biome-ignore format: one line
  expect((await register(body)).status).toBe(404);
  await server.call("PATCH", "/v1/oauth/settings", { registration: true });
  await expect.poll(async () => (await register({})).status, { timeout: 5_000 }).toBe(400);
  for (const uri of ["javascript:alert(1)", "http://evil.example/cb", "https://a.example/*", "https://a.example/#x"])
    expect((await register({ ...body, redirect_uris: [uri] })).status, uri).toBe(400);
  const made = await register(body);
  expect(made.status).toBe(201);
  const { client_id } = (await made.json()) as { client_id: string };
  const { items } = (await server.call("GET", "/v1/oauth/clients")).json;
  expect(items.find((one: { id: string }) => one.id === client_id)).toMatchObject({ name: "MCP", registered: true, type: "native" }); // biome-ignore format: one line
  const mcp = await wiki.discover(client_id);
  const flow = { config: mcp, scope: "records:read", extra: { redirect_uri: "http://127.0.0.1:49152/cb", resource: `${wiki.base}/v1` } }; // biome-ignore format: one line
  const tokens = await wiki.signIn(flow);
  expect([await wiki.status(tokens.access_token), typeof tokens.refresh_token]).toEqual([200, "string"]);
  await server.call("PATCH", "/v1/oauth/settings", { registration: false });
});

test("plain OAuth without openid, and offline access with consent, get refresh tokens; a mere sign-in does not", async () => {
  expect((await wiki.signIn({ scope: "openid" })).refresh_token).toBeUndefined();
  expect((await wiki.signIn(offline)).refresh_token).toMatch(/^lf_rtk_/);
  expect((await wiki.signIn({ scope: "records:read" })).refresh_token).toMatch(/^lf_rtk_/);
});
