// Whose account an identity opens: never one by an address that nobody vouched for. Adding identities while signed in, and
// taking them away again.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { serviceKey } from "./auth.fixture.ts";
import { appRedirect, browse, codeOf, comeBack, mockUpstream, newFlow, presetsAt, signInThrough, upstreamOptions } from "./upstream.fixture.ts"; // biome-ignore format: one line
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const upstream = mockUpstream();
const users = testUsers(database, { redirects: [appRedirect], methods: { anonymous: { enabled: true } } }, () => ({
  ...upstreamOptions(),
  presets: presetsAt(upstream.issuer),
}));
const google = { provider: "google" };

beforeAll(async () => {
  for (const name of ["google", "other"])
    await users.call("putProvider", {
      token: serviceKey,
      params: { collection: "users", name },
      body: { preset: "google", clientId: "app", clientSecret: "secret", fields: { name: "name" } },
    });
});

let email = "";
let count = 0;
beforeEach(async () => {
  email = `person-${++count}@example.com`;
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
});

const says = (more: object = {}) => {
  upstream.claims = { sub: `sub-${count}`, email, email_verified: true, name: "Ann", ...more };
};
const anonymous = async () => (await users.call("signInAnonymously", { body: {} })).json;
const accountOf = async (recordId: string) =>
  (await database.db.query({ text: `SELECT * FROM landfall.account WHERE "recordId" = $1`, values: [recordId] }))[0] as Record<string, unknown>; // biome-ignore format: one line

/** An account with this address and a password, as a sign-up leaves it where verification is optional. */
async function signedUp(verified: boolean) {
  const { user, session, accessToken, refreshToken } = await anonymous();
  await database.db.query({
    text: `UPDATE landfall.account SET anonymous = false, email = $2, "emailKey" = $2, "passwordHash" = 'a hash',
             "emailVerifiedAt" = CASE WHEN $3 THEN clock_timestamp() END WHERE "recordId" = $1`,
    values: [user.id, email, verified],
  });
  return { id: user.id as string, session, accessToken, refreshToken };
}

describe("an address finds an account", () => {
  test("only when the provider vouches for it and the account has proved it: then the identity is linked", async () => {
    const { id } = await signedUp(true);
    says({ email: email.toUpperCase() });
    const { user, account } = await signInThrough(users, google);
    expect([user.id, account.email, account.hasPassword]).toEqual([id, email, true]);
    expect(await audited(database, "identity_linked")).toMatchObject([
      { detail: { how: "address", provider: "google" } },
    ]);
  });

  test.each([
    ["unverified", { email_verified: false }],
    ["no word about it", { email_verified: undefined }],
    ["null", { email_verified: null }],
    ["a word that is not true", { email_verified: "verified" }],
    ["an object", { email_verified: { true: true } }],
  ])("T03 %s: another account, without the address, and the first one untouched", async (_, said) => {
    const victim = await signedUp(true);
    says(said);
    const { user, account } = await signInThrough(users, google);
    expect(user.id).not.toBe(victim.id);
    expect(account).toMatchObject({ email: null, emailVerified: false });
    expect(await accountOf(victim.id)).toMatchObject({ email, passwordHash: "a hash" });
    expect((await users.actor(victim.accessToken)).auth.id).toBe(victim.id);
  });

  test("T03 an address that its provider vouches for only later does not move an identity", async () => {
    const victim = await signedUp(true);
    says({ email_verified: false });
    const first = await signInThrough(users, google);
    says();
    const again = await signInThrough(users, google);
    expect(again.user.id).toBe(first.user.id);
    expect(again.user.id).not.toBe(victim.id);
  });
});

test("T01 an account that a stranger made for the address: whoever proves it gets it, and the stranger keeps nothing", async () => {
  const stranger = await signedUp(false);
  const account = await accountOf(stranger.id);
  const planted = [
    `INSERT INTO landfall.passkey (id, "accountId", "collectionId", name, "publicKey", "userHandle", counter, transports, "backedUp", aaguid, "createdAt") SELECT 'pk-' || id, id, "collectionId", 'k', '', 'h', 0, '{}', false, '', clock_timestamp() FROM landfall.account WHERE id = $1`,
    `INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt") VALUES ('f-' || $1, $1, 'totp', 'f', '', clock_timestamp(), clock_timestamp())`,
    `INSERT INTO landfall."recoveryCode" ("codeHash", "accountId", "createdAt") VALUES ('c-' || $1, $1, clock_timestamp())`,
    `INSERT INTO landfall.identity (id, "accountId", "collectionId", provider, issuer, subject, "createdAt", "lastUsedAt") SELECT 'i-' || id, id, "collectionId", 'github', 'https://github.com', 'stranger', clock_timestamp(), clock_timestamp() FROM landfall.account WHERE id = $1`,
    `INSERT INTO landfall.challenge (id, purpose, "accountId", "createdAt", "expiresAt") VALUES ('ch-' || $1, 'passwordReset', $1, clock_timestamp(), clock_timestamp() + interval '1 year')`,
    `UPDATE landfall.account SET username = 'mine', "usernameKey" = 'mine', phone = '+491700000000', "phoneVerifiedAt" = clock_timestamp() WHERE id = $1`,
  ];
  for (const text of planted) await database.db.query({ text, values: [account.id] });
  expect((await users.actor(stranger.accessToken)).kind).toBe("user");

  says();
  const { user, session } = await signInThrough(users, google);
  expect(user.id).toBe(stranger.id);
  await expect(users.actor(stranger.accessToken)).rejects.toMatchObject({ status: 401 });
  expect(await users.refused("refreshTokens", { body: { refreshToken: stranger.refreshToken } })).toBe("401 refresh_token_invalid"); // biome-ignore format: one line
  expect(await accountOf(stranger.id)).toMatchObject({
    ...{ email, passwordHash: null, username: null, usernameKey: null, phone: null, phoneVerifiedAt: null },
    emailVerifiedAt: expect.any(Date),
  });
  const left = async (table: string) =>
    database.db.query({ text: `SELECT * FROM landfall.${table} WHERE "accountId" = $1`, values: [account.id] });
  for (const table of ["passkey", "factor", '"recoveryCode"', "challenge"])
    expect.soft(await left(table), table).toEqual([]);
  expect(await left("identity")).toMatchObject([{ provider: "google" }]);
  expect(await left('"userSession"')).toMatchObject([{ id: session.id }]);
});

test("T02 nothing that the app or the browser sends sets an address or a field", async () => {
  says({ email_verified: false });
  const flow = newFlow();
  const body = { code: await codeOf(users, flow, google), codeVerifier: flow.verifier };
  for (const seed of [{ email: "victim@example.com" }, { emailVerified: true }, { profile: { name: "x" } }, { id: "mine" }, { roles: ["admin"] }]) // biome-ignore format: one line
    expect.soft(await users.refused("exchangeOAuthCode", { body: { ...body, ...seed } })).toBe("400 input");
  const { json } = await users.call("exchangeOAuthCode", { body });
  expect(json.account).toMatchObject({ email: null, emailVerified: false, roles: [] });
});

describe("adding one while signed in", () => {
  const linkCode = async (token: string, flow: { challenge: string }, provider = "google") => {
    const body = { provider, redirect: appRedirect, codeChallenge: flow.challenge };
    const { url } = (await users.call("startIdentity", { token, body })).json;
    return (await comeBack(users, await browse(url), provider)).searchParams.get("code") as string;
  };
  const confirm = (token: string, code: string, codeVerifier: string) => ({ token, body: { code, codeVerifier } });
  const add = async (token: string) => {
    const flow = newFlow();
    return users.call("confirmIdentity", confirm(token, await linkCode(token, flow), flow.verifier));
  };

  test("an anonymous user becomes a person with the same id and the same data, at once", async () => {
    const { user, accessToken } = await anonymous();
    await database.db.query({ text: "UPDATE public.users SET note = 'kept' WHERE id = $1", values: [user.id] });
    expect((await users.actor(accessToken)).auth.claims.anonymous).toBe(true);
    says();
    expect((await add(accessToken)).json).toMatchObject({ provider: "google", subject: `sub-${count}` });
    const { auth } = await users.actor(accessToken);
    expect([auth.id, auth.claims.anonymous]).toEqual([user.id, false]);
    const again = await signInThrough(users, google);
    expect([again.user.id, again.account.email, again.account.emailVerified]).toEqual([user.id, email, true]);
    expect(await database.db.query({ text: "SELECT note FROM public.users WHERE id = $1", values: [user.id] })).toEqual([{ note: "kept" }]); // biome-ignore format: one line
  });

  test("an address that is another account's stays there", async () => {
    const holder = await signedUp(true);
    const { user, accessToken } = await anonymous();
    says();
    await add(accessToken);
    expect(await accountOf(user.id)).toMatchObject({ email: null, anonymous: false });
    expect(await accountOf(holder.id)).toMatchObject({ email });
  });

  test("one that opens another account is refused, and stays there", async () => {
    says();
    const owner = await signInThrough(users, google);
    const { accessToken } = await anonymous();
    await expect(add(accessToken)).rejects.toMatchObject({ status: 409, code: "identity_taken" });
    expect((await signInThrough(users, google)).user.id).toBe(owner.user.id);
  });

  test("T11 of 20 confirmations one counts", async () => {
    const { accessToken } = await anonymous();
    says();
    const flow = newFlow();
    const code = await linkCode(accessToken, flow);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => users.call("confirmIdentity", confirm(accessToken, code, flow.verifier)))); // biome-ignore format: one line
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("T30 a code for linking opens no session, one for signing in links nothing, and neither is another user's", async () => {
    const [ann, mallory] = [await anonymous(), await anonymous()];
    says();
    const [flow, other] = [newFlow(), newFlow()];
    const code = await linkCode(mallory.accessToken, flow);
    expect(await users.refused("exchangeOAuthCode", { body: { code, codeVerifier: flow.verifier } })).toBe("400 oauth_code_invalid"); // biome-ignore format: one line
    // Mallory's identity must not become a way into Ann's account.
    expect(await users.refused("confirmIdentity", confirm(ann.accessToken, code, flow.verifier))).toBe("400 oauth_code_invalid"); // biome-ignore format: one line
    const signIn = await codeOf(users, other, google);
    expect(await users.refused("confirmIdentity", confirm(ann.accessToken, signIn, other.verifier))).toBe("400 oauth_code_invalid"); // biome-ignore format: one line
    expect((await users.call("listIdentities", { token: ann.accessToken })).json.items).toEqual([]);
  });

  test("needs a recent sign-in, and is nothing for whoever impersonates", async () => {
    says();
    const { accessToken, refreshToken } = await signInThrough(users, google);
    const body = { provider: "other", redirect: appRedirect, codeChallenge: newFlow().challenge };
    expect((await users.call("startIdentity", { token: accessToken, body })).status).toBe(201);
    users.clock.advance(10 * 60_000 + 1);
    const token = (await users.call("refreshTokens", { body: { refreshToken } })).json.accessToken;
    expect(await users.refused("startIdentity", { token, body })).toBe("401 step_up_required");
    const { items } = (await users.call("listIdentities", { token })).json;
    expect(await users.refused("removeIdentity", { token, params: { id: items[0].id } })).toBe("401 step_up_required");
    const fresh = await anonymous();
    await database.db.query({ text: `UPDATE landfall."userSession" SET "impersonatedBy" = 'admin:1' WHERE id = $1`, values: [fresh.session.id] }); // biome-ignore format: one line
    expect(await users.refused("startIdentity", { token: fresh.accessToken, body })).toBe("403 impersonation_refused");
  });

  test("is for users: an admin and a visitor have no identities", async () => {
    const body = { provider: "google", redirect: appRedirect, codeChallenge: newFlow().challenge };
    expect(await users.refused("startIdentity", { token: serviceKey, body })).toBe("403 user_session_required");
    expect(await users.refused("listIdentities", {})).toBe("403 user_session_required");
  });
});

describe("taking one away", () => {
  const remove = (token: string, id: string) => ({ token, params: { id } });
  const identities = async (token: string) =>
    (await users.call("listIdentities", { token })).json.items as { id: string }[];

  test("the last way in stays, and goes once there is another", async () => {
    says({ email_verified: false });
    const { accessToken: token, user } = await signInThrough(users, google);
    const [only] = await identities(token);
    expect(await users.refused("removeIdentity", remove(token, only?.id as string))).toBe("409 last_way_in");
    expect(await identities(token)).toHaveLength(1);
    await database.db.query({ text: `UPDATE landfall.account SET username = $2, "usernameKey" = $2, "passwordHash" = 'h' WHERE "recordId" = $1`, values: [user.id, `name${count}`] }); // biome-ignore format: one line
    expect((await users.call("removeIdentity", remove(token, only?.id as string))).status).toBe(204);
    expect(await identities(token)).toEqual([]);
    expect(await audited(database, "identity_unlinked")).toHaveLength(1);
    says({ email_verified: false });
    expect((await signInThrough(users, google)).user.id).not.toBe(user.id);
  });

  test("of two that are taken away at once, one stays", async () => {
    says({ email_verified: false });
    const { accessToken: token, user } = await signInThrough(users, google);
    await database.db.query({
      text: `INSERT INTO landfall.identity (id, "accountId", "collectionId", provider, issuer, subject, "createdAt", "lastUsedAt")
             SELECT 'second-' || id, id, "collectionId", 'other', 'https://second.example', id, clock_timestamp(), clock_timestamp() FROM landfall.account WHERE "recordId" = $1`,
      values: [user.id],
    });
    const both = await identities(token);
    const outcomes = await Promise.allSettled(both.map(({ id }) => users.call("removeIdentity", remove(token, id))));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await identities(token)).toHaveLength(1);
  });

  test("a sign-in with it at the same moment neither brings it back nor blocks", async () => {
    for (let round = 0; round < 15; round++) {
      says({ sub: `race-${round}`, email_verified: false });
      const { accessToken: token, user } = await signInThrough(users, google);
      await database.db.query({ text: `UPDATE landfall.account SET username = $2, "usernameKey" = $2, "passwordHash" = 'h' WHERE "recordId" = $1`, values: [user.id, `race${round}`] }); // biome-ignore format: one line
      const [only] = await identities(token);
      const flows = [newFlow(), newFlow(), newFlow()];
      const codes = await Promise.all(flows.map((flow) => codeOf(users, flow, google)));
      const signIns = codes.map((code, at) => users.call("exchangeOAuthCode", { body: { code, codeVerifier: flows[at]?.verifier } })); // biome-ignore format: one line
      const [removed, ...signedIn] = await Promise.all([users.call("removeIdentity", remove(token, only?.id as string)), ...signIns]); // biome-ignore format: one line
      expect([removed?.status, ...signedIn.map(({ status }) => status)]).toEqual([204, 200, 200, 200]);
      expect(await identities(token)).toEqual([]);
    }
  });

  test("B03 nobody's is taken away but one's own", async () => {
    says();
    const ann = await signInThrough(users, google);
    const [hers] = await identities(ann.accessToken);
    const bob = await anonymous();
    expect(await users.refused("removeIdentity", remove(bob.accessToken, hers?.id as string))).toBe("404 identity_not_found"); // biome-ignore format: one line
    expect(await identities(ann.accessToken)).toHaveLength(1);
  });
});
