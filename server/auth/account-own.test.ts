// What users do about their own account: read what happened to it, take everything along, leave.
import { beforeEach, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } } });

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
});

const signIn = async () => (await users.call("signInAnonymously", { body: {} })).json;
const confirm = { body: { confirm: true } };

test("a user deletes themselves although no rule lets records be deleted, and every token is dead", async () => {
  const { accessToken, refreshToken, user } = await signIn();
  await users.call("deleteMe", { token: accessToken, ...confirm });
  await expect(users.actor(accessToken)).rejects.toMatchObject({ status: 401 });
  expect(await users.refused("refreshTokens", { body: { refreshToken } })).toBe("401 refresh_token_invalid");
  expect(await database.db.query({ text: "SELECT 1 FROM public.users WHERE id = $1", values: [user.id] })).toEqual([]);
  expect(await audited(database, "account_deleted")).toMatchObject([{ recordId: user.id, actor: `user:${user.id}` }]);
});

test("T28 an open session alone neither deletes nor exports: the sign-in must be recent, to the millisecond", async () => {
  const { accessToken, refreshToken, user } = await signIn();
  // An anonymous account has nothing to prove itself by.
  await database.db.query({
    text: `UPDATE landfall.account SET anonymous = false WHERE "recordId" = $1`,
    values: [user.id],
  });
  users.clock.advance(599_999);
  const now = (await users.call("refreshTokens", { body: { refreshToken } })).json.accessToken;
  expect((await users.call("exportMe", { token: now })).status).toBe(200);
  users.clock.advance(1);
  for (const operation of ["deleteMe", "exportMe"])
    expect(await users.refused(operation, { token: now, ...confirm })).toBe("401 step_up_required");
  expect(accessToken).not.toBe(now);
});

test("A24 an admin who signed in as the user does neither", async () => {
  const { user } = await signIn();
  const as = { token: serviceKey, params: { collection: "users", id: user.id } };
  const { accessToken } = (await users.call("impersonateAccount", as)).json;
  for (const operation of ["deleteMe", "exportMe"])
    expect(await users.refused(operation, { token: accessToken, ...confirm })).toBe("403 impersonation_refused");
  expect(await users.call("getMe", { token: accessToken })).toMatchObject({ json: { user: { id: user.id } } });
});

test("an export holds what is kept about the user and of nobody else, without what admins noted", async () => {
  const other = await signIn();
  const { accessToken, user } = await signIn();
  const { json } = await users.call("exportMe", { token: accessToken });
  expect(json).toMatchObject({ id: user.id, user: { id: user.id }, sessions: [{ current: true }], devices: [{}] });
  expect(json.timeline.map(({ event }: { event: string }) => event)).toContain("signed_in");
  expect(JSON.stringify(json)).not.toMatch(new RegExp(`${other.user.id}|suspendedFor|Hash|sealed|"note"`));
});

test("A26 the timeline is the user's own, in pages", async () => {
  const other = await signIn();
  const { accessToken, user } = await signIn();
  await users.call("signOut", { token: accessToken, body: { scope: "others" } });
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: Record<string, string> = { limit: "1", ...(cursor !== null && { cursor }) };
    const { json } = await users.call("listOwnAudit", { token: accessToken, query });
    seen.push(...json.items.map((item: { userId: string }) => item.userId));
    cursor = json.nextCursor;
  } while (cursor !== null);
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set([user.id]));
  expect(await users.refused("listAudit", { token: accessToken })).toBe("403 access");
  const query = { user: other.user.id, event: "signed_in" };
  const { json } = await users.call("listAudit", { token: serviceKey, query });
  expect(json.items).toMatchObject([{ userId: other.user.id, event: "signed_in", collection: "users" }]);
});
