// The protocol under attack: what is altered on the way, used twice, sent from another browser or another site, or aimed at an
// address that nobody allowed. The attack fails, and nothing fails with it.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { answer, Browser, makeClient, signIn, through, uidOf } from "./provider.fixture.ts";
import { offline, redirect, testWiki } from "./wiki.fixture.ts";

const wiki = testWiki();
const { server } = wiki;

const exchange = async (body: Record<string, string>) => {
  const form = new URLSearchParams({ grant_type: "authorization_code", client_id: wiki.client.id, client_secret: wiki.client.secret, redirect_uri: redirect, ...body }); // biome-ignore format: one line
  const taken = await fetch(`${wiki.base}/oauth/token`, { method: "POST", body: form });
  return { status: taken.status, json: (await taken.json()) as Record<string, string> };
};

async function freshCode() {
  const { url, checks } = await wiki.begin(offline);
  const back = await through(wiki.base, new Browser(), url.href, { user: wiki.user });
  return { code: back.searchParams.get("code") as string, code_verifier: checks.pkceCodeVerifier as string };
}

describe("T11 used twice", () => {
  test("a code: of 20 at once exactly one gets tokens, in each of 5 runs", async () => {
    for (let run = 0; run < 5; run++) {
      const body = await freshCode();
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(body)));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 400)]);
    }
  });

  test("a code that comes again is refused, and after the two seconds of a race it ends what the first exchange gave", async () => {
    const body = await freshCode();
    const first = await exchange(body);
    expect(await wiki.status(first.json.access_token as string)).toBe(200);
    expect((await exchange(body)).json.error).toBe("invalid_grant");
    expect(await wiki.status(first.json.access_token as string)).toBe(200);
    await server.database.db.query({ text: `UPDATE landfall."oauthState" SET "consumedAt" = "consumedAt" - interval '2 s' WHERE model = 'AuthorizationCode'` }); // biome-ignore format: one line
    expect((await exchange(body)).json.error).toBe("invalid_grant");
    expect(await wiki.status(first.json.access_token as string)).toBe(401);
  });

  test("an answer of the sign-in page: the second one is told that it is over", async () => {
    const browser = new Browser();
    const { url } = await wiki.begin();
    const uid = uidOf((await browser.go(url.href)).headers.get("location") as string);
    expect((await answer(wiki.base, browser, uid, { user: wiki.user })).status).toBe(200);
    expect((await answer(wiki.base, browser, uid, { user: wiki.user })).status).toBe(404);
  });
});

describe("altered on the way", () => {
  test("PKCE: no verifier, another one, the challenge itself", async () => {
    for (const verifier of ["", "x".repeat(43), "short"]) {
      const { code } = await freshCode();
      expect((await exchange({ code, code_verifier: verifier })).status).toBe(400);
    }
    const { code, code_verifier } = await freshCode();
    const challenge = createHash("sha256").update(code_verifier).digest("base64url");
    expect((await exchange({ code, code_verifier: challenge })).status).toBe(400);
  });

  test("PKCE cannot be left out or weakened", async () => {
    for (const change of [
      { code_challenge: null },
      { code_challenge_method: "plain" },
      { code_challenge_method: null },
    ]) {
      const { url } = await wiki.begin();
      for (const [name, value] of Object.entries(change))
        if (value === null) url.searchParams.delete(name);
        else url.searchParams.set(name, value);
      const back = new URL((await new Browser().go(url.href)).headers.get("location") as string);
      expect(back.searchParams.get("error"), JSON.stringify(change)).toBe("invalid_request");
    }
  });

  test("a code goes to the client and the address that it was made for", async () => {
    const { id, secret } = await makeClient(server, { name: "Other", type: "web", redirectUris: [redirect] });
    expect((await exchange({ ...(await freshCode()), client_id: id, client_secret: secret as string })).json.error).toBe("invalid_grant"); // biome-ignore format: one line
    expect((await exchange({ ...(await freshCode()), redirect_uri: `${redirect}/` })).json.error).toBe("invalid_grant");
    expect((await exchange({ ...(await freshCode()), client_secret: "wrong" })).json.error).toBe("invalid_client");
    expect((await exchange({ ...(await freshCode()), client_secret: createHash("sha256").update(wiki.client.secret).digest("hex") })).json.error).toBe("invalid_client"); // biome-ignore format: one line
  });

  test("the browser's cookies cannot be made up", async () => {
    const browser = new Browser();
    const { url } = await wiki.begin();
    const uid = uidOf((await browser.go(url.href)).headers.get("location") as string);
    for (const name of ["lf_oauth_ask", "lf_oauth_ask.sig"]) {
      const forged = new Browser();
      for (const [key, cookie] of browser.cookies) forged.cookies.set(key, cookie);
      const { value, path } = forged.cookies.get(name) as { value: string; path: string };
      forged.cookies.set(name, { value: `${value.slice(0, -1)}${value.endsWith("A") ? "B" : "A"}`, path });
      expect((await answer(wiki.base, forged, uid, { user: wiki.user })).status).toBe(404);
    }
  });

  test("alg none, a foreign key and another kind of token are no `id_token_hint`", async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ iss: wiki.base, aud: wiki.client.id, sub: "x" })).toString("base64url")}.`; // biome-ignore format: one line
    for (const hint of [none, "x.y.z", wiki.user.accessToken]) {
      const { url } = await wiki.begin({ extra: { id_token_hint: hint, prompt: "none" } });
      const went = (await new Browser().go(url.href)).headers.get("location");
      expect(new URL(went as string).searchParams.get("error")).toBe("invalid_request");
    }
  });
});

describe("T07 only where the client allowed it", () => {
  const wrong = [
    "https://wiki.example.com/callback/",
    "https://wiki.example.com/callback?x=1",
    "https://wiki.example.com/callback#x",
    "https://wiki.example.com/CALLBACK",
    "https://WIKI.example.com/callback",
    "http://wiki.example.com/callback",
    "https://wiki.example.com:443/callback",
    "https://wiki.example.com/x/../callback",
    "https://wiki.example.com/%63allback",
    "https://wiki.example.com.evil.example/callback",
    "https://wiki.example.com@evil.example/callback",
    "https://evil.example/?https://wiki.example.com/callback",
    "//wiki.example.com/callback",
    "/callback",
    "javascript:alert(1)",
    "https://wiki.example.com/callback\\@evil.example",
    "https://wiki.example.com/callback%0d%0aLocation:%20https://evil.example",
  ];
  test.each(wrong)("%s: an error page, no redirect", async (uri) => {
    const { url } = await wiki.begin({ extra: { redirect_uri: uri } });
    const shown = await new Browser().go(url.href);
    expect([shown.status, shown.headers.get("location")]).toEqual([400, null]);
    expect(await shown.text()).toContain("invalid_redirect_uri");
  });

  test("twice, or left out: the same", async () => {
    const { url } = await wiki.begin();
    const twice = await new Browser().go(`${url.href}&redirect_uri=${encodeURIComponent("https://evil.example/")}`);
    url.searchParams.delete("redirect_uri");
    const none = await new Browser().go(url.href);
    expect([twice.status, none.status, twice.headers.get("location"), none.headers.get("location")]).toEqual([400, 400, null, null]); // biome-ignore format: one line
  });

  test("signing out returns to listed addresses only", async () => {
    const url = `${wiki.base}/oauth/sign-out?client_id=${wiki.client.id}&post_logout_redirect_uri=${encodeURIComponent("https://evil.example/")}`;
    const shown = await new Browser().go(url);
    expect([shown.status, shown.headers.get("location")]).toEqual([400, null]);
  });

  test("an error goes back with the state, and tells no more than the standard's words", async () => {
    const { url, checks } = await wiki.begin();
    const back = await through(wiki.base, new Browser(), url.href, { user: wiki.user, accept: false });
    expect(back.origin + back.pathname).toBe(redirect);
    expect(back.searchParams.get("state")).toBe(checks.expectedState);
    expect([...back.searchParams.keys()].sort()).toEqual(["error", "error_description", "iss", "state"]);
    expect(back.searchParams.get("error")).toBe("access_denied");
  });

  test("what a page shows of a request is text, never markup", async () => {
    const shown = await new Browser().go(`${wiki.base}/oauth/authorize?client_id=%3Cscript%3Ealert(1)%3C/script%3E`);
    expect(await shown.text()).not.toContain("<script>alert");
    expect(shown.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(shown.headers.get("x-frame-options")).toBe("DENY");
  });
});

describe("T31 the sign-in page's calls", () => {
  const asked = async () => {
    const browser = new Browser();
    const { url } = await wiki.begin();
    const uid = uidOf((await browser.go(url.href)).headers.get("location") as string);
    return { browser, uid, url: `${wiki.base}/v1/auth/interactions/${uid}` };
  };

  test("show the program, its scopes in words, and who would let it in", async () => {
    const { browser, url } = await asked();
    const headers = { accept: "application/json", authorization: `Bearer ${wiki.user.accessToken}` };
    expect(await (await browser.go(url, { headers })).json()).toMatchObject({
      client: { name: "Wiki", registered: false },
      collection: "users",
      scopes: [{ name: "openid" }, { name: "profile", description: "See your name and your profile", granted: false }],
      ...{ returnsTo: "wiki.example.com", signInAgain: false, user: { id: wiki.user.user.id } },
    });
    expect(await (await browser.go(url)).json()).toMatchObject({ user: null });
  });

  test("work only in the browser that the program sent here", async () => {
    const { uid, url } = await asked();
    expect((await new Browser().go(url)).status).toBe(404);
    const mallory = new Browser();
    const own = await wiki.begin();
    await mallory.go(own.url.href);
    expect((await answer(wiki.base, mallory, uid, { user: wiki.user })).status).toBe(404);
  });

  test("are refused to pages of other sites and to forms", async () => {
    const { browser, url } = await asked();
    const body = JSON.stringify({ accept: true });
    const authorization = `Bearer ${wiki.user.accessToken}`;
    const json = { "content-type": "application/json", authorization };
    const cross = [
      { ...json, origin: "https://evil.example" },
      { ...json, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of cross) expect((await browser.go(url, { method: "POST", headers, body })).status).toBe(403);
    const form = { "content-type": "text/plain", authorization, "sec-fetch-site": "same-origin" };
    expect((await browser.go(url, { method: "POST", headers: form, body })).status).toBe(415);
    const read = await browser.go(url, { headers: { origin: "https://evil.example" } });
    expect([read.status, read.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  });

  test("letting in takes a user: nobody, a client's token and the service key are none", async () => {
    const { browser, uid } = await asked();
    expect((await answer(wiki.base, browser, uid, {})).status).toBe(403);
    const { access_token: accessToken } = await wiki.signIn(offline);
    expect((await answer(wiki.base, browser, uid, { user: { ...wiki.user, accessToken } })).status).toBe(403);
    const service = { ...wiki.user, accessToken: "test-service-key-test-service-key-test" };
    expect((await answer(wiki.base, browser, uid, { user: service })).status).toBe(403);
  });

  test("a user of another collection is none of the client's", async () => {
    await server.call("POST", "/v1/collections", { name: "staff", kind: "auth", rules: { list: "id == auth.id" } });
    await server.call("PATCH", "/v1/collections/staff/auth", {
      settings: { methods: { anonymous: { enabled: true } } },
    });
    const staff = (await server.call("POST", "/v1/auth/sign-in/anonymous", { collection: "staff" }, { as: null })).json;
    const { browser, uid } = await asked();
    const refused = await answer(wiki.base, browser, uid, { user: staff });
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      403,
      "interaction_other_users",
    ]);
  });

  test("an admin who acts as a user lets nothing in for them", async () => {
    const user = await signIn(server);
    await server.database.db.query({ text: `UPDATE landfall."userSession" SET "impersonatedBy" = 'admin:x' WHERE id = $1`, values: [user.session.id] }); // biome-ignore format: one line
    const { browser, uid } = await asked();
    expect((await answer(wiki.base, browser, uid, { user })).status).toBe(403);
  });

  test.each([{ prompt: "login" }, { max_age: "0" }])("T28 %o wants a new proof, not an old session", async (extra) => {
    const user = await signIn(server);
    await server.database.db.query({ text: `UPDATE landfall."userSession" SET "authenticatedAt" = "authenticatedAt" - interval '1 hour' WHERE id = $1`, values: [user.session.id] }); // biome-ignore format: one line
    const old = await again(user.refreshToken);
    const browser = new Browser();
    const { url, checks } = await wiki.begin({ extra });
    const uid = uidOf((await browser.go(url.href)).headers.get("location") as string);
    const refused = await answer(wiki.base, browser, uid, { user: { ...user, accessToken: old } });
    expect(((await refused.json()) as { code: string }).code).toBe("interaction_sign_in_again");
    expect(checks.expectedState).toBeTruthy();
  });

  const again = async (refreshToken: string) =>
    (await server.call("POST", "/v1/auth/refresh", { refreshToken }, { as: null })).json.accessToken as string;
});

describe("T26 the browser's session", () => {
  test("changes its name when somebody signs in, and the old name is worth nothing", async () => {
    const browser = new Browser();
    await wiki.signIn({ browser });
    const before = browser.cookies.get("lf_oauth") as { value: string; path: string };
    const { url } = await wiki.begin({ extra: { prompt: "consent" } });
    await through(wiki.base, browser, url.href, { user: wiki.user });
    const after = browser.cookies.get("lf_oauth") as { value: string };
    expect(after.value).not.toBe(before.value);
    const { url: silent } = await wiki.begin({ extra: { prompt: "none" } });
    browser.cookies.set("lf_oauth", before);
    expect(new URL((await browser.go(silent.href)).headers.get("location") as string).searchParams.get("error")).toBe("login_required"); // biome-ignore format: one line
  });

  test("somebody else who signs in in the same browser gets nothing of who was there before", async () => {
    const browser = new Browser();
    await wiki.signIn({ browser });
    const other = await signIn(server);
    const { url } = await wiki.begin({ extra: { prompt: "login" } });
    const uid = uidOf((await browser.go(url.href)).headers.get("location") as string);
    const fresh = await signIn(server);
    const answered = await answer(wiki.base, browser, uid, { user: fresh });
    const page = await browser.go(((await answered.json()) as { location: string }).location);
    // The protocol first ends what was there, by a form that sends itself.
    const html = await page.text();
    const policy = page.headers.get("content-security-policy") ?? "";
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] as string;
    expect(policy).toContain(`'sha256-${createHash("sha256").update(script).digest("base64")}'`);
    const xsrf = /name="xsrf" value="([\w-]+)"/.exec(html)?.[1] as string;
    const ended = await browser.go(`${wiki.base}/oauth/sign-out/confirm`, {
      ...{ method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } },
      body: new URLSearchParams({ xsrf, logout: "yes" }),
    });
    const back = await browser.go(ended.headers.get("location") as string);
    expect(new URL(back.headers.get("location") as string).searchParams.get("code")).toBeTruthy();
    expect((await server.call("GET", "/v1/auth/me", undefined, { as: other.accessToken })).status).toBe(200);
  });
});

describe("no input makes it fail", () => {
  const paths = ["authorize", "token", "par", "device-authorization", "device", "introspect", "revoke", "sign-out", "sign-out/confirm", "authorize/x", "device/x"]; // biome-ignore format: one line
  const odd = ["", "%00", "a=1&a=2", "scope=%ff%fe", "client_id[]=x", "client_id=__proto__", `x=${"y".repeat(5_000)}`, "%", "resource=::&client_id=x", "claims={&client_id=x", "prompt=none%20login&client_id=x"]; // biome-ignore format: one line
  test.each(paths)("/oauth/%s", async (path) => {
    for (const text of odd)
      for (const [method, type] of [
        ["GET", ""],
        ["POST", "application/x-www-form-urlencoded"],
        ["POST", "application/json"],
        ["PUT", "text/plain"],
      ] as const) {
        // biome-ignore format: a table
        const url = `${wiki.base}/oauth/${path}${method === "GET" ? `?${text}` : ""}`;
        const sent = { method, headers: { authorization: "Basic !!", cookie: "lf_oauth=x; lf_oauth.sig=y", ...(type && { "content-type": type }) } }; // biome-ignore format: one line
        const answered = await fetch(url, { ...sent, redirect: "manual", ...(method !== "GET" && { body: text }) });
        const shown = answered.status < 500 ? "" : await answered.text();
        expect(answered.status, `${method} ${type} ${text.slice(0, 40)} ${shown.slice(-500)}`).toBeLessThan(500);
        expect(answered.headers.get("x-request-id")).toBeTruthy();
        expect(answered.headers.get("x-content-type-options")).toBe("nosniff");
      }
  });

  test("a body that is too large is refused before it is read", async () => {
    const answered = await fetch(`${wiki.base}/oauth/token`, { method: "POST", body: "x".repeat(100_000), headers: { "content-type": "application/x-www-form-urlencoded" } }); // biome-ignore format: one line
    expect(answered.status).toBe(413);
  });

  test("and nothing did", () => {
    expect(
      server
        .output()
        .split("\n")
        .filter((line) => line.includes('"level":50')),
    ).toEqual([]);
  });
});
