// Sessions of users: what a refresh token may do and when its family ends, who is told, and what a dead one opens.
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } } });
const day = 86_400_000;

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
});

const signIn = async (device?: object) =>
  (await users.call("signInAnonymously", { body: { ...(device && { device }) } })).json;
const refresh = async (refreshToken: string) => (await users.call("refreshTokens", { body: { refreshToken } })).json;
const refused = (refreshToken: string) => users.refused("refreshTokens", { body: { refreshToken } });
const isDead = (token: string) => expect(users.actor(token)).rejects.toMatchObject({ status: 401, code: "credential_invalid" }); // biome-ignore format: one line

test("an access token is the user under the rules, with the claims that everybody has", async () => {
  const { accessToken, user, session } = await signIn();
  const actor = await users.actor(accessToken);
  expect(actor).toMatchObject({ kind: "user", label: `user:${user.id}`, passesRules: false, seesHidden: false });
  expect(actor.auth).toEqual({
    ...{ id: user.id, signedIn: true, roles: [], teams: [], device: session.deviceId },
    claims: { anonymous: true, collection: "users" },
  });
});

test("the answer shows the record as its user may see it: no hidden field", async () => {
  expect((await signIn()).user).toEqual({
    ...{ id: expect.any(String), version: expect.any(Number), name: null },
    ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
  });
});

describe("T15 rotation", () => {
  test("each refresh answers a successor, and tokens before it are worth nothing", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(new Set([first.refreshToken, second.refreshToken, third.refreshToken]).size).toBe(3);
    expect(third.session.id).toBe(first.session.id);
  });

  test("two tabs and a lost answer: for 20 s the token before gets the same successor", async () => {
    const first = await signIn();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(first.refreshToken)));
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
    users.clock.advance(19_999);
    expect((await refresh(first.refreshToken)).refreshToken).toBe(answers[0].refreshToken);
  });

  test("after that its use ends the family, at once and for everybody, and is recorded", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    expect((await users.actor(second.accessToken)).kind).toBe("user");
    users.clock.advance(20_000);
    expect(await refused(first.refreshToken)).toBe("401 refresh_token_invalid");
    expect(await refused(second.refreshToken)).toBe("401 refresh_token_invalid");
    await isDead(second.accessToken);
    expect(await audited(database, "refresh_reused")).toMatchObject([{ sessionId: first.session.id }]);
  });

  test("a token two rotations old ends the family within the grace too", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(await refused(first.refreshToken)).toBe("401 refresh_token_invalid");
    expect(await refused(third.refreshToken)).toBe("401 refresh_token_invalid");
  });

  test("a restored backup that had not seen the last rotations takes the newest token", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    await database.db.query({ text: `UPDATE landfall."userSession" SET rotation = 0 WHERE id = $1`, values: [first.session.id] }); // biome-ignore format: one line
    expect((await refresh(third.refreshToken)).session.id).toBe(first.session.id);
  });
});

test("no character of a refresh token can be changed, and a forged one reaches no session", async () => {
  const { refreshToken } = await signIn();
  const body = refreshToken.slice("lf_ref_".length);
  for (let at = 0; at < body.length; at++) {
    const other = body[at] === "A" ? "B" : "A";
    const forged = `lf_ref_${body.slice(0, at)}${other}${body.slice(at + 1)}`;
    if (Buffer.from(forged.slice(7), "base64url").equals(Buffer.from(body, "base64url"))) continue;
    expect(await refused(forged)).toBe("401 refresh_token_invalid");
  }
  expect((await refresh(refreshToken)).accessToken).toBeTruthy();
});

test("the database holds nothing that could be presented", async () => {
  const { refreshToken, accessToken } = await signIn();
  const rows = await database.db.query({ text: `SELECT s::text AS row FROM landfall."userSession" s` });
  const stored = JSON.stringify(rows);
  for (const secret of [refreshToken, refreshToken.slice(-43), accessToken, accessToken.split(".")[2] as string])
    expect(stored).not.toContain(secret);
});

describe("T14 limits", () => {
  test("renewing in a loop ends at the absolute limit", async () => {
    let { refreshToken, session } = await signIn();
    const until = Date.parse(session.expiresAt);
    while (users.clock.now() + 20 * day < until) {
      users.clock.advance(20 * day);
      refreshToken = (await refresh(refreshToken)).refreshToken;
    }
    users.clock.advance(until - users.clock.now());
    expect(await refused(refreshToken)).toBe("401 refresh_token_invalid");
  });

  test("a session that was idle for 30 days is over; a moment before it is not", async () => {
    const [one, other] = [await signIn(), await signIn()];
    users.clock.advance(30 * day - 1);
    expect((await refresh(one.refreshToken)).accessToken).toBeTruthy();
    users.clock.advance(1);
    expect(await refused(other.refreshToken)).toBe("401 refresh_token_invalid");
  });

  test("an access token dies with its ten minutes", async () => {
    const { accessToken, accessTokenExpiresAt } = await signIn();
    expect(Date.parse(accessTokenExpiresAt) - users.clock.now()).toBeLessThanOrEqual(600_000);
    users.clock.advance(9 * 60_000);
    expect((await users.actor(accessToken)).kind).toBe("user");
    users.clock.advance(66_000); // the minute that is left, a second for the verdict, five for clocks that differ
    await isDead(accessToken);
  });

  test("G01 a clock that stepped back neither revives what ended nor ends what lives", async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    users.clock.advance(-3_600_000);
    expect((await refresh(second.refreshToken)).accessToken).toBeTruthy();
    users.clock.advance(3_600_000);
  });
});

describe("T13 what is revoked is dead at once", () => {
  const endings: [name: string, end: (signedIn: Awaited<ReturnType<typeof signIn>>) => Promise<unknown>][] = [
    ["sign-out", ({ accessToken }) => users.call("signOut", { token: accessToken, body: {} })],
    ["its session ended", ({ accessToken, session }) => users.call("endSession", { token: accessToken, params: { id: session.id } })], // biome-ignore format: a table
    ["its device revoked", ({ accessToken, session }) => users.call("revokeDevice", { token: accessToken, params: { id: session.deviceId } })], // biome-ignore format: a table
  ];
  test.each(endings)("%s", async (_, end) => {
    const signedIn = await signIn();
    expect((await users.actor(signedIn.accessToken)).kind).toBe("user");
    await end(signedIn);
    await isDead(signedIn.accessToken);
    expect(await refused(signedIn.refreshToken)).toBe("401 refresh_token_invalid");
  });

  test("others: this one lives, the rest is dead", async () => {
    const first = await signIn();
    await database.db.query({
      text: `INSERT INTO landfall."userSession" SELECT (jsonb_populate_record(s, '{"id":"0197a7d2-7c00-7000-8000-0000000000aa"}')).* FROM landfall."userSession" s WHERE id = $1`,
      values: [first.session.id],
    });
    const listed = await users.call("listSessions", { token: first.accessToken });
    expect(listed.json.items.map((item: { current: boolean }) => item.current).sort()).toEqual([false, true]);
    await users.call("signOut", { token: first.accessToken, body: { scope: "others" } });
    expect((await users.call("listSessions", { token: first.accessToken })).json.items).toHaveLength(1);
  });
});

describe("revoked elsewhere", () => {
  const behindOurBack: [name: string, text: string][] = [
    ["the session's row deleted", `DELETE FROM landfall."userSession" WHERE id = $1`],
    ["the account suspended", `UPDATE landfall.account SET "suspendedAt" = clock_timestamp() WHERE id = (SELECT "accountId" FROM landfall."userSession" WHERE id = $1)`], // biome-ignore format: a table
    ["A23 the record deleted", `DELETE FROM public.users WHERE id = (SELECT "recordId" FROM landfall.account a JOIN landfall."userSession" s ON s."accountId" = a.id WHERE s.id = $1)`], // biome-ignore format: a table
  ];
  test.each(behindOurBack)("%s: the next look of the feed tells it", async (_, text) => {
    const { accessToken, session } = await signIn();
    expect((await users.actor(accessToken)).kind).toBe("user");
    await users.auth.feed.run();
    await users.auth.feed.stop();
    expect((await users.actor(accessToken)).kind).toBe("user");
    await database.db.query({ text, values: [session.id] });
    const again = await testFeedLook();
    expect(again).toBeUndefined();
    await isDead(accessToken);
  });

  /** What the timer of a running server does. */
  const testFeedLook = () => users.auth.feed.look();
});

test("A23 a record made again with the same id is another account: the old tokens stay dead", async () => {
  const { accessToken, refreshToken, user } = await signIn();
  await database.db.query({ text: "DELETE FROM public.users WHERE id = $1", values: [user.id] });
  await database.db.query({ text: "INSERT INTO public.users (id) VALUES ($1)", values: [user.id] });
  await users.auth.feed.look();
  await isDead(accessToken);
  expect(await refused(refreshToken)).toBe("401 refresh_token_invalid");
});

test("B03 nobody ends or renames another user's session or device", async () => {
  const [ann, bob] = [await signIn(), await signIn()];
  const token = ann.accessToken;
  expect(await users.refused("endSession", { token, params: { id: bob.session.id } })).toBe("404 session_not_found");
  expect(await users.refused("revokeDevice", { token, params: { id: bob.session.deviceId } })).toBe("404 device_not_found"); // biome-ignore format: one line
  expect(await users.refused("renameDevice", { token, params: { id: bob.session.deviceId }, body: { name: "mine" } })).toBe("404 device_not_found"); // biome-ignore format: one line
  expect((await users.actor(bob.accessToken)).kind).toBe("user");
});

test("a device is known by its id, and only to its own account", async () => {
  const ann = await signIn({ name: "Phone", platform: "ios" });
  const bob = await signIn({ id: ann.session.deviceId, name: "Not yours" });
  expect(bob.session.deviceId).not.toBe(ann.session.deviceId);
  const { items } = (await users.call("listDevices", { token: ann.accessToken })).json;
  expect(items).toMatchObject([{ name: "Phone", platform: "ios", current: true, sessions: 1 }]);
});
