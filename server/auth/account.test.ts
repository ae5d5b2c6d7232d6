// Managing users: what admins find, change and end, what is recorded, and that nobody else gets near it.
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database, { methods: { anonymous: { enabled: true } } });
const params = { collection: "users" };
const token = serviceKey;

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
  await database.db.query({ text: "DELETE FROM public.users" });
});

const make = async (body: object) => (await users.call("createAccount", { token, params, body })).json;
const of = (id: string, more: object = {}) => ({ token, params: { ...params, id, ...more } });
const list = async (query: Record<string, string> = {}) => (await users.call("listAccounts", { token, params, query })).json; // biome-ignore format: one line
const get = async (id: string) => (await users.call("getAccount", of(id))).json;
const signIn = async () => (await users.call("signInAnonymously", { body: { device: { name: "Phone" } } })).json;
const isDead = (access: string) => expect(users.actor(access)).rejects.toMatchObject({ status: 401 });

test("a user is made with record, names, roles and password, and no answer shows a hash", async () => {
  const made = await make({ email: "Ann@Example.com", username: "Ann", password: "correct horse", emailVerified: true, profile: { name: "Ann" }, roles: ["editor"], claims: { plan: "pro" } }); // biome-ignore format: one line
  expect(made).toMatchObject({ email: "Ann@Example.com", emailVerified: true, hasPassword: true, roles: ["editor"] });
  const detail = await get(made.id);
  expect(detail).toMatchObject({ user: { name: "Ann" }, claims: { plan: "pro" }, sessions: [], identities: [] });
  expect(JSON.stringify([made, detail])).not.toMatch(/argon2|secret|hash/i);
  expect(detail.timeline).toMatchObject([{ event: "account_created", actor: "service", userId: made.id }]);
});

test("a name that is another's is refused in every spelling, and nothing is left of the attempt", async () => {
  await make({ email: "ann@example.com", username: "ann" });
  const refused = (body: object) => users.refused("createAccount", { token, params, body });
  expect(await refused({ email: "ANN@example.com", profile: { name: "Ghost" } })).toBe("409 handle_taken");
  expect(await refused({ username: "ANN" })).toBe("409 handle_taken");
  expect((await list({ count: "exact" })).count).toBe(1);
  expect(await database.db.query({ text: "SELECT 1 FROM public.users WHERE name = 'Ghost'" })).toEqual([]);
  const bob = await make({ email: "bob@example.com" });
  expect(await users.refused("changeAccount", { ...of(bob.id), body: { email: "ann@EXAMPLE.com" } })).toBe("409 handle_taken"); // biome-ignore format: one line
});

describe("the list", () => {
  test("searches by how a name begins, in any case, and by the whole id; signs of LIKE mean themselves", async () => {
    const ann = await make({ email: "ann@example.com", username: "Annabel" });
    await make({ email: "bob@example.com" });
    const found = async (q: string) => (await list({ q })).items.map((item: { id: string }) => item.id);
    for (const q of ["ann", "ANN@ex", "annab", ann.id]) expect(await found(q)).toEqual([ann.id]);
    for (const q of ["%", "_", "nn@", "'; --", ann.id.slice(0, 8)]) expect(await found(q)).toEqual([]);
  });

  test("filters by state, verification, factor and time, and counts", async () => {
    const ann = await make({ email: "ann@example.com", emailVerified: true });
    const bob = await make({ email: "bob@example.com" });
    await users.call("suspendAccount", { ...of(bob.id), body: { reason: "spam" } });
    const { user } = await signIn();
    const ids = async (query: Record<string, string>) => (await list({ ...query, count: "exact" })).items.map((item: { id: string }) => item.id).sort(); // biome-ignore format: one line
    expect(await ids({ state: "suspended" })).toEqual([bob.id]);
    expect(await ids({ state: "active" })).toEqual([ann.id, user.id].sort());
    expect(await ids({ state: "anonymous" })).toEqual([user.id]);
    expect(await ids({ verified: "true" })).toEqual([ann.id]);
    expect(await ids({ factor: "true" })).toEqual([]);
    expect(await ids({ provider: "google" })).toEqual([]);
    expect(await ids({ signedInFrom: "2000-01-01T00:00:00.000Z" })).toEqual([user.id]);
    expect(await ids({ createdFrom: "2100-01-01T00:00:00.000Z" })).toEqual([]);
  });

  test("pages meet everybody once, newest first", async () => {
    const made: string[] = [];
    for (let at = 0; at < 7; at++) made.push((await make({ username: `user${at}` })).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { id: string }[]; nextCursor: string | null } = await list({ limit: "3", ...(cursor !== null && { cursor }) }); // biome-ignore format: one line
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...made].reverse());
  });
});

test("roles and claims reach the rules with the next request of a session that is open", async () => {
  const { accessToken, user } = await signIn();
  expect((await users.actor(accessToken)).auth.roles).toEqual([]);
  await users.call("changeAccount", { ...of(user.id), body: { roles: ["editor"], claims: { plan: "pro", anonymous: false } } }); // biome-ignore format: one line
  const { auth } = await users.actor(accessToken);
  expect(auth.roles).toEqual(["editor"]);
  // What the server says of a user, no admin's claim overrides.
  expect(auth.claims).toEqual({ plan: "pro", anonymous: true, collection: "users" });
});

test("a new address is unproved unless vouched for, and ends what was sent to the old one", async () => {
  const { id } = await make({ email: "ann@example.com", emailVerified: true });
  await users.call("resetAccountPassword", of(id));
  const pending = () => database.db.query({ text: "SELECT 1 FROM landfall.challenge WHERE purpose = 'passwordReset'" });
  expect(await pending()).toHaveLength(1);
  const change = async (body: object) => (await users.call("changeAccount", { ...of(id), body })).json;
  expect(await change({ email: "ann@new.example.com" })).toMatchObject({ emailVerified: false });
  expect(await pending()).toEqual([]);
  expect(await change({ emailVerified: true })).toMatchObject({ emailVerified: true });
  expect(await change({ email: null })).toMatchObject({ email: null, emailVerified: false });
  expect(await users.refused("changeAccount", { ...of(id), body: { emailVerified: true } })).toBe("422 account_input_invalid"); // biome-ignore format: one line
});

describe("access", () => {
  test("suspending ends sessions and refresh tokens at once; restoring brings none back", async () => {
    const { accessToken, refreshToken, user } = await signIn();
    expect((await users.actor(accessToken)).kind).toBe("user");
    await users.call("suspendAccount", { ...of(user.id), body: { reason: "spam" } });
    await isDead(accessToken);
    expect(await get(user.id)).toMatchObject({ suspendedFor: "spam", sessions: [] });
    await users.call("restoreAccount", of(user.id));
    await isDead(accessToken);
    expect(await users.refused("refreshTokens", { body: { refreshToken } })).toBe("401 refresh_token_invalid");
    expect(await get(user.id)).toMatchObject({ suspendedAt: null, suspendedFor: null });
  });

  test.each([
    ["all sessions", "signOutAccount", () => ({})],
    ["one session", "endAccountSession", (session: { id: string }) => ({ session: session.id })],
    ["a device", "revokeAccountDevice", (session: { deviceId: string }) => ({ device: session.deviceId })],
    ["the password", "resetAccountPassword", () => ({})],
    ["the account", "deleteAccount", () => ({})],
  ])("ending %s ends the tokens at once, and is recorded with it", async (_, operation, more) => {
    const { accessToken, user, session } = await signIn();
    expect((await users.actor(accessToken)).kind).toBe("user");
    await users.call(operation, of(user.id, more(session)));
    await isDead(accessToken);
    const rows = await database.db.query<{ actor: string }>({ text: `SELECT actor FROM landfall.audit WHERE "recordId" = $1 ORDER BY id DESC LIMIT 1`, values: [user.id] }); // biome-ignore format: one line
    expect(rows).toEqual([{ actor: "service" }]);
  });

  test("a deleted user is gone with record and account", async () => {
    const { id } = await make({ email: "ann@example.com" });
    await users.call("deleteAccount", of(id));
    expect(await users.refused("getAccount", of(id))).toBe("404 account_not_found");
    for (const text of ["SELECT 1 FROM public.users", "SELECT 1 FROM landfall.account"]) expect(await database.db.query({ text })).toEqual([]); // biome-ignore format: one line
    expect(await audited(database, "account_deleted")).toMatchObject([{ recordId: id }]);
  });

  test("T11 a link for a new password works for its purpose only, and takes the old password away", async () => {
    const { id } = await make({ email: "ann@example.com", password: "correct horse" });
    const { link } = (await users.call("resetAccountPassword", of(id))).json;
    expect(link).toMatch(/^https:\/\/app\.example\.com\/auth\/#\/reset\/lf_one_[A-Za-z0-9_-]{32}$/);
    expect(await get(id)).toMatchObject({ hasPassword: false });
    expect(JSON.stringify(await audited(database, "password_reset"))).not.toContain("lf_one_");
  });
});

describe("A24 impersonation", () => {
  test("is the user under the rules, marked in the log and in the user's list, for an hour, without a sign-in of theirs", async () => {
    const { id } = await make({ email: "ann@example.com", roles: ["reader"] });
    const opened = (await users.call("impersonateAccount", of(id))).json;
    const actor = await users.actor(opened.accessToken);
    expect(actor).toMatchObject({
      kind: "user",
      label: `user:${id} by service`,
      passesRules: false,
      seesHidden: false,
    });
    expect(actor.auth).toMatchObject({ id, roles: ["reader"] });
    const detail = await get(id);
    expect(detail.sessions).toMatchObject([{ impersonated: true, impersonatedBy: "service" }]);
    expect(detail.lastSignInAt).toBeNull();
    expect(await audited(database, "impersonated")).toMatchObject([{ recordId: id, actor: "service" }]);
    users.clock.advance(3_600_000);
    await isDead(opened.accessToken);
    expect(await users.refused("refreshTokens", { body: { refreshToken: opened.refreshToken } })).toBe("401 refresh_token_invalid"); // biome-ignore format: one line
  });

  test("is refused for a suspended user, and to everybody who is no admin", async () => {
    const { id } = await make({ email: "ann@example.com" });
    const { accessToken } = await signIn();
    const asUser = { ...of(id), token: accessToken };
    expect(await users.refused("impersonateAccount", asUser)).toBe("403 access");
    await users.call("suspendAccount", { ...of(id), body: {} });
    expect(await users.refused("impersonateAccount", of(id))).toBe("403 account_suspended");
  });
});

describe("B03 A26 ids of others", () => {
  test("a session, device, factor, identity or passkey is ended through its own user only", async () => {
    const { accessToken, session, user } = await signIn();
    const other = await make({ email: "bob@example.com" });
    const factor = { text: `INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt") SELECT 'f1', id, 'totp', 'Phone', 'x', now(), now() FROM landfall.account WHERE "recordId" = $1`, values: [user.id] }; // biome-ignore format: one line
    await database.db.query(factor);
    const parts = { session: session.id, device: session.deviceId };
    expect(await users.refused("endAccountSession", of(other.id, parts))).toBe("404 account_part_not_found");
    expect(await users.refused("revokeAccountDevice", of(other.id, parts))).toBe("404 account_part_not_found");
    for (const part of ["Identity", "Factor", "Passkey"])
      expect(await users.refused(`removeAccount${part}`, of(other.id, { part: "f1" }))).toBe("404 account_part_not_found"); // biome-ignore format: one line
    expect((await users.actor(accessToken)).kind).toBe("user");
    expect(await get(user.id)).toMatchObject({ factors: 1, factorList: [{ id: "f1", kind: "totp", confirmed: true }] });
    await users.call("removeAccountFactor", of(user.id, { part: "f1" }));
    expect(await get(user.id)).toMatchObject({ factors: 0, factorList: [] });
  });

  test("a user is found in their own collection only", async () => {
    await users.bed.define({ name: "staff", kind: "auth", fields: [{ name: "name", type: "text" }] } as never);
    const { id } = await make({ email: "ann@example.com" });
    const elsewhere = { token, params: { collection: "staff", id } };
    for (const operation of ["getAccount", "deleteAccount", "signOutAccount", "impersonateAccount", "restoreAccount", "resetAccountPassword"]) // biome-ignore format: one line
      expect(await users.refused(operation, elsewhere)).toBe("404 account_not_found");
    expect(await users.refused("getAccount", { token, params: { collection: "posts", id } })).toBe("404 auth_collection_not_found"); // biome-ignore format: one line
    expect((await get(id)).id).toBe(id);
  });
});

test("A21 no user and no visitor reaches any of it, whatever id they name", async () => {
  const { accessToken, user } = await signIn();
  const operations = users.auth.routes.filter(({ path }) => path.includes("/accounts"));
  expect(operations.length).toBeGreaterThanOrEqual(15);
  for (const { access, name } of operations) expect(`${name} ${access}`).toBe(`${name} admin`);
  for (const { name } of operations) expect(await users.refused(name, { ...of(user.id), token: accessToken })).toBe("403 access"); // biome-ignore format: one line
});
