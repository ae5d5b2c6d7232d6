// T05: an id token is believed when its issuer signed it for this app and this sign-in, and once. Everything else is forged.
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type JWTHeaderParameters, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { type Presets, presets } from "./oauth-presets.ts";
import { upstreamOptions } from "./upstream.fixture.ts";
import { changeSettings, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const thief = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const issuer = { url: "", fetched: [] as string[], keys: "fine" as "fine" | "down" | "none" };
let server: Server | undefined;

beforeAll(async () => {
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: "rsa", alg: "RS256", use: "sig" },
    { ...(await exportJWK(ec.publicKey)), kid: "ec", alg: "ES256", use: "sig" },
  ];
  server = createServer(({ url = "" }, response) => {
    issuer.fetched.push(url);
    response.setHeader("content-type", "application/json");
    if (url.endsWith("/.well-known/openid-configuration"))
      return void response.end(JSON.stringify({ issuer: issuer.url + url.replace("/.well-known/openid-configuration", ""), jwks_uri: `${issuer.url}/keys` })); // biome-ignore format: one line
    if (issuer.keys === "down") return void response.writeHead(500).end();
    response.end(JSON.stringify(url === "/thief" ? { keys: [] } : { keys: issuer.keys === "none" ? [] : keys }));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server?.close(resolve)));

const users = testUsers(database, {}, () => ({
  ...upstreamOptions(),
  presets: {
    ...presets,
    google: { ...presets.google, issuer: issuer.url, issuerAliases: ["alias.example"] },
  } as Presets,
}));

beforeAll(async () => {
  const put = (name: string, body: object) =>
    users.call("putProvider", { token: serviceKey, params: { collection: "users", name }, body: { clientSecret: "secret", ...body } }); // biome-ignore format: one line
  await put("native", { preset: "google", clientId: "web-client", audiences: ["ios-client", "android-client"] });
  await put("tenant", { preset: "oidc", clientId: "web-client", issuer: `${issuer.url}/tenant` });
  await put("late", { preset: "oidc", clientId: "web-client", issuer: `${issuer.url}/late` });
  await put("plain", { preset: "github", clientId: "web-client" });
});
beforeEach(async () => {
  issuer.keys = "fine";
  await database.db.query({ text: "TRUNCATE landfall.throttle" });
});

const nonce = "a nonce of this sign-in";
const seconds = () => Math.floor(users.clock.now() / 1000);
const claims = (more: object = {}) => ({
  ...{ iss: issuer.url, aud: "ios-client", sub: randomUUID(), nonce },
  ...{ iat: seconds(), exp: seconds() + 600, email: `${randomUUID()}@example.com`, email_verified: true },
  ...more,
});
const signed = (payload: object, header: Partial<JWTHeaderParameters> = {}, key: KeyObject = rsa.privateKey) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: "RS256", kid: "rsa", ...header }).sign(key);
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const mac = (header: object, payload: object, secret: string | Buffer) => {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};

const body = (idToken: string, more: object = {}) => ({ body: { provider: "native", idToken, nonce, ...more } });
const signIn = async (idToken: string, more: object = {}) => (await users.call("signInWithIdToken", body(idToken, more))).json; // biome-ignore format: one line
const refused = (idToken: string, more: object = {}) => users.refused("signInWithIdToken", body(idToken, more));

describe("what is believed", () => {
  test("a token of the issuer for a native client: a new user, and the same one with the next token", async () => {
    const sub = randomUUID();
    const first = await signIn(await signed(claims({ sub })));
    const again = await signIn(await signed(claims({ sub }), { alg: "ES256", kid: "ec" }, ec.privateKey));
    expect(again.user.id).toBe(first.user.id);
    expect(first.account.emailVerified).toBe(true);
  });

  test("the nonce by its SHA-256, as Apple's and Google's libraries hand it on", async () => {
    const hashed = createHash("sha256").update(nonce).digest("hex");
    expect((await signIn(await signed(claims({ nonce: hashed })))).user.id).toBeTruthy();
  });

  test("another spelling of the issuer is the same identity", async () => {
    const sub = randomUUID();
    const first = await signIn(await signed(claims({ sub })));
    expect((await signIn(await signed(claims({ sub, iss: "alias.example" })))).user.id).toBe(first.user.id);
  });

  test("a list of audiences when all are ours and the party it was issued to is named", async () => {
    const aud = ["ios-client", "web-client"];
    expect((await signIn(await signed(claims({ aud, azp: "ios-client" })))).user.id).toBeTruthy();
  });

  test("an address that the issuer does not vouch for is nobody's", async () => {
    expect((await signIn(await signed(claims({ email_verified: false })))).account.email).toBeNull();
  });
});

describe("T05 what is forged", () => {
  const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }) as string;
  const thiefJwk = thief.publicKey.export({ format: "jwk" });
  type Forged = [what: string, make: () => Promise<string> | string];
  const changed = (change: (parts: string[]) => void) => async () => {
    const parts = (await signed(claims())).split(".");
    change(parts);
    return parts.join(".");
  };
  const withClaims = (more: object) => () => signed(claims(more));
  const forged: Forged[] = [
    ["another issuer", withClaims({ iss: "https://evil.example" })],
    ["an issuer that begins like ours", () => signed(claims({ iss: `${issuer.url}.evil.example` }))],
    ["an issuer below ours", () => signed(claims({ iss: `${issuer.url}/tenant` }))],
    ["no issuer", withClaims({ iss: undefined })],
    ["another client's audience", withClaims({ aud: "other-client" })],
    ["our audience beside a stranger's", withClaims({ aud: ["ios-client", "other-client"], azp: "ios-client" })],
    ["audiences of ours, issued to a stranger", withClaims({ aud: ["ios-client", "web-client"], azp: "other-client" })],
    ["audiences of ours, issued to nobody", withClaims({ aud: ["ios-client", "web-client"] })],
    ["no audience", withClaims({ aud: undefined })],
    ["algorithm none", () => `${encoded({ alg: "none" })}.${encoded(claims())}.`],
    ["algorithm None with a signature", () => `${encoded({ alg: "None", kid: "rsa" })}.${encoded(claims())}.AAAA`],
    ["HMAC by the public key", () => mac({ alg: "HS256", kid: "rsa" }, claims(), publicPem)],
    ["HMAC by the client id", () => mac({ alg: "HS256" }, claims(), "ios-client")],
    ["HMAC by the client secret", () => mac({ alg: "HS256" }, claims(), "secret")],
    ["a key of the thief's under our name", () => signed(claims(), {}, thief.privateKey)],
    ["a key that was not published", () => signed(claims(), { kid: "thief" }, thief.privateKey)],
    ["its key in the header", () => signed(claims(), { kid: "thief", jwk: thiefJwk as never }, thief.privateKey)],
    ["an address of its key in the header", () => signed(claims(), { kid: "thief", jku: `${issuer.url}/thief` }, thief.privateKey)],
    ["a certificate's address in the header", () => signed(claims(), { kid: "thief", x5u: `${issuer.url}/thief` }, thief.privateKey)],
    ["a path for a key id", () => signed(claims(), { kid: "../../etc/passwd" }, thief.privateKey)],
    ["RSA said, elliptic meant", () => signed(claims(), { alg: "ES256", kid: "rsa" }, ec.privateKey)],
    ["another nonce", withClaims({ nonce: "of another sign-in" })],
    ["no nonce", withClaims({ nonce: undefined })],
    ["an empty nonce", withClaims({ nonce: "" })],
    ["a list with the nonce", withClaims({ nonce: [nonce] })],
    ["over for a minute", () => signed(claims({ exp: seconds() - 60 }))],
    ["over in 9999, as text", withClaims({ exp: "9999999999" })],
    ["without an end", withClaims({ exp: undefined })],
    ["not yet", () => signed(claims({ nbf: seconds() + 60 }))],
    ["made tomorrow", () => signed(claims({ iat: seconds() + 86_400 }))],
    ["without a beginning", withClaims({ iat: undefined })],
    ["without a subject", withClaims({ sub: undefined })],
    ["an empty subject", withClaims({ sub: "" })],
    ["a number for a subject", withClaims({ sub: 1.5 })],
    ["an access token of the issuer", () => signed(claims(), { typ: "at+jwt" })],
    ["a logout token of the issuer", () => signed(claims(), { typ: "logout+jwt" })],
    ["an extension that must be understood", () => signed(claims(), { crit: ["exp"] as never }).catch(() => `${encoded({ alg: "RS256", crit: ["x"], x: 1, kid: "rsa" })}.${encoded(claims())}.AAAA`)],
    ["another payload under the signature", changed((parts) => { parts[1] = encoded(claims()); })],
    ["a signature cut short", changed((parts) => { parts[2] = (parts[2] as string).slice(0, -8); })],
    ["no signature", changed((parts) => { parts[2] = ""; })],
    ["five parts", changed((parts) => { parts.push("a", "b"); })],
    ["no token at all", () => "x"],
  ]; // biome-ignore format: a table

  test.each(forged)("%s", async (_, make) => {
    const before = issuer.fetched.length;
    expect(await refused(await make())).toBe("401 id_token_invalid");
    expect(issuer.fetched.slice(before)).not.toContain("/thief");
  });

  test("none of them made a user", async () => {
    const before = await database.db.query({ text: "SELECT 1 FROM landfall.account" });
    for (const [, make] of forged) await refused(await make());
    expect(await database.db.query({ text: "SELECT 1 FROM landfall.account" })).toHaveLength(before.length);
  });

  test("a good token for another provider's door: the issuer is another one", async () => {
    expect(await refused(await signed(claims()), { provider: "tenant" })).toBe("401 id_token_invalid");
  });
});

describe("a token is good for one sign-in", () => {
  test("T11 of 20 at once one signs in, and none later", async () => {
    const token = await signed(claims());
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => users.call("signInWithIdToken", body(token))),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(all.filter((one) => one.status === "rejected" && one.reason.code === "id_token_invalid")).toHaveLength(19);
  });

  test("written otherwise it is the same token", async () => {
    const token = await signed(claims(), { alg: "ES256", kid: "ec" }, ec.privateKey);
    await signIn(token);
    // (r, n - s) is as good a signature as (r, s).
    const [head, payload, signature] = token.split(".") as [string, string, string];
    const bytes = Buffer.from(signature, "base64url");
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = n - BigInt(`0x${bytes.toString("hex", 32)}`);
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
    expect(await refused(`${head}.${payload}.${other.toString("base64url")}`)).toBe("401 id_token_invalid");
  });
});

test("T10 T24 anything but texts is no token and no nonce", async () => {
  const token = await signed(claims());
  for (const wrong of [null, 7, {}, [token], { $gt: "" }, "", true]) {
    expect.soft(await refused(wrong as never)).toBe("400 input");
    expect.soft(await refused(token, { nonce: wrong })).toBe("400 input");
  }
  expect(await refused(token, { nonce: undefined })).toBe("400 input");
  expect(await refused("e".repeat(10_001))).toBe("400 input");
});

test("a provider without id tokens, one that is not there, and the method switched off", async () => {
  expect(await refused(await signed(claims()), { provider: "nobody" })).toBe("404 provider_not_found");
  expect(await refused(await signed(claims()), { provider: "plain" })).toBe("403 method_disabled");
  await changeSettings(database, { methods: { idToken: { enabled: false } } });
  expect(await refused(await signed(claims()))).toBe("403 method_disabled");
  await changeSettings(database, {});
});

test("keys that cannot be had are the provider's fault, and are asked for again", async () => {
  const token = await signed(claims({ iss: `${issuer.url}/late`, aud: "web-client" }));
  issuer.keys = "down";
  expect(await refused(token, { provider: "late" })).toBe("503 provider_failed");
  issuer.keys = "fine";
  expect((await signIn(token, { provider: "late" })).user.id).toBeTruthy();
});

test("an anonymous user becomes a person by an id token", async () => {
  await changeSettings(database, { methods: { anonymous: { enabled: true } } });
  const { accessToken: token, user } = (await users.call("signInAnonymously", { body: {} })).json;
  const sub = randomUUID();
  const given = { provider: "native", idToken: await signed(claims({ sub })), nonce };
  expect((await users.call("addIdentityByIdToken", { token, body: given })).json).toMatchObject({ subject: sub });
  expect(await users.refused("addIdentityByIdToken", { token, body: given })).toBe("401 id_token_invalid");
  expect((await signIn(await signed(claims({ sub })))).user.id).toBe(user.id);
});
