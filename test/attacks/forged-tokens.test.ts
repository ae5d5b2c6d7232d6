// T05 T30: access tokens that are almost ours. Each differs from an honest one in a single point, signed by the server's own key
// where a signature is not the point; none opens anything, and no answer tells which point it was.
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { exportJWK, type JWK } from "jose";
import { beforeAll, expect, test } from "vitest";
import { systemClock } from "../../server/kernel/clock.ts";
import {
  identitySettings,
  newPerson,
  openIdentities,
  type Person,
  publicUrl,
  signing,
} from "../support/identity-world.ts";
import { testServer } from "../support/server.ts";

const server = testServer(identitySettings);
let ann: Person;
let bob: Person;
let ours: { readonly kid: string; readonly key: KeyObject; readonly publicJwk: JWK };

beforeAll(async () => {
  await openIdentities(server.url);
  [ann, bob] = [await newPerson(server.url, server.database.db), await newPerson(server.url, server.database.db)];
  const { keys } = signing(server.database.db, systemClock);
  const { kid, privateJwk } = await keys.signing();
  const { createPrivateKey } = await import("node:crypto");
  const publicJwk = (await keys.published()).keys.find((jwk) => jwk.kid === kid) as JWK;
  ours = { kid, key: createPrivateKey({ key: privateJwk as never, format: "jwk" }), publicJwk };
});

const part = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url"); // biome-ignore format: one line
type Signer = (input: string) => Buffer;
const es256 = (key: KeyObject): Signer => (input) => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }); // biome-ignore format: one line
const joined = (header: unknown, payload: unknown, signer: Signer) => {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${signer(input).toString("base64url")}`;
};

const statusOf = async (as: string) => {
  const { status, text } = await server.call("GET", "/v1/auth/me", undefined, { as });
  return `${status} ${status < 400 ? "" : text.replace(/"requestId":"[^"]*"/, "")}`;
};

test("T05 forged, altered, borrowed and confused access tokens are all refused with one answer", async () => {
  const now = Math.floor(Date.now() / 1000);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const strangerJwk = await exportJWK(stranger.publicKey);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const spki = stranger.publicKey.export({ type: "spki", format: "pem" }).toString();
  const header = { alg: "ES256", typ: "at+jwt", kid: ours.kid };
  const honest = { iss: publicUrl, aud: `${publicUrl}/v1`, sub: ann.id, sid: ann.sessionId, roles: [], collection: "users", client_id: "landfall", jti: "x", iat: now, exp: now + 300 }; // biome-ignore format: one token
  const mine = es256(ours.key);
  const hmac =
    (secret: string | Buffer): Signer =>
    (input) =>
      createHmac("sha256", secret).update(input).digest();
  const zeros = () => Buffer.alloc(64);
  // The check of the check: the same maker, with nothing changed, opens the door.
  expect(await statusOf(joined(header, honest, mine))).toBe("200 ");

  const headers: readonly (readonly [why: string, header: object, signer?: Signer])[] = [
    ["alg none", { ...header, alg: "none" }, () => Buffer.alloc(0)],
    ["alg none with a signature", { ...header, alg: "none" }],
    ["alg None", { ...header, alg: "None" }, zeros],
    ["HS256 with the public key as secret", { ...header, alg: "HS256" }, hmac(JSON.stringify(ours.publicJwk))],
    ["HS256 with the key's x", { ...header, alg: "HS256" }, hmac(Buffer.from(String(ours.publicJwk.x), "base64url"))],
    ["HS256 with a PEM", { ...header, alg: "HS256" }, hmac(spki)],
    ["RS256", { ...header, alg: "RS256" }, (input) => sign("sha256", Buffer.from(input), rsa.privateKey)],
    ["ES384 named", { ...header, alg: "ES384" }],
    ["no alg", { typ: header.typ, kid: header.kid }],
    ["unknown kid", { ...header, kid: "nobody" }],
    ["no kid", { alg: "ES256", typ: "at+jwt" }],
    ["kid a path", { ...header, kid: "../../dev/null" }, hmac("")],
    ["kid an injection", { ...header, kid: `${ours.kid}' OR '1'='1` }],
    ["kid an array", { ...header, kid: [ours.kid] }],
    ["kid __proto__", { ...header, kid: "__proto__" }],
    ["own jwk in the header", { ...header, jwk: strangerJwk }, es256(stranger.privateKey)],
    ["own jwk and no kid", { alg: "ES256", typ: "at+jwt", jwk: strangerJwk }, es256(stranger.privateKey)],
    ["jku", { ...header, kid: "theirs", jku: "http://127.0.0.1:9/jwks" }, es256(stranger.privateKey)],
    ["x5u", { ...header, x5u: "http://127.0.0.1:9/cert" }, es256(stranger.privateKey)],
    ["stranger's key", header, es256(stranger.privateKey)],
    ["typ of an id token", { ...header, typ: "JWT" }],
    ["typ of a logout token", { ...header, typ: "logout+jwt" }],
    ["typ of a DPoP proof", { ...header, typ: "dpop+jwt" }],
    ["no typ", { alg: "ES256", kid: ours.kid }],
    ["critical extension", { ...header, crit: ["b64"], b64: false }],
    ["signature of zeros", header, zeros],
    ["signature of the group's order", header, () => Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".repeat(2), "hex")],
    ["signature in DER", header, (input) => sign("sha256", Buffer.from(input), ours.key)],
    ["signature of something else", header, () => mine("x.y")],
    ["empty signature", header, () => Buffer.alloc(0)],
  ]; // biome-ignore format: a table
  const payloads: readonly (readonly [why: string, payload: unknown])[] = [
    ["other issuer", { ...honest, iss: "https://evil.example" }],
    ["issuer with a slash", { ...honest, iss: `${publicUrl}/` }],
    ["no issuer", { ...honest, iss: undefined }],
    ["other audience", { ...honest, aud: "https://other.example/v1" }],
    ["audience a client", { ...honest, aud: "landfall" }],
    ["no audience", { ...honest, aud: undefined }],
    ["expired", { ...honest, exp: now - 60 }],
    ["no expiry", { ...honest, exp: undefined }],
    ["expiry a text", { ...honest, exp: String(now + 300) }],
    ["not yet", { ...honest, nbf: now + 300 }],
    ["no iat", { ...honest, iat: undefined }],
    ["no session", { ...honest, sid: undefined }],
    ["session an object", { ...honest, sid: { id: ann.sessionId } }],
    ["session an array", { ...honest, sid: [ann.sessionId] }],
    ["session a number", { ...honest, sid: 7 }],
    ["session unknown", { ...honest, sid: crypto.randomUUID() }],
    ["session with U+0000", { ...honest, sid: `${ann.sessionId}\u0000` }],
    ["session a lone surrogate", { ...honest, sid: "\ud800" }],
    ["bob's session under ann's name", { ...honest, sid: bob.sessionId }],
    ["ann's session under bob's name", { ...honest, sub: bob.id }],
    ["account's id as the subject", { ...honest, sub: ann.accountId }],
    ["no subject", { ...honest, sub: undefined }],
    ["subject a number", { ...honest, sub: 1 }],
    ["bound to a key", { ...honest, cnf: { jkt: "x".repeat(43) } }],
    ["an array", [honest]],
    ["null", null],
    ["no JSON", "{"],
  ]; // biome-ignore format: a table
  const answers = new Map<string, string[]>();
  const keep = async (why: string, token: string) => {
    const answer = await statusOf(token);
    answers.set(answer, [...(answers.get(answer) ?? []), why]);
  };
  for (const [why, changed, signer = mine] of headers) await keep(why, joined(changed, honest, signer));
  for (const [why, payload] of payloads) await keep(why, joined(header, payload, mine));
  const [first, second, third] = ann.accessToken.split(".") as [string, string, string];
  const theirs = bob.accessToken.split(".")[1] as string;
  for (const [why, token] of [["ann's signature under bob's claims", `${first}.${theirs}.${third}`], ["four parts", `${ann.accessToken}.${third}`], ["two parts", `${first}.${second}`], ["JSON serialisation", part({ protected: first, payload: second, signature: third })]] as const)
    await keep(why, token); // biome-ignore format: one line
  expect(
    [...answers.keys()].map((answer) => answer.slice(0, 3)),
    JSON.stringify([...answers.values()]),
  ).toEqual(["401"]);
  expect((await server.call("GET", "/readyz", undefined, { as: null })).status).toBe(200);
});
