// A mobile app lets its people sign in with their company: the admin's set-up, the system browser, the way back by a custom
// scheme, the tokens. Over HTTP with a real server, and a real provider by other authors.
import { beforeAll, describe, expect, test } from "vitest";
import { appRedirect, browse, honestUpstream, newFlow } from "../../server/auth/upstream.fixture.ts";
import { freePort } from "../support/ports.ts";
import { call, masterKey, startServer, testServer } from "../support/server.ts";

const port = await freePort();
const callback = `http://localhost:${port}/v1/auth/oauth/corp/callback`;
const upstream = honestUpstream([callback]);
const server = testServer({ PORT: String(port), LANDFALL_MASTER_KEY: masterKey });
const providers = "/v1/collections/users/auth/providers";

beforeAll(async () => {
  const settings = { redirects: [appRedirect] };
  expect((await server.call("PATCH", "/v1/collections/users/auth", { settings })).status).toBe(200);
  const provider = { preset: "oidc", label: "Our company", issuer: upstream.issuer, clientId: "app", clientSecret: "app secret of the tests" }; // biome-ignore format: one line
  expect((await server.call("PUT", `${providers}/corp`, provider)).status).toBe(200);
  upstream.person = { sub: "ann", name: "Ann", email: "ann@example.com", email_verified: true };
});

const visit = (address: string, more: RequestInit = {}) => fetch(address, { redirect: "manual", ...more });
const startAt = (flow: { challenge: string }, state = "s-1") =>
  `${server.url}/v1/auth/oauth/corp/start?${new URLSearchParams({ redirect: appRedirect, codeChallenge: flow.challenge, state })}`; // biome-ignore format: one line
/** The provider's answer to one sign-in, where the browser stands before it comes back to us. */
const answered = async (flow = newFlow()): Promise<URL> =>
  browse((await visit(startAt(flow))).headers.get("location") as string);
const here = (at: URL) => at.href.replace(`http://localhost:${port}`, server.url);

test("from the button to the record", async () => {
  const { json: screen } = await server.call("GET", "/v1/auth/methods", undefined, { as: null });
  expect(screen.providers).toEqual([{ name: "corp", preset: "oidc", label: "Our company" }]);

  const flow = newFlow();
  const begun = await visit(startAt(flow));
  expect([begun.status, begun.headers.get("cache-control"), begun.headers.get("referrer-policy")]).toEqual([302, "no-store", "no-referrer"]); // biome-ignore format: one line
  expect(begun.headers.get("set-cookie")).toBeNull();
  const at = await browse(begun.headers.get("location") as string);
  expect(at.href.startsWith(`${callback}?`)).toBe(true);
  const back = await visit(here(at));
  expect([back.status, back.headers.get("cache-control")]).toEqual([303, "no-store"]);
  const returned = new URL(back.headers.get("location") as string);
  expect([returned.protocol, returned.searchParams.get("state")]).toEqual(["myapp:", "s-1"]);

  const body = { code: returned.searchParams.get("code"), codeVerifier: flow.verifier, device: { platform: "ios" } };
  const signedIn = await server.call("POST", "/v1/auth/oauth/exchange", body, { as: null });
  expect(signedIn.status).toBe(200);
  expect(signedIn.json.account).toMatchObject({ email: "ann@example.com", emailVerified: true });
  const as = signedIn.json.accessToken;
  expect((await server.call("GET", "/v1/auth/me", undefined, { as })).json.user.id).toBe(signedIn.json.user.id);
  const { json: identities } = await server.call("GET", "/v1/auth/identities", undefined, { as });
  expect(identities.items).toMatchObject([{ issuer: upstream.issuer, subject: "ann" }]);
  expect((await server.call("POST", "/v1/auth/oauth/exchange", body, { as: null })).json.code).toBe(
    "oauth_code_invalid",
  );
});

test("two servers on one database: begun on one, answered on the other, exchanged on either", async () => {
  const other = await startServer({
    ...{ DATABASE_URL: server.database.url, LANDFALL_MASTER_KEY: masterKey },
    LANDFALL_PUBLIC_URL: `http://localhost:${port}`,
  });
  try {
    const flow = newFlow();
    const at = await answered(flow);
    const back = await visit(at.href.replace(`http://localhost:${port}`, other.url));
    const code = new URL(back.headers.get("location") as string).searchParams.get("code");
    const body = { code, codeVerifier: flow.verifier };
    // At once on both: the code is worth one exchange wherever it is shown.
    const answers = await Promise.all([server, other].map(({ url }) => call(url, "POST", "/v1/auth/oauth/exchange", body, { as: null }))); // biome-ignore format: one line
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  } finally {
    await other.stop();
  }
}, 60_000);

test("the admin's test finds nothing wrong", async () => {
  const { json } = await server.call("POST", `${providers}/corp:test`);
  expect(json.ok, JSON.stringify(json.checks)).toBe(true);
});

test("a provider may post its answer", async () => {
  const { searchParams } = await answered();
  const form = await visit(`${server.url}/v1/auth/oauth/corp/callback`, { method: "POST", body: searchParams });
  expect(form.status).toBe(303);
  expect(form.headers.get("location")).toMatch(/^myapp:\/\/auth\?code=lf_one_/);
});

describe("what is sent to the callback", () => {
  const post = async (type: string, body: string) => {
    const answer = await visit(`${server.url}/v1/auth/oauth/corp/callback`, { method: "POST", body, headers: { "content-type": type } }); // biome-ignore format: one line
    return `${answer.status} ${((await answer.json()) as { code: string }).code}`;
  };
  test("T31 nothing but a form of the provider's", async () => {
    const form = "application/x-www-form-urlencoded";
    expect(await post("application/json", '{"state":"x"}')).toBe("415 media_type_unsupported");
    expect(await post("text/plain", "state=x")).toBe("415 media_type_unsupported");
    expect(await post(form, "state=x&state=y&code=z")).toBe("400 request_malformed");
    expect(await post(form, "state=lf_one_x&code=%ff%00")).toBe("400 oauth_state_invalid");
    expect(await post(form, `state=${"s".repeat(70_000)}`)).toBe("413 body_too_large");
  });

  test("parameters that the provider adds are let through, ones that stand twice are not", async () => {
    const at = await answered();
    expect((await visit(`${here(at)}&state=other`)).status).toBe(400);
    expect((await visit(`${here(at)}&session_state=1&authuser=0&prompt=consent&hd=example.com`)).headers.get("location")).toMatch(/^myapp:\/\/auth\?code=/); // biome-ignore format: one line
  });

  test("hostile ones are answered 4xx and tell nothing", async () => {
    for (const query of [
      "",
      "state=",
      "state=%00",
      `state=${"a".repeat(300)}`,
      "state[]=x",
      "state=lf_one_' OR 1=1--",
      "error=access_denied",
    ]) {
      const answer = await visit(`${server.url}/v1/auth/oauth/corp/callback?${query}`);
      expect.soft([answer.status, answer.headers.get("location")], query).toEqual([400, null]);
    }
    for (const name of ["nobody", "Corp", "..%2fcorp", "corp%00"])
      expect.soft((await visit(`${server.url}/v1/auth/oauth/${name}/callback?state=x`)).status, name).toBe(400);
  });
});

test("T09 the address a provider returns to is the configured one, whatever the request says", async () => {
  const headers = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example", "x-forwarded-prefix": "/evil" }; // biome-ignore format: one line
  const begun = await visit(startAt(newFlow()), { headers });
  expect(new URL(begun.headers.get("location") as string).searchParams.get("redirect_uri")).toBe(callback);
});

test("X04 neither code, verifier, state nor secret stands in the log", async () => {
  const flow = newFlow();
  const at = await answered(flow);
  const back = new URL((await visit(here(at))).headers.get("location") as string);
  const code = back.searchParams.get("code") as string;
  await server.call("POST", "/v1/auth/oauth/exchange", { code, codeVerifier: flow.verifier }, { as: null });
  const secrets = [
    code,
    flow.verifier,
    at.searchParams.get("state"),
    at.searchParams.get("code"),
    "app secret of the tests",
  ];
  for (const secret of secrets) expect.soft(server.output()).not.toContain(secret);
});
