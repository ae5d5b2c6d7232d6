// Passkeys with a browser that is not ours: Chromium's virtual authenticator makes and shows them, the server judges.
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";

const server = testServer();
let browser: Browser;
let context: BrowserContext;
let page: Page;
let devtools: CDPSession;
let authenticatorId: string;

beforeAll(async () => {
  const settings = { methods: { anonymous: { enabled: true } } };
  expect((await server.call("PATCH", "/v1/collections/users/auth", { settings })).status).toBe(200);
  browser = await launchChromium();
}, 120_000);
afterAll(async () => browser?.close());

beforeEach(async () => {
  await context?.close();
  context = await browser.newContext();
  const origin = `http://localhost:${server.port}`;
  await context.route(`${origin}/page`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>app</title>" }),
  );
  page = await context.newPage();
  await page.goto(`${origin}/page`);
  devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  authenticatorId = await addAuthenticator();
  return async () => context.close();
});

async function addAuthenticator(isUserVerified = true): Promise<string> {
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified } as const; // biome-ignore format: one line
  const added = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return added.authenticatorId;
}

/** What an app does: options in, the browser asks, JSON out. As text: the types of browsers are not those of tests. */
const ask = (verb: "create" | "get", kind: "Creation" | "Request") => (options: object) =>
  page.evaluate<Shown["credential"]>(`(async () => {
    const publicKey = PublicKeyCredential.parse${kind}OptionsFromJSON(${JSON.stringify(options)});
    return (await navigator.credentials.${verb}({ publicKey })).toJSON();
  })()`);
const create = ask("create", "Creation");
const get = ask("get", "Request");

const post = (path: string, body: unknown = {}, as: string | null = null) => server.call("POST", path, body, { as });
const newUser = async () => (await post("/v1/auth/sign-in/anonymous")).json;

async function addPasskey(token: string, name = "Ann's phone") {
  const { flow, options } = (await post("/v1/auth/passkeys/options", {}, token)).json;
  const credential = await create(options);
  return { flow, name, credential, answer: await post("/v1/auth/passkeys", { flow, name, credential }, token) };
}

async function shown() {
  const { flow, options } = (await post("/v1/auth/sign-in/passkey/options")).json;
  return { flow, credential: await get(options) };
}
// biome-ignore lint/suspicious/noExplicitAny: what a browser answers, changed by tests at any place
type Shown = { flow: string; credential: any };

test("an anonymous user adds one and signs in by it elsewhere, without a name and without a second step", async () => {
  const first = await newUser();
  const { answer } = await addPasskey(first.accessToken);
  expect(answer).toMatchObject({ status: 201, json: { name: "Ann's phone", transports: ["internal"] } });
  const signedIn = await post("/v1/auth/sign-in/passkey", await shown());
  expect(signedIn).toMatchObject({ status: 200, json: { user: { id: first.user.id }, account: { anonymous: false } } });
  const me = await server.call("GET", "/v1/auth/me", undefined, { as: signedIn.json.accessToken });
  expect(me.json.session.amr).toEqual(["hwk", "user", "mfa"]);
});

test("several per user, named and removed; the last way in stays", async () => {
  const { accessToken } = await newUser();
  const one = await addPasskey(accessToken);
  await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  authenticatorId = await addAuthenticator();
  const path = `/v1/auth/passkeys/${one.answer.json.id}`;
  expect((await server.call("PATCH", path, { name: "Old phone" }, { as: accessToken })).json.name).toBe("Old phone");
  expect((await server.call("GET", "/v1/auth/passkeys", undefined, { as: accessToken })).json.items).toHaveLength(1);
  expect(await server.call("DELETE", path, undefined, { as: accessToken })).toMatchObject({ status: 409, json: { code: "last_way_in" } }); // biome-ignore format: one line
  const other = await addPasskey(accessToken, "Key");
  expect(other.answer.status).toBe(201);
  expect((await server.call("DELETE", path, undefined, { as: accessToken })).status).toBe(204);
  expect((await server.call("GET", "/v1/auth/passkeys", undefined, { as: accessToken })).json.items).toMatchObject([{ name: "Key" }]); // biome-ignore format: one line
});

test("a passkey steps up", async () => {
  const { accessToken, session } = await newUser();
  await addPasskey(accessToken);
  await server.database.db.query({
    text: `UPDATE landfall."userSession" SET "authenticatedAt" = "authenticatedAt" - interval '1 day' WHERE id = $1`,
    values: [session.id],
  });
  const refused = await post("/v1/auth/passkeys/options", {}, accessToken);
  expect(refused).toMatchObject({ status: 401, json: { code: "step_up_required", methods: ["passkey"] } });
  expect((await post("/v1/auth/step-up", { passkey: await shown() }, accessToken)).status).toBe(204);
  expect((await post("/v1/auth/passkeys/options", {}, accessToken)).status).toBe(200);
});

describe("what is not what was asked", () => {
  const flipped = (text: string) => {
    const bytes = Buffer.from(text, "base64url");
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    return bytes.toString("base64url");
  };
  const clientData = (change: object) => (given: Shown) => {
    const { response } = given.credential;
    const said = JSON.parse(Buffer.from(response.clientDataJSON, "base64url").toString());
    response.clientDataJSON = Buffer.from(JSON.stringify({ ...said, ...change })).toString("base64url");
  };
  const faults: [name: string, change: (given: Shown) => unknown][] = [
    ["another origin", clientData({ origin: "https://evil.example.com" })],
    ["another challenge", clientData({ challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })],
    ["an answer to a registration", clientData({ type: "webauthn.create" })],
    ["another signature", ({ credential: { response } }) => Object.assign(response, { signature: flipped(response.signature) })],
    ["other authenticator data", ({ credential: { response } }) => Object.assign(response, { authenticatorData: flipped(response.authenticatorData) })],
    ["another user's handle", ({ credential }) => Object.assign(credential.response, { userHandle: "b3RoZXI" })],
    ["a credential nobody has", ({ credential }) => Object.assign(credential, { id: "AAAAAAAAAAAAAAAAAAAAAA", rawId: "AAAAAAAAAAAAAAAAAAAAAA" })],
    ["a flow nobody was given", (given) => Object.assign(given, { flow: "lf_one_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })],
    ["bytes that are no WebAuthn at all", ({ credential }) => Object.assign(credential.response, { authenticatorData: "AA", clientDataJSON: "AA" })],
  ]; // biome-ignore format: a table
  test.each(faults)("%s is refused", async (_, change) => {
    await addPasskey((await newUser()).accessToken);
    const given = await shown();
    change(given);
    expect(await post("/v1/auth/sign-in/passkey", given)).toMatchObject({
      status: 401,
      json: { code: "passkey_invalid" },
    });
  });

  test("an authenticator that did not verify its user", async () => {
    await addPasskey((await newUser()).accessToken);
    const { flow, options } = (await post("/v1/auth/sign-in/passkey/options")).json;
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    const credential = await get({ ...options, userVerification: "discouraged" });
    expect((await post("/v1/auth/sign-in/passkey", { flow, credential })).json.code).toBe("passkey_invalid");
  });

  test("a counter that went back: the authenticator was copied", async () => {
    await addPasskey((await newUser()).accessToken);
    await server.database.db.query({ text: "UPDATE landfall.passkey SET counter = 1000" });
    expect((await post("/v1/auth/sign-in/passkey", await shown())).json.code).toBe("passkey_invalid");
  });

  test("a registration answered by another user", async () => {
    const { flow, options } = (await post("/v1/auth/passkeys/options", {}, (await newUser()).accessToken)).json;
    const credential = await create(options);
    const answer = await post("/v1/auth/passkeys", { flow, credential }, (await newUser()).accessToken);
    expect(answer).toMatchObject({ status: 401, json: { code: "passkey_invalid" } });
  });

  test("a passkey of one collection opens no other", async () => {
    const staff = { name: `staff${Date.now()}`, kind: "auth", fields: [{ name: "name", type: "text" }], rules: {} };
    expect((await server.call("POST", "/v1/collections", staff)).status).toBe(201);
    await addPasskey((await newUser()).accessToken);
    const { flow, options } = (await post("/v1/auth/sign-in/passkey/options", { collection: staff.name })).json;
    const given = { flow, credential: await get(options), collection: staff.name };
    expect((await post("/v1/auth/sign-in/passkey", given)).json.code).toBe("passkey_invalid");
  });

  test("T11 one answer, twenty times at once: one session", async () => {
    await addPasskey((await newUser()).accessToken);
    for (let round = 0; round < 5; round++) {
      const given = await shown();
      const answers = await Promise.all(Array.from({ length: 20 }, () => post("/v1/auth/sign-in/passkey", given)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 401)]);
    }
  });
});
