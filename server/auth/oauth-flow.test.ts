// Signing in through an honest provider, from an app with a scheme of its own: the whole way, and every place where somebody
// could step in between.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { appRedirect, browse, codeOf, comeBack, honestUpstream, newFlow, publicUrl, signInThrough, start, upstreamOptions } from "./upstream.fixture.ts"; // biome-ignore format: one line
import { audited, changeSettings, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const settings = {
  redirects: [appRedirect, "https://app.example.com/signed-in?from=corp"],
  methods: { anonymous: { enabled: true } },
};
const callback = (name: string) => `${publicUrl}/v1/auth/oauth/${name}/callback`;
const upstream = honestUpstream([callback("corp"), callback("corp2")]);
const users = testUsers(database, settings, upstreamOptions);

const setUp = (name: string, more: object = {}) =>
  users.call("putProvider", {
    token: serviceKey,
    params: { collection: "users", name },
    body: { preset: "oidc", issuer: upstream.issuer, clientId: "app", clientSecret: "app secret of the tests", fields: { name: "name" }, ...more }, // biome-ignore format: one line
  });

beforeAll(async () => {
  await setUp("corp");
  await setUp("corp2");
});
beforeEach(async () => {
  upstream.person = { sub: crypto.randomUUID(), name: "Ann", email: `${crypto.randomUUID()}@example.com`, email_verified: true }; // biome-ignore format: one line
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
});

const exchange = (code: string, codeVerifier: string) => ({ body: { code, codeVerifier } });
const refusedExchange = (code: string, verifier: string) =>
  users.refused("exchangeOAuthCode", exchange(code, verifier));

test("an app with a scheme of its own signs a new person in: record, account, identity, session", async () => {
  const flow = newFlow();
  const address = new URL(await start(users, flow));
  expect(address.searchParams.get("code_challenge_method")).toBe("S256");
  expect(address.searchParams.get("code_challenge")).not.toBe(flow.challenge);
  const back = await comeBack(users, await browse(address.href));
  expect(`${back.protocol}//${back.host}`).toBe(appRedirect);
  expect([...back.searchParams.keys()].sort()).toEqual(["code", "state"]);
  expect(back.searchParams.get("state")).toBe("app-state");

  const body = { code: back.searchParams.get("code"), codeVerifier: flow.verifier, device: { name: "Phone" } };
  const { json: signedIn } = await users.call("exchangeOAuthCode", { body });
  expect(signedIn.user.name).toBe("Ann");
  expect(signedIn.account).toMatchObject({ email: upstream.person.email, emailVerified: true, hasPassword: false });
  const token = signedIn.accessToken;
  expect((await users.call("getMe", { token })).json.session.amr).toEqual(["fed"]);
  expect((await users.call("listIdentities", { token })).json.items).toMatchObject([
    { provider: "corp", issuer: upstream.issuer, subject: upstream.person.sub, email: upstream.person.email },
  ]);
  expect(await audited(database, "signed_up")).toHaveLength(1);
  expect(await audited(database, "identity_linked")).toHaveLength(1);
});

test("who comes again is the same user, whatever their address is by now", async () => {
  const first = await signInThrough(users);
  upstream.person = { ...upstream.person, email: "moved@example.com" };
  const again = await signInThrough(users);
  expect(again.user.id).toBe(first.user.id);
  expect(again.account.email).toBe(first.account.email);
});

test("a name that does not fit its field keeps nobody out", async () => {
  upstream.person = { ...upstream.person, name: "n".repeat(300) };
  const { user } = await signInThrough(users);
  expect(user.name).toBeNull();
});

test("the same identity twice at once makes one user", async () => {
  const flows = [newFlow(), newFlow(), newFlow(), newFlow()];
  const codes = await Promise.all(flows.map((flow) => codeOf(users, flow)));
  const answers = await Promise.all(codes.map((code, at) => users.call("exchangeOAuthCode", exchange(code, flows[at]?.verifier as string)))); // biome-ignore format: one line
  expect(new Set(answers.map(({ json }) => json.user.id)).size).toBe(1);
});

test("where sign-up is closed a stranger is refused and a known one is let in", async () => {
  const known = { ...upstream.person };
  await signInThrough(users);
  await changeSettings(database, { ...settings, signUp: "invited" });
  try {
    expect((await signInThrough(users)).account.email).toBe(known.email);
    upstream.person = { sub: "stranger" };
    await expect(signInThrough(users)).rejects.toMatchObject({ status: 403, code: "sign_up_closed" });
  } finally {
    await changeSettings(database, settings);
  }
});

describe("T07 where it returns to", () => {
  const flow = newFlow();
  const begin = (redirect: string) =>
    users.refused("startOAuth", { params: { provider: "corp" }, query: { redirect, codeChallenge: flow.challenge } });
  test.each([
    ...[
      "https://evil.example/",
      "myapp://auth/",
      "myapp://auth?x=1",
      "myapp://auth#",
      "MYAPP://auth",
      "myapp://auth.evil",
    ],
    ...["https://app.example.com/signed-in", "https://app.example.com/signed-in?from=corp&x", "//evil.example"],
    ...[
      "https://app.example.com.evil.example/signed-in?from=corp",
      "javascript:alert(1)",
      "data:text/html,x",
      " myapp://auth",
    ],
    ...["https://app.example.com@evil.example/signed-in?from=corp", "myapp://auth\u0009", "https://app.example.com/x/../signed-in?from=corp"], // biome-ignore format: a table
  ])("%j is refused", async (redirect) => expect(await begin(redirect)).toBe("400 redirect_not_allowed"));

  test("an address that may not be one is not even stored", async () => {
    for (const redirect of [
      "javascript:alert(1)",
      "https://a.example/#x",
      "http://a.example/",
      "https://u:p@a.example/",
      "nonsense",
    ]) {
      const body = { settings: { redirects: [redirect] } };
      const refused = await users.refused("changeAuthSettings", { token: serviceKey, params: { collection: "users" }, body }); // biome-ignore format: one line
      expect.soft(refused, redirect).toBe("422 auth_settings_invalid");
    }
  });

  test("an address keeps its own query, and our own pages need no listing", async () => {
    const listed = "https://app.example.com/signed-in?from=corp";
    const back = await comeBack(users, await browse(await start(users, newFlow(), { redirect: listed })));
    expect(back.href.startsWith(`${listed}&code=`)).toBe(true);
    const own = await comeBack(users, await browse(await start(users, newFlow(), { redirect: `${publicUrl}/auth/` })));
    expect(own.href.startsWith(`${publicUrl}/auth/?code=`)).toBe(true);
  });

  test("one that was taken off the list meanwhile gets nothing", async () => {
    const at = await browse(await start(users, newFlow()));
    await changeSettings(database, { ...settings, redirects: [] });
    try {
      expect(await users.refused("finishOAuth", { params: { provider: "corp" }, query: Object.fromEntries(at.searchParams) })).toBe("400 redirect_not_allowed"); // biome-ignore format: one line
    } finally {
      await changeSettings(database, settings);
    }
  });

  test("an error goes to the app with its state, and names no secret", async () => {
    const { searchParams } = new URL(await start(users, newFlow()));
    const query = { state: searchParams.get("state") as string, error: "access_denied", error_description: "x" };
    const { headers } = await users.call("finishOAuth", { params: { provider: "corp" }, query });
    expect(headers.Location).toBe("myapp://auth?error=access_denied&state=app-state");
  });

  test("no token stands in any address on the way", async () => {
    const flow = newFlow();
    const seen = [await start(users, flow)];
    const at = await browse(seen[0] as string);
    const back = await comeBack(users, at);
    const { json } = await users.call(
      "exchangeOAuthCode",
      exchange(back.searchParams.get("code") as string, flow.verifier),
    );
    for (const address of [...seen, at.href, back.href])
      for (const secret of [json.accessToken, json.refreshToken, flow.verifier]) expect(address).not.toContain(secret);
  });
});

describe("T06 state, nonce and PKCE", () => {
  const finish = (query: Record<string, string>, provider = "corp") => ({ params: { provider }, query });
  const parts = async () => Object.fromEntries((await browse(await start(users, newFlow()))).searchParams) as { code: string; state: string; iss: string }; // biome-ignore format: one line

  test("a state that is unknown, altered, empty or of another purpose is nobody's", async () => {
    const { code, state } = await parts();
    const flow = newFlow();
    const other = await codeOf(users, flow);
    for (const wrong of ["", "x", `${state}x`, state.slice(0, -1), `${state.slice(0, -1)}_`.replace(state, "x"), other])
      expect
        .soft(await users.refused("finishOAuth", finish({ code, state: wrong })), wrong)
        .toBe("400 oauth_state_invalid");
    // Shown at the wrong door it was neither taken nor spent.
    expect((await users.call("exchangeOAuthCode", exchange(other, flow.verifier))).status).toBe(200);
  });

  test("T11 a state counts once: of 20 answers with it one is taken", async () => {
    const answer = await parts();
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => users.call("finishOAuth", finish(answer))));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(all.filter((one) => one.status === "rejected" && one.reason.code === "oauth_state_invalid")).toHaveLength(
      19,
    );
  });

  test("it is good for ten minutes", async () => {
    const answer = await parts();
    users.clock.advance(600_000);
    expect(await users.refused("finishOAuth", finish(answer))).toBe("400 oauth_state_invalid");
  });

  test("a code of another sign-in at the provider does not fit this state: PKCE and nonce differ", async () => {
    const [mine, theirs] = [await parts(), await parts()];
    const injected = await users.call("finishOAuth", finish({ ...mine, code: theirs.code }));
    expect(injected.headers.Location).toBe("myapp://auth?error=provider_failed&state=app-state");
  });

  test("an answer altered on the way fails, and the log says how", async () => {
    for (const wrong of [{ code: "wrong" }, { iss: "https://evil.example" }, { code: "" }]) {
      const { headers } = await users.call("finishOAuth", finish({ ...(await parts()), ...wrong }));
      expect.soft(headers.Location, JSON.stringify(wrong)).toBe("myapp://auth?error=provider_failed&state=app-state");
    }
    expect(users.logLines.some((line) => line.includes("provider_failed") && line.includes("invalid_grant"))).toBe(
      true,
    );
  });

  test("mix-up: an answer without the issuer, or at another provider's address, is refused", async () => {
    const { iss, ...withoutIssuer } = await parts();
    expect(iss).toBe(upstream.issuer);
    expect((await users.call("finishOAuth", finish(withoutIssuer))).headers.Location).toContain(
      "error=provider_failed",
    );
    expect(await users.refused("finishOAuth", finish(await parts(), "corp2"))).toBe("400 oauth_state_invalid");
  });
});

describe("the code that the app gets", () => {
  test("T11 is worth one exchange: of 20 at once one signs in", async () => {
    const flow = newFlow();
    const code = await codeOf(users, flow);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => users.call("exchangeOAuthCode", exchange(code, flow.verifier)))); // biome-ignore format: one line
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(all.filter((one) => one.status === "rejected" && one.reason.code === "oauth_code_invalid")).toHaveLength(19);
  });

  test("is worth nothing without the verifier, and nothing after a wrong one", async () => {
    const flow = newFlow();
    const code = await codeOf(users, flow);
    expect(await refusedExchange(code, newFlow().verifier)).toBe("400 oauth_code_invalid");
    expect(await refusedExchange(code, flow.verifier)).toBe("400 oauth_code_invalid");
  });

  test("the challenge itself is no verifier", async () => {
    const flow = newFlow();
    expect(await refusedExchange(await codeOf(users, flow), flow.challenge)).toBe("400 oauth_code_invalid");
  });

  test("lives for two minutes", async () => {
    const flow = newFlow();
    const code = await codeOf(users, flow);
    users.clock.advance(120_000);
    expect(await refusedExchange(code, flow.verifier)).toBe("400 oauth_code_invalid");
  });

  test("is sealed in the database: who reads it knows neither code nor person", async () => {
    await codeOf(users, newFlow());
    const rows = await database.db.query({ text: "SELECT c::text AS row FROM landfall.challenge c" });
    const stored = JSON.stringify(rows);
    expect(stored).not.toContain(upstream.person.email as string);
    expect(stored).not.toContain("lf_one_");
  });

  test("is worth nothing once the provider is switched off or gone, and none is given any more", async () => {
    const at = await browse(await start(users, newFlow(), { provider: "corp2" }));
    await setUp("corp2");
    const flow = newFlow();
    const code = await codeOf(users, flow, { provider: "corp2" });
    await setUp("corp2", { enabled: false });
    expect(await refusedExchange(code, flow.verifier)).toBe("404 provider_not_found");
    expect((await comeBack(users, at, "corp2")).search).toBe("?error=provider_failed&state=app-state");
    await setUp("corp2");
  });
});

test("T28 a second factor is asked for after a provider too", async () => {
  const { account, accessToken } = await signInThrough(users);
  expect(account.email).toBe(upstream.person.email);
  await database.db.query({
    text: `INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt")
           SELECT 'factor-1', id, 'totp', 'phone', '', clock_timestamp(), clock_timestamp() FROM landfall.account WHERE "recordId" = $1`,
    values: [(await users.actor(accessToken)).auth.id],
  });
  const flow = newFlow();
  const code = await codeOf(users, flow);
  const answer = await users.call("exchangeOAuthCode", exchange(code, flow.verifier));
  expect([answer.status, answer.json.next]).toEqual([202, "factor"]);
});

test("a suspended account stays out", async () => {
  const { user } = await signInThrough(users);
  await database.db.query({ text: `UPDATE landfall.account SET "suspendedAt" = clock_timestamp() WHERE "recordId" = $1`, values: [user.id] }); // biome-ignore format: one line
  await expect(signInThrough(users)).rejects.toMatchObject({ status: 403, code: "account_suspended" });
});
