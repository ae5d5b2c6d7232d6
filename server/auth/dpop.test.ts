// Sessions bound to a key of the device: the key renews them, and nothing else does, least of all a proof that somebody saw.
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } } });
const signInUrl = "https://app.example.com/v1/auth/sign-in/anonymous";
const refreshUrl = "https://app.example.com/v1/auth/refresh";

type Key = Awaited<ReturnType<typeof generateKeyPair>>;
let key: Key;
let otherKey: Key;
beforeAll(async () => {
  key = await generateKeyPair("ES256", { extractable: true });
  otherKey = await generateKeyPair("ES256", { extractable: true });
});
beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle" });
});

let proofs = 0;
interface Change {
  readonly claims?: { readonly [name: string]: unknown };
  readonly header?: object;
  readonly by?: Key;
  readonly carries?: Key;
}
async function proof(htu: string, { claims = {}, header = {}, by = key, carries = by }: Change = {}): Promise<string> {
  const iat = Math.floor(users.clock.now() / 1000);
  return new SignJWT({ htm: "POST", htu, iat, jti: `proof-${++proofs}`, ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(carries.publicKey), ...header })
    .sign(by.privateKey);
}

const signIn = async (dpop?: string) =>
  (await users.call("signInAnonymously", { body: {}, headers: { ...(dpop && { dpop }) } })).json;
const refreshed = async (refreshToken: string, dpop?: string) =>
  (await users.call("refreshTokens", { body: { refreshToken }, headers: { ...(dpop && { dpop }) } })).json;
const refused = (refreshToken: string, dpop?: string) =>
  users.refused("refreshTokens", { body: { refreshToken }, headers: { ...(dpop && { dpop }) } });

test("a session opened with a proof is renewed by its key, and by nothing else", async () => {
  const first = await signIn(await proof(signInUrl));
  const [row] = await database.db.query<{ keyThumbprint: string }>({
    text: `SELECT "keyThumbprint" FROM landfall."userSession" WHERE id = $1`,
    values: [first.session.id],
  });
  expect(row?.keyThumbprint).toBe(await calculateJwkThumbprint(await exportJWK(key.publicKey)));
  expect(await refused(first.refreshToken)).toBe("401 device_key_required");
  expect(await refused(first.refreshToken, await proof(refreshUrl, { by: otherKey }))).toBe("401 device_key_required");
  const second = await refreshed(first.refreshToken, await proof(refreshUrl));
  expect((await refreshed(second.refreshToken, await proof(refreshUrl))).session.id).toBe(first.session.id);
});

test("without one, sessions are renewed as ever; a proof then binds nothing", async () => {
  const first = await signIn();
  const second = await refreshed(first.refreshToken, await proof(refreshUrl));
  expect((await refreshed(second.refreshToken)).accessToken).toBeTruthy();
});

test("T11 one proof, twenty requests at once, ten times: taken once", async () => {
  for (let round = 0; round < 10; round++) {
    const { refreshToken } = await signIn(await proof(signInUrl));
    const seen = await proof(refreshUrl);
    const done = await Promise.allSettled(Array.from({ length: 20 }, () => refreshed(refreshToken, seen)));
    expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  }
});

describe("a proof that was tampered with", () => {
  const seconds = (offset: number) => Math.floor(users.clock.now() / 1000) + offset;
  const faults: [name: string, make: () => Promise<string>][] = [
    ["another method", () => proof(refreshUrl, { claims: { htm: "GET" } })],
    ["no method", () => proof(refreshUrl, { claims: { htm: undefined } })],
    ["another route", () => proof(signInUrl)],
    ["another host", () => proof("https://evil.example.com/v1/auth/refresh")],
    ["another scheme", () => proof("http://app.example.com/v1/auth/refresh")],
    ["a host that only begins alike", () => proof("https://app.example.com@evil.example.com/v1/auth/refresh")],
    ["a user in the address", () => proof("https://me@app.example.com/v1/auth/refresh")],
    ["no address", () => proof(refreshUrl, { claims: { htu: undefined } })],
    ["an address that is none", () => proof("refresh")],
    ["two minutes old", () => proof(refreshUrl, { claims: { iat: seconds(-120) } })],
    ["two minutes ahead", () => proof(refreshUrl, { claims: { iat: seconds(120) } })],
    ["no time", () => proof(refreshUrl, { claims: { iat: undefined } })],
    ["a time that is no number", () => proof(refreshUrl, { claims: { iat: "now" } })],
    ["expired", () => proof(refreshUrl, { claims: { exp: seconds(-10) } })],
    ["no jti", () => proof(refreshUrl, { claims: { jti: undefined } })],
    ["an empty jti", () => proof(refreshUrl, { claims: { jti: "" } })],
    ["a jti of a megabyte", () => proof(refreshUrl, { claims: { jti: "x".repeat(1_000) } })],
    ["an access token's type", () => proof(refreshUrl, { header: { typ: "at+jwt" } })],
    ["no type", () => proof(refreshUrl, { header: { typ: undefined } })],
    ["no key", () => proof(refreshUrl, { header: { jwk: undefined } })],
    ["signed by another key", () => proof(refreshUrl, { by: otherKey, carries: key })],
    ["a private key in it", async () => proof(refreshUrl, { header: { jwk: await exportJWK(key.privateKey) } })],
    ["another signature", async () => `${(await proof(refreshUrl)).slice(0, -8)}AAAAAAAA`],
    ["alg none", async () => `${Buffer.from('{"alg":"none","typ":"dpop+jwt"}').toString("base64url")}.${(await proof(refreshUrl)).split(".")[1]}.`],
    ["alg HS256", async () => {
      const jwk = { kty: "oct", k: "AAAA" };
      return new SignJWT({ htm: "POST", htu: refreshUrl, iat: seconds(0), jti: "hs" }).setProtectedHeader({ alg: "HS256", typ: "dpop+jwt", jwk }).sign(new Uint8Array(32)); // biome-ignore format: one line
    }],
    ["no JWT", async () => "proof"],
    ["empty", async () => "."],
  ]; // biome-ignore format: a table
  test.each(faults)("%s", async (_, make) => {
    const { refreshToken } = await signIn(await proof(signInUrl));
    expect(await refused(refreshToken, await make())).toBe("401 dpop_invalid");
    expect((await refreshed(refreshToken, await proof(refreshUrl))).accessToken).toBeTruthy();
  });

  test("a query and a fragment say nothing, as the standard has it", async () => {
    const { refreshToken } = await signIn(await proof(signInUrl));
    expect((await refreshed(refreshToken, await proof(`${refreshUrl}?a=b#c`))).accessToken).toBeTruthy();
  });
});
