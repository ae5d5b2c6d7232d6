// How an admin sets up a provider, what leaves the server of it, and what the test button says.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { presetNames, presets } from "./oauth-presets.ts";
import { honestUpstream, presetsAt, publicUrl, upstreamOptions } from "./upstream.fixture.ts";
import { audited, changeSettings, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const upstream = honestUpstream([`${publicUrl}/v1/auth/oauth/corp/callback`]);
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A provider that answers as a test says, whatever it is asked. */
const nothing: Answer = { status: 200, headers: {}, body: "" };
const scripted = { origin: "", door: nothing, token: nothing };
const server = createServer((request, response) => {
  const { status, headers, body } = request.method === "POST" ? scripted.token : scripted.door;
  response.writeHead(status, headers).end(body);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scripted.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const users = testUsers(database, { redirects: ["myapp://auth"] }, () => ({
  ...upstreamOptions(),
  presets: presetsAt(scripted.origin),
}));
const secret = "app secret of the tests";
const otherKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });

const at = (name: string) => ({ token: serviceKey, params: { collection: "users", name } });
const inUsers = { token: serviceKey, params: { collection: "users" } };
const put = (name: string, body: object) => users.call("putProvider", { ...at(name), body });
const refusedPut = (body: unknown, name = "corp") => users.refused("putProvider", { ...at(name), body });
const corp = () => ({ preset: "oidc", issuer: upstream.issuer, clientId: "app", clientSecret: secret });
const buttons = async () => (await users.call("listSignInMethods", { query: {} })).json.providers;

beforeEach(async () => {
  await database.db.query({ text: `TRUNCATE landfall."authProvider", landfall.audit, landfall.throttle` });
});

describe("setting up", () => {
  test("what went in comes out without its secret, in every answer", async () => {
    const made = (await put("corp", { ...corp(), label: "Our company", audiences: ["ios"], fields: { name: "name" } }))
      .json;
    expect(made).toMatchObject({ name: "corp", clientId: "app", hasSecret: true, label: "Our company", enabled: true });
    expect(made.redirectUrl).toBe(`${publicUrl}/v1/auth/oauth/corp/callback`);
    const read = (await users.call("getProvider", at("corp"))).json;
    const listed = (await users.call("listProviders", inUsers)).json.items;
    expect([read, ...listed]).toEqual([made, made]);
    expect(JSON.stringify([made, listed, users.logLines, await audited(database, "provider_changed")])).not.toContain(secret); // biome-ignore format: one line
    const rows = await database.db.query({ text: `SELECT p::text AS row FROM landfall."authProvider" p` });
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test("a sign-in screen is told those that are on, in the order they were made", async () => {
    await put("corp", corp());
    await put("google", { preset: "google", clientId: "g", clientSecret: "s" });
    await put("off", { ...corp(), enabled: false });
    expect(await buttons()).toEqual([
      { name: "corp", preset: "oidc", label: "OpenID Connect" },
      { name: "google", preset: "google", label: "Google" },
    ]);
    expect((await users.call("deleteProvider", at("corp"))).status).toBe(204);
    expect(await buttons()).toEqual([{ name: "google", preset: "google", label: "Google" }]);
    expect(await users.refused("deleteProvider", at("corp"))).toBe("404 provider_not_found");
  });

  test("the stored secret stays while it goes to the same provider, and to no other", async () => {
    await put("corp", corp());
    const { clientSecret: _, ...without } = corp();
    expect((await put("corp", { ...without, label: "Renamed" })).json.hasSecret).toBe(true);
    expect(await refusedPut({ ...without, issuer: "https://evil.example" })).toBe("422 provider_invalid");
    expect(await refusedPut({ ...without, preset: "gitlab", issuer: undefined })).toBe("422 provider_invalid");
    expect(await refusedPut({ ...without, preset: "google", issuer: undefined })).toBe("422 provider_invalid");
  });

  test.each([
    ["a new one without secret", { preset: "google", clientId: "a" }],
    ["oidc without issuer", { preset: "oidc", clientId: "a", clientSecret: "s" }],
    ["another issuer for one with its own places", { preset: "github", clientId: "a", clientSecret: "s", issuer: "https://x.example" }],
    ["apple without team and key", { preset: "apple", clientId: "a", clientSecret: "-----BEGIN PRIVATE KEY-----" }],
    ["apple with another kind of key", { preset: "apple", clientId: "a", clientSecret: otherKey, apple: { teamId: "TEAM123456", keyId: "KEY1234567" } }],
    ["apple with a password for a key", { preset: "apple", clientId: "a", clientSecret: "s", apple: { teamId: "TEAM123456", keyId: "KEY1234567" } }],
  ])("%s is refused", async (_, body) => expect(await refusedPut(body)).toBe("422 provider_invalid")); // biome-ignore format: a table

  test("B01 nothing else can be set", async () => {
    for (const more of [{ id: "x" }, { hasSecret: true }, { redirectUrl: "https://evil.example" }, { claims: {} }, { emailVerified: "always" }, { endpoints: {} }, { driver: "google" }]) // biome-ignore format: one line
      expect.soft(await refusedPut({ ...corp(), ...more })).toBe("400 input");
    for (const name of ["", "Corp", "a/b", "..", "a".repeat(40), "-a", "a%2fb"]) expect.soft(await refusedPut(corp(), name)).toBe("400 input"); // biome-ignore format: one line
  });

  test("only admins see or change any of it", async () => {
    await changeSettings(database, { redirects: ["myapp://auth"], methods: { anonymous: { enabled: true } } });
    const { accessToken: token } = (await users.call("signInAnonymously", { body: {} })).json;
    await put("corp", corp());
    for (const name of ["getProvider", "putProvider", "deleteProvider", "testProvider", "listProviders", "listProviderPresets"]) // biome-ignore format: one line
      for (const who of [{}, { token }]) {
        const call = { params: { collection: "users", name: "corp" }, body: corp(), ...who };
        expect.soft(await users.refused(name, call), name).toBe("403 access");
      }
  });

  test("every preset tells what to do at its provider", async () => {
    const { items } = (await users.call("listProviderPresets", { token: serviceKey })).json;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(presetNames);
    for (const { steps } of Object.values(presets).map(({ setup }) => setup)) expect(steps.join(" ")).toContain("{redirect}"); // biome-ignore format: one line
  });
});

describe("the test button", () => {
  const tested = async (name: string, body: object) => {
    await put(name, body);
    const { json } = await users.call("testProvider", at(name));
    const verdicts = json.checks.map((check: { name: string; verdict: string }) => `${check.name} ${check.verdict}`);
    return { ok: json.ok, verdicts: verdicts.sort(), says: JSON.stringify(json) };
  };

  test("says that all is right", async () => {
    const { ok, verdicts } = await tested("corp", corp());
    expect(verdicts).toEqual(["client right", "discovery right", "redirect right", "returns right", "secret right"]);
    expect(ok).toBe(true);
  });

  test("knows a wrong secret", async () => {
    const { ok, verdicts, says } = await tested("corp", { ...corp(), clientSecret: "wrong secret of the tests" });
    expect([ok, verdicts]).toEqual([false, ["client right", "discovery right", "redirect right", "returns right", "secret wrong"]]); // biome-ignore format: one line
    expect(says).not.toContain("wrong secret of the tests");
  });

  test("knows a wrong client id", async () => {
    const { verdicts } = await tested("corp", { ...corp(), clientId: "nobody" });
    expect(verdicts).toContain("client wrong");
    expect(verdicts).toContain("secret wrong");
  });

  test("knows an address that is not registered, and names it", async () => {
    const { verdicts, says } = await tested("elsewhere", corp());
    expect(verdicts).toContain("redirect wrong");
    expect(says).toContain(`${publicUrl}/v1/auth/oauth/elsewhere/callback`);
  });

  test("knows an issuer that is none", async () => {
    const { ok, verdicts } = await tested("corp", { ...corp(), issuer: `${upstream.issuer}/nowhere` });
    expect([ok, verdicts]).toEqual([false, ["discovery wrong", "returns right"]]);
  });

  test("says where nothing may return to", async () => {
    await changeSettings(database, {});
    expect((await tested("corp", corp())).verdicts).toContain("returns unknown");
    await changeSettings(database, { redirects: ["myapp://auth"] });
  });

  describe("reads what other providers say", () => {
    const json = (status: number, body: object): Answer => ({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) }); // biome-ignore format: one line
    const tokens: [preset: "google" | "github", answer: Answer, verdict: string][] = [
      ["google", json(401, { error: "invalid_client", error_description: "The OAuth client was not found." }), "wrong"],
      ["google", json(400, { error: "invalid_grant", error_description: "Malformed auth code." }), "right"],
      ["google", { status: 500, headers: {}, body: "<h1>500</h1>" }, "unknown"],
      ["github", json(200, { error: "incorrect_client_credentials" }), "wrong"],
      ["github", json(200, { error: "bad_verification_code" }), "right"],
      ["github", json(200, {}), "unknown"],
    ];
    test.each(tokens)("%s's token endpoint: %j is %s", async (preset, answer, verdict) => {
      scripted.token = answer;
      const { verdicts } = await tested(preset, { preset, clientId: "c", clientSecret: "s" });
      expect(verdicts).toContain(`secret ${verdict}`);
    });

    const sent = (location: string): Answer => ({ status: 302, headers: { location }, body: "" });
    const packed = Buffer.from("\n\u0015redirect_uri_mismatch\u0012\u00b0").toString("base64url");
    const doors: [what: string, answer: Answer, verdict: string][] = [
      ["a page to sign in", { status: 200, headers: {}, body: "<h1>Sign in</h1>" }, "client right"],
      ["on to the sign-in", sent("https://accounts.example/signin?continue=x"), "redirect right"],
      [
        "Google's page for a redirect it does not know",
        sent(`/signin/oauth/error?authError=${packed}`),
        "redirect wrong",
      ],
      ["a page that names the client", { status: 400, headers: {}, body: "Error 400: invalid_client" }, "client wrong"],
      [
        "back with an error",
        sent("http://localhost:4710/v1/auth/oauth/google/callback?error=invalid_scope"),
        "client wrong",
      ],
    ];
    test.each(doors)("%s", async (_, answer, verdict) => {
      scripted.door = answer;
      const { verdicts } = await tested("google", { preset: "google", clientId: "c", clientSecret: "s" });
      expect(verdicts).toContain(verdict);
    });
  });

  test("S01 reaches nothing inside: private addresses are named as such", async () => {
    for (const issuer of [
      "https://10.0.0.1",
      "https://169.254.169.254/latest",
      "http://192.168.1.1",
      "https://[fd00::1]",
    ]) {
      const { ok, says } = await tested("corp", { ...corp(), issuer });
      expect.soft([ok, says.includes("does not call")], issuer).toEqual([false, true]);
    }
  });
});
