// A user of an app through the client, against a real server: signing in, being renewed, two tabs, no network, wrong clocks,
// being revoked. Faults of the network are made by the `fetch` that the app passes; the server is never played.
import { createClient, defineSchema, LandfallError, memoryStore, type TokenStore } from "@landfall/client";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { testServer } from "../support/server.ts";

const server = testServer();
const schema = defineSchema({ collections: { users: { fields: { name: { type: "text" } } } } });

type Fetch = NonNullable<Parameters<typeof createClient>[0]["fetch"]>;

/** An app on one device: `restart` is its next start, or another tab. What it asks is kept; `offline` cuts the network. */
function device(store: TokenStore = memoryStore()) {
  const network = { offline: false, asked: [] as string[], lose: undefined as string | undefined };
  const through: Fetch = async (url, init) => {
    const path = new URL(url).pathname;
    network.asked.push(`${init.method} ${path}`);
    if (network.offline) throw new TypeError("offline");
    const answer = await fetch(url, init as RequestInit);
    if (network.lose !== path) return answer;
    network.lose = undefined;
    await answer.text();
    throw new TypeError("the answer was lost");
  };
  const restart = () => createClient({ url: server.url, schema, fetch: through, retries: 1, auth: { store } });
  return { network, store, restart };
}

const refreshes = (asked: readonly string[]) => asked.filter((one) => one === "POST /v1/auth/refresh").length;
const minutes = (count: number) => count * 60_000;

beforeAll(async () => {
  const settings = { methods: { anonymous: { enabled: true } } };
  const changed = await server.call("PATCH", "/v1/collections/users/auth", { settings });
  expect(changed.status, changed.text).toBe(200);
});
afterEach(() => {
  vi.useRealTimers();
});

async function signedIn(on = device()) {
  const lf = on.restart();
  const step = await lf.auth.signInAnonymously();
  if (step.next !== "done") throw new Error(step.next);
  on.network.asked.length = 0;
  return { ...on, lf, user: step.user };
}

/** Only the date: timers, and with them the network, go on. */
const clockAt = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: ms });

test("whoever signs in is the user of the client: their requests carry their token, and their record is theirs to change", async () => {
  const { lf, user } = await signedIn();
  expect(lf.auth.user).toEqual(user);
  expect(lf.auth.account).toMatchObject({ anonymous: true, email: null });
  await lf.from("users").update(user.id, { name: "Ann" });
  expect((await lf.auth.reload())?.name).toBe("Ann");
  expect(lf.auth.user?.name).toBe("Ann");
});

test("a session survives the end of the app, and a start without a network keeps the last user", async () => {
  const { network, restart, user } = await signedIn();
  network.offline = true;
  const later = restart();
  expect(later.auth.user?.id).toBe(user.id);
  await expect(later.from("users").list()).rejects.toMatchObject({ code: "network_error" });
  expect(later.auth.user?.id).toBe(user.id);
  network.offline = false;
  expect((await later.from("users").list()).items.map(({ id }) => id)).toEqual([user.id]);
});

test("an old token is renewed before the request, once for all requests of the moment", async () => {
  const { lf, network, user } = await signedIn();
  clockAt(Date.now() + minutes(9.75));
  const lists = await Promise.all(Array.from({ length: 10 }, () => lf.from("users").list()));
  expect(lists.map(({ items }) => items[0]?.id)).toEqual(Array(10).fill(user.id));
  expect(refreshes(network.asked)).toBe(1);
});

test("without a network an old token ends nothing: the call fails, the user stays, and the next call goes through", async () => {
  const { lf, network, user } = await signedIn();
  clockAt(Date.now() + minutes(60));
  network.offline = true;
  await expect(lf.from("users").list()).rejects.toMatchObject({ code: "network_error", retryable: true });
  expect(lf.auth.user?.id).toBe(user.id);
  network.offline = false;
  expect((await lf.from("users").list()).items).toHaveLength(1);
});

test("an answer to a refresh that got lost is asked for again, and the session goes on", async () => {
  const { lf, network } = await signedIn();
  network.lose = "/v1/auth/refresh";
  await lf.auth.refresh();
  expect(refreshes(network.asked)).toBe(2);
  await lf.auth.refresh();
  expect((await lf.from("users").list()).items).toHaveLength(1);
});

test("two tabs that renew at once both go on, whether or not they could wait for each other", async () => {
  const { lf, restart, user } = await signedIn();
  const other = restart();
  await other.auth.ready();
  for (let round = 0; round < 5; round++) await Promise.all([lf.auth.refresh(), other.auth.refresh()]);
  for (const tab of [lf, other]) expect((await tab.from("users").list()).items[0]?.id).toBe(user.id);
});

test("a tab takes over what another one renewed, without asking", async () => {
  const { lf, network, restart } = await signedIn();
  const other = restart();
  await other.auth.ready();
  clockAt(Date.now() + minutes(9.75));
  await lf.from("users").list();
  await other.from("users").list();
  expect(refreshes(network.asked)).toBe(1);
});

test.each([-1440, -60, 60, 1440])(
  "G01 a clock that is wrong by %i minutes, or steps so, neither signs out nor loops",
  async (off) => {
    const start = Date.now();
    clockAt(start + minutes(off));
    const { lf, network } = await signedIn();
    await lf.from("users").list();
    expect(refreshes(network.asked), "a wrong clock is no reason").toBe(0);
    clockAt(start);
    await lf.from("users").list();
    await lf.from("users").list();
    expect(refreshes(network.asked), "a step costs one at most").toBeLessThanOrEqual(1);
    expect(lf.auth.user).not.toBeNull();
  },
);

test("a session that was ended elsewhere is wiped at the next contact, told after, and its write is not made by nobody", async () => {
  const { lf, restart, network, user, store } = await signedIn();
  const told: string[] = [];
  lf.auth.onRevoked(() => Promise.resolve().then(() => told.push("wiped")));
  lf.auth.onChange(({ event, user: now }) => told.push(`${event} ${now}`));
  const session = lf.auth.session?.id ?? "";
  await restart().auth.sessions.end(session);
  network.asked.length = 0;
  await expect(lf.from("users").update(user.id, { name: "Ann" })).rejects.toMatchObject({ status: 401, code: "refresh_token_invalid" }); // biome-ignore format: one line
  expect(told).toEqual(["wiped", "revoked null"]);
  expect(network.asked).toEqual([`PATCH /v1/collections/users/records/${user.id}`, "POST /v1/auth/refresh"]);
  expect(lf.auth.user).toBeNull();
  expect(await restart().auth.token()).toBeUndefined();
  expect(JSON.stringify(await store.getItem(`landfall.127.0.0.1_${server.port}.session`))).toBe("null");
});

test("signing out works without a network: here at once, on the server at the next contact", async () => {
  const { lf, restart, network } = await signedIn();
  const token = await lf.auth.token();
  network.offline = true;
  await lf.auth.signOut();
  expect(lf.auth.user).toBeNull();
  const me = () => server.call("GET", "/v1/auth/me", undefined, { as: token ?? null });
  expect((await me()).status).toBe(200);
  network.offline = false;
  restart();
  await vi.waitFor(async () => expect((await me()).status).toBe(401), { timeout: 10_000, interval: 50 });
});

test("a sign-out whose access token has ended meanwhile reaches the server too", async () => {
  const on = device();
  const { lf, restart } = await signedIn(on);
  const name = `landfall.127.0.0.1_${server.port}`;
  const token = await lf.auth.token();
  on.network.offline = true;
  await lf.auth.signOut();
  const waiting = JSON.parse((await on.store.getItem(`${name}.signOuts`)) ?? "[]");
  expect(waiting).toHaveLength(1);
  await on.store.setItem(`${name}.signOuts`, JSON.stringify([{ ...waiting[0], accessToken: "ended" }]));
  on.network.offline = false;
  restart();
  await vi.waitFor(async () => expect(await on.store.getItem(`${name}.signOuts`)).toBeNull(), { timeout: 10_000 });
  expect((await server.call("GET", "/v1/auth/me", undefined, { as: token ?? null })).status).toBe(401);
});

test("devices are listed, renamed and revoked; the same device is known again after signing out", async () => {
  const { lf, restart } = await signedIn();
  const [first] = await lf.auth.devices.list();
  expect(first).toMatchObject({ current: true, sessions: 1 });
  await lf.auth.devices.rename(first?.id ?? "", "Ann's phone");
  expect((await lf.auth.devices.list())[0]?.name).toBe("Ann's phone");
  expect(await lf.auth.sessions.list()).toMatchObject([{ current: true, amr: ["anon"] }]);
  await lf.auth.devices.revoke(first?.id ?? "");
  await expect(lf.auth.reload()).rejects.toMatchObject({ code: "refresh_token_invalid" });
  expect(restart().auth.user).toBeNull();
});

test("a listener hears what happens, and no more when it is told to stop", async () => {
  const lf = device().restart();
  const events: string[] = [];
  const stop = lf.auth.onChange(({ event }) => events.push(event));
  await lf.auth.signInAnonymously();
  await lf.auth.refresh();
  await lf.auth.signOut();
  stop();
  await lf.auth.signInAnonymously();
  expect(events).toEqual(["signedIn", "refreshed", "signedOut"]);
});

test("T32 SDK builds a wrong URL: ids and providers that could become another path are refused before a request", async () => {
  const { lf, network } = await signedIn();
  const redirect = "myapp://auth";
  for (const id of ["../me", "?x", "#", "%2f", "a/b", "", ".", "a".repeat(65), "ä", "\0", undefined as never]) {
    for (const call of [
      () => lf.auth.devices.rename(id, "x"),
      () => lf.auth.devices.revoke(id),
      () => lf.auth.sessions.end(id),
      () => lf.auth.identities.unlink(id),
      () => lf.auth.factors.confirm(id, "123456"),
      () => lf.auth.factors.remove(id),
      () => lf.auth.identities.link(id, { redirect }),
      () => lf.auth.signInWith(id, { redirect }),
    ])
      await expect(call()).rejects.toMatchObject({ code: "invalid_argument" });
  }
  expect(network.asked).toEqual([]);
});

test("what goes to a provider is a challenge and a state; only the way back that belongs to it is taken", async () => {
  const { network, restart } = device();
  const lf = restart();
  const { url } = await lf.auth.signInWith("google", { redirect: "myapp://auth?a=1&b=2#c" });
  const query = new URL(url).searchParams;
  expect(query.get("redirect")).toBe("myapp://auth?a=1&b=2#c");
  expect(query.get("codeChallenge")).toMatch(/^[\w-]{43}$/);
  const state = query.get("state") ?? "";
  expect(await lf.auth.completeRedirect("myapp://auth")).toBeUndefined();
  await expect(lf.auth.completeRedirect("myapp://auth?code=stolen&state=other")).rejects.toMatchObject({ code: "redirect_unknown" }); // biome-ignore format: one line
  expect(network.asked).toEqual([]);
  const denied = `myapp://auth?error=access_denied&state=${state}`;
  await expect(lf.auth.completeRedirect(denied)).rejects.toMatchObject({ code: "access_denied" });
  await expect(lf.auth.completeRedirect(denied)).rejects.toBeInstanceOf(LandfallError);
});
