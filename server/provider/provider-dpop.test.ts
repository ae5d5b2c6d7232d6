// Tokens that are bound to a key (DPoP, RFC 9449): with a proof made by another author's library they open the API, and every
// altered, borrowed or repeated proof opens nothing.
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import * as client from "openid-client";
import { beforeAll, describe, expect, test } from "vitest";
import { redirect, testWiki } from "./wiki.fixture.ts";

const wiki = testWiki();
const { server } = wiki;
const path = "/v1/collections/notes/records";
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ath = (token: string) => createHash("sha256").update(token).digest("base64url");

let token = "";
let handle: client.DPoPHandle;

beforeAll(async () => {
  const pair = await client.randomDPoPKeyPair("ES256", { extractable: true });
  handle = client.getDPoPHandle(wiki.config, pair);
  const tokens = await wiki.signIn({ scope: "openid offline_access records:read records:write", extra: { prompt: "consent" }, options: { DPoP: handle } }); // biome-ignore format: one line
  expect(tokens.token_type).toBe("dpop");
  token = tokens.access_token;
});

const list = (headers: Record<string, string>, url = `${wiki.base}${path}`) => fetch(url, { headers });

test("openid-client reaches the API and userinfo with its key", async () => {
  const answered = await client.fetchProtectedResource(wiki.config, token, new URL(`${wiki.base}${path}?limit=1`), "GET", undefined, undefined, { DPoP: handle }); // biome-ignore format: one line
  expect(answered.status).toBe(200);
  const { id } = wiki.user.user;
  expect(await client.fetchUserInfo(wiki.config, token, id, { DPoP: handle })).toMatchObject({ sub: id });
});

test("as a bearer token it opens nothing, and neither does an unbound one with a proof", async () => {
  expect((await list({ authorization: `Bearer ${token}` })).status).toBe(401);
  const refused = await list({ authorization: `DPoP ${token}` });
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("DPoP")]);
  const { access_token } = await wiki.signIn({ scope: "records:read" });
  expect((await list({ authorization: `DPoP ${access_token}`, dpop: await proof({}, access_token) })).status).toBe(401);
  expect((await list({ authorization: `Bearer ${token}`, dpop: await proof() })).status).toBe(401);
});

test("a refresh token that is bound to the key is worth nothing without it", async () => {
  const { id } = (await server.call("POST", "/v1/oauth/clients", { name: "Phone", type: "native", redirectUris: [redirect], scopes: ["openid", "records:read", "offline_access"] })).json; // biome-ignore format: one line
  const config = await wiki.discover(id);
  const pair = await client.randomDPoPKeyPair("ES256");
  const DPoP = client.getDPoPHandle(config, pair);
  const tokens = await wiki.signIn({ config, scope: "records:read", options: { DPoP } });
  const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const code = (work: Promise<unknown>) =>
    work.then(
      () => "taken",
      (error: { error: string }) => error.error,
    );
  const given = tokens.refresh_token as string;
  expect(await code(client.refreshTokenGrant(config, given))).toBe("invalid_grant");
  expect(await code(client.refreshTokenGrant(config, given, undefined, { DPoP: other }))).toBe("invalid_grant");
  expect(await code(client.refreshTokenGrant(config, given, undefined, { DPoP }))).toBe("taken");
});

/** A proof by a key of ours, with what a test changes. */
async function proof(
  change: Record<string, unknown> = {},
  accessToken = bound,
  header: Record<string, unknown> = {},
): Promise<string> {
  const claims = { htm: "GET", htu: `${wiki.base}${path}`, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath: ath(accessToken), ...change }; // biome-ignore format: one line
  const jwk = await exportJWK(keys.publicKey);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk, ...header })
    .sign(keys.privateKey);
}

/** A token bound to the key that `proof` signs with. */
let bound = "";

describe("a proof", () => {
  beforeAll(async () => {
    const webKeys = {
      privateKey: await crypto.subtle.importKey("jwk", keys.privateKey.export({ format: "jwk" }), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]), // biome-ignore format: one line
      publicKey: await crypto.subtle.importKey("jwk", keys.publicKey.export({ format: "jwk" }), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]), // biome-ignore format: one line
    };
    const DPoP = client.getDPoPHandle(wiki.config, webKeys as client.CryptoKeyPair);
    bound = (await wiki.signIn({ scope: "records:read", options: { DPoP } })).access_token;
  });
  const ask = async (dpop: string) => (await list({ authorization: `DPoP ${bound}`, dpop })).status;

  test("counts once", async () => {
    const once = await proof();
    expect([await ask(once), await ask(once)]).toEqual([200, 401]);
  });

  test("with a query and in any case of the host it is the same address", async () => {
    expect(await ask(await proof({ htu: `${wiki.base.replace("localhost", "LOCALHOST")}${path}?x=1#y` }))).toBe(200);
  });

  const altered: [string, () => Promise<string>][] = [
    ["another method", () => proof({ htm: "POST" })],
    ["another path", () => proof({ htu: `${wiki.base}/v1/other` })],
    ["another host", () => proof({ htu: `https://evil.example${path}` })],
    ["no address", () => proof({ htu: undefined })],
    ["another access token", () => proof({ ath: ath("another") })],
    ["no access token", () => proof({ ath: undefined })],
    ["too old", () => proof({ iat: Math.floor(Date.now() / 1000) - 90 })],
    ["from the future", () => proof({ iat: Math.floor(Date.now() / 1000) + 60 })],
    ["no time", () => proof({ iat: undefined })],
    ["no name", () => proof({ jti: undefined })],
    ["another type", () => proof({}, bound, { typ: "JWT" })],
    ["a key that did not sign", async () => proof({}, bound, { jwk: await exportJWK(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey) })], // biome-ignore format: a table
    ["a private key in it", async () => proof({}, bound, { jwk: await exportJWK(keys.privateKey) })],
    ["no key", () => proof({}, bound, { jwk: undefined })],
    ["a signature by nobody", async () => `${(await proof()).split(".").slice(0, 2).join(".")}.`],
    ["not a token", async () => "x"],
    ["very long", async () => "x".repeat(8_000)],
  ];
  test.each(altered)("%s: 401", async (_, made) => {
    expect(await ask(await made())).toBe(401);
  });

  test("by somebody else's key: 401", async () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const claims = { htm: "GET", htu: `${wiki.base}${path}`, jti: randomUUID(), ath: ath(bound) };
    const made = await new SignJWT(claims).setIssuedAt().setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(other.publicKey) }).sign(other.privateKey); // biome-ignore format: one line
    expect(await ask(made)).toBe(401);
  });

  test("two of them are none", async () => {
    const answered = await list({ authorization: `DPoP ${bound}`, dpop: `${await proof()}, ${await proof()}` });
    expect(answered.status).toBe(401);
  });
});
