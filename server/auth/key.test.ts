// API keys: life cycle, the actor they make, and the attacks that concern them.
import { beforeEach, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { password, serviceKey, testAuth } from "./auth.fixture.ts";
import { createAdmin } from "./index.ts";

const database = testDatabase();
const email = "owner@example.com";
const reader = { name: "reader", collections: { posts: ["list", "get"] } };

beforeEach(async () => {
  await database.db.query({ text: `TRUNCATE landfall.admin, landfall.throttle, landfall."apiKey" CASCADE` });
});

async function asAdmin() {
  const t = testAuth(database.db);
  await createAdmin(database.db, { email, password }, t);
  const { token } = (await t.call("signInAdmin", { body: { email, password } })).json;
  const create = async (body: object) => (await t.call("createApiKey", { token, body })).json;
  return { t, token, create };
}

test("a key's secret is shown once; afterwards only its two ends", async () => {
  const { t, token, create } = await asAdmin();
  const { secret, ...view } = await create(reader);
  expect(secret).toMatch(/^lf_key_[A-Za-z0-9_-]{32}$/);
  expect(view).toMatchObject({ ...reader, readOnly: false, extra: [], actAs: null, expiresAt: null, lastUsedAt: null });
  expect([view.prefix, view.last4]).toEqual([secret.slice(0, 11), secret.slice(-4)]);
  const listed = await t.call("listApiKeys", { token });
  expect(listed.json.items).toEqual([view]);
  const stored = JSON.stringify(await database.db.query({ text: `SELECT * FROM landfall."apiKey"` }));
  expect(stored + JSON.stringify(listed)).not.toContain(secret.slice(11, -4));
});

test("an unbound key passes rules inside its scope, sees nothing hidden, and is one frozen actor", async () => {
  const { t, create } = await asAdmin();
  const { id, secret } = await create({ ...reader, readOnly: true, extra: ["schema:read", "schema:read"] });
  const actor = await t.actor(secret);
  expect(actor).toEqual({
    kind: "key",
    label: `key:${id}`,
    passesRules: true,
    seesHidden: false,
    auth: { signedIn: false, roles: [], teams: [], claims: {} },
    scope: { collections: { 1: ["list", "get"] }, readOnly: true, extra: ["schema:read"] },
  });
  t.clock.advance(5_000);
  expect(await t.actor(secret)).toBe(actor);
  expect(() => Object.assign(actor.scope?.collections ?? {}, { 2: ["list"] })).toThrow(TypeError);
});

test("a bound key is that user under the rules, narrowed by its scope, to the last claim frozen", async () => {
  const { t, create } = await asAdmin();
  const actAs = { id: "u1", roles: ["editor"], teams: ["t1"], claims: { plan: { seats: 3 } } };
  const actor = await t.actor((await create({ ...reader, collections: { "*": ["list"] }, actAs })).secret);
  expect(actor).toMatchObject({ kind: "key", passesRules: false, seesHidden: false });
  expect(actor.auth).toEqual({ ...actAs, signedIn: true });
  expect(actor.scope?.collections).toEqual({ "*": ["list"] });
  expect(() => Object.assign(actor.auth.claims.plan as object, { seats: 99 })).toThrow(TypeError);
});

test("a key with an expiry dies then; a moment that has passed is refused", async () => {
  const { t, token, create } = await asAdmin();
  const expiresAt = new Date(t.clock.now() + 500).toISOString();
  const { secret } = await create({ ...reader, expiresAt });
  await t.actor(secret);
  t.clock.advance(500);
  await expect(t.actor(secret)).rejects.toMatchObject({ code: "credential_invalid" });
  for (const wrong of [expiresAt, "2001-01-01T00:00:00Z"])
    expect(await t.refused("createApiKey", { token, body: { ...reader, expiresAt: wrong } })).toBe(
      "422 api_key_invalid",
    );
  for (const wrong of ["soon", 1, "2027-02-30T00:00:00Z", {}])
    expect(await t.refused("createApiKey", { token, body: { ...reader, expiresAt: wrong } })).toBe("400 input");
});

test("T13 revoked and rotated secrets are dead at once here and within a second elsewhere", async () => {
  const { t, token, create } = await asAdmin();
  const elsewhere = testAuth(database.db, { clock: t.clock });
  const { id, secret } = await create(reader);
  await Promise.all([t.actor(secret), elsewhere.actor(secret)]);
  const rotated = (await t.call("rotateApiKey", { token, params: { id } })).json;
  expect(rotated).toMatchObject({ id, name: "reader", last4: rotated.secret.slice(-4) });
  await expect(t.actor(secret)).rejects.toMatchObject({ code: "credential_invalid" });
  t.clock.advance(1_000);
  await expect(elsewhere.actor(secret)).rejects.toMatchObject({ code: "credential_invalid" });
  expect((await elsewhere.actor(rotated.secret)).label).toBe(`key:${id}`);
  expect((await t.call("deleteApiKey", { token, params: { id } })).status).toBe(204);
  await expect(t.actor(rotated.secret)).rejects.toMatchObject({ code: "credential_invalid" });
  t.clock.advance(1_000);
  await expect(elsewhere.actor(rotated.secret)).rejects.toMatchObject({ code: "credential_invalid" });
});

test("a change holds at once; absent members stay, null clears", async () => {
  const { t, token, create } = await asAdmin();
  const { id, secret, prefix } = await create({ ...reader, actAs: { id: "u1" }, expiresAt: "2099-01-01T00:00:00Z" });
  const before = await t.actor(secret);
  const change = async (body: object) => (await t.call("updateApiKey", { token, params: { id }, body })).json;
  expect(await change({ readOnly: true })).toMatchObject({ ...reader, readOnly: true, actAs: { id: "u1" }, prefix });
  expect((await t.actor(secret)).scope?.readOnly).toBe(true);
  expect(await t.actor(secret)).not.toBe(before);
  const cleared = await change({ actAs: null, expiresAt: null, collections: { notes: ["get"] }, name: "renamed" });
  expect(cleared).toMatchObject({ actAs: null, expiresAt: null, collections: { notes: ["get"] }, name: "renamed" });
  expect((await t.actor(secret)).passesRules).toBe(true);
  for (const operation of ["updateApiKey", "deleteApiKey", "rotateApiKey"])
    expect(await t.refused(operation, { token, params: { id: "nothing" }, body: {} })).toBe("404 api_key_not_found");
});

test("A17 a key's scope names collections by id: a new one of an old name is not in it, a renamed one still is", async () => {
  const { t, token, create } = await asAdmin();
  const { secret } = await create({ ...reader, collections: { posts: ["list"], notes: ["get"] } });
  const actor = await t.actor(secret);
  expect(actor.scope?.collections).toEqual({ 1: ["list"], 2: ["get"] });
  t.collections = { version: 2, ids: { posts: 3, memos: 2 } };
  expect((await t.call("listApiKeys", { token })).json.items[0].collections).toEqual({ memos: ["get"] });
  t.clock.advance(1_000);
  expect(await t.actor(secret)).toBe(actor);
});

test("J09 J11 prototype names are no collections in a key's grants", async () => {
  const { t, token, create } = await asAdmin();
  for (const name of ["toString", "constructor", "hasOwnProperty", "nothing"]) {
    const body = { name: "k", collections: { [name]: ["list"] } };
    expect(await t.refused("createApiKey", { token, body })).toBe("422 api_key_invalid");
  }
  const polluting = JSON.parse('{"name":"k","actAs":{"id":"u1","claims":{"a":{"__proto__":{"polluted":1}}}}}');
  await create(polluting);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test("A20 a key of any scope reaches no route of this room that changes or shows anything", async () => {
  const { t, create } = await asAdmin();
  const secrets = [
    (await create({ name: "read", readOnly: true, collections: { "*": ["list", "get"] } })).secret,
    (await create({ name: "all", collections: { "*": ["list", "get", "create", "update", "delete"] } })).secret,
    (await create({ name: "schema", extra: ["schema:read", "schema:write", "metrics"] })).secret,
    (await create({ name: "bound", actAs: { id: "u1", roles: ["owner", "admin"] } })).secret,
  ];
  const open = ["getSetup", "setUp", "signInAdmin"];
  // Users' own doors ask for a user's session, which no key has; what a key may reach there is a test of its own.
  const routes = t.auth.routes.filter(
    ({ path, access }) => access === "admin" || !/^\/(v1\/(auth|teams)\b|\.well-known\/)/.test(path),
  );
  for (const { name, access } of routes) {
    expect([name, access]).toEqual([name, open.includes(name) ? "anyone" : "admin"]);
    if (open.includes(name)) continue;
    for (const token of secrets) {
      const actor = await t.actor(token);
      expect([actor.kind, actor.seesHidden]).toEqual(["key", false]);
      expect(await t.refused(name, { token, params: { id: "x" }, body: reader })).toBe("403 access");
    }
  }
});

test("A21 nobody but an admin mints a credential, and none for another by naming it in the body", async () => {
  const { t, token, create } = await asAdmin();
  const bound = (await create({ ...reader, actAs: { id: "alice" } })).secret;
  const { id } = await create(reader);
  for (const caller of [{}, { token: bound }])
    for (const operation of ["createApiKey", "updateApiKey", "rotateApiKey", "deleteApiKey", "listAdminSessions"])
      expect(await t.refused(operation, { ...caller, params: { id }, body: reader })).toBe("403 access");
  const forged = [{ userId: "bob" }, { secret: "lf_key_mine" }, { createdBy: "admin:x" }, { id }, { secretHash: "00" }];
  for (const extra of forged) {
    expect(await t.refused("createApiKey", { token, body: { ...reader, ...extra } })).toBe("400 input");
    expect(await t.refused("updateApiKey", { token, params: { id }, body: extra })).toBe("400 input");
  }
});

test("the service key makes keys and has no account", async () => {
  const { t } = await asAdmin();
  const made = await t.call("createApiKey", { token: serviceKey, body: reader });
  expect(made.json.createdBy).toBe("service");
  for (const operation of ["getAdminMe", "signOutAdmin", "listAdminSessions"])
    expect(await t.refused(operation, { token: serviceKey })).toBe("403 admin_session_required");
});

test("use is noted at most once a minute", async () => {
  const { t, token, create } = await asAdmin();
  const { secret } = await create(reader);
  const used = async () => (await t.call("listApiKeys", { token })).json.items[0].lastUsedAt;
  await t.actor(secret);
  const first = await used();
  expect(first).toBe(new Date(t.clock.now()).toISOString());
  t.clock.advance(59_000);
  await t.actor(secret);
  expect(await used()).toBe(first);
  t.clock.advance(1_000);
  await t.actor(secret);
  expect(await used()).toBe(new Date(t.clock.now()).toISOString());
});

test("there is a limit to keys, also for those made at once", async () => {
  const { t, token } = await asAdmin();
  await database.db.query({
    text: `INSERT INTO landfall."apiKey" SELECT 'k' || n, 'k', 'h' || n, 'p', 'l', '[]', true, '{}', null, 1, 'x', now(), now()
           FROM generate_series(1, 998) n`,
  });
  const answers = await Promise.allSettled(
    Array.from({ length: 6 }, () => t.call("createApiKey", { token, body: reader })),
  );
  expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(2);
  expect(await t.refused("createApiKey", { token, body: reader })).toBe("422 api_key_limit");
});

test("X04 no key secret in any log line; each change has its line", async () => {
  const { t, token, create } = await asAdmin();
  const { id, secret } = await create(reader);
  const rotated = (await t.call("rotateApiKey", { token, params: { id } })).json.secret;
  await t.call("updateApiKey", { token, params: { id }, body: { readOnly: true } });
  await t.call("deleteApiKey", { token, params: { id } });
  const log = t.logLines.join("");
  for (const canary of [secret, rotated, token, serviceKey]) expect(log).not.toContain(canary.slice(7));
  const events = t.logLines.map((line) => JSON.parse(line).event).filter((event) => event?.startsWith("api_key_"));
  expect(events).toEqual(["api_key_created", "api_key_rotated", "api_key_updated", "api_key_deleted"]);
});
