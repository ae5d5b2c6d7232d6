// The first admin: who may make it, how often, and what the operator can do from the command line.
import { beforeEach, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { countingHasher, password, testAuth } from "./auth.fixture.ts";
import { createAdmin, ensureFirstAdmin, ensureSetupSecret, resetAdmin } from "./index.ts";

const database = testDatabase();
const email = "owner@example.com";

beforeEach(async () => {
  await database.db.query({ text: `TRUNCATE landfall.admin, landfall.throttle CASCADE` });
  await database.db.query({ text: "DELETE FROM landfall.meta WHERE key = 'setupSecrets'" });
});

async function withSecret() {
  const t = testAuth(database.db);
  const secret = (await ensureSetupSecret(database.db, t))?.secret ?? "";
  return { ...t, t, secret };
}

test("the printed secret makes the first admin and signs it in; then set-up is closed", async () => {
  const { t, secret } = await withSecret();
  expect((await t.call("getSetup")).json).toEqual({ needed: true });
  const done = await t.call("setUp", { body: { secret, email: "Owner@Example.COM", password } });
  expect(done.status).toBe(201);
  expect(done.json.admin).toMatchObject({ email, role: "owner" });
  expect((await t.call("getAdminMe", { token: done.json.token })).json).toMatchObject({ email });
  expect((await t.call("getSetup")).json).toEqual({ needed: false });
  expect(await t.refused("setUp", { body: { secret, email: "b@example.com", password } })).toBe("409 setup_closed");
  expect(await ensureSetupSecret(database.db, t)).toBeNull();
});

test("X09 50 parallel set-ups give one admin and one session", async () => {
  const { t, secret } = await withSecret();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      t.call("setUp", { body: { secret, email: `a${i}@example.com`, password } }).then(
        () => "made",
        (error) => error.code,
      ),
    ),
  );
  expect(answers.filter((answer) => answer === "made")).toHaveLength(1);
  expect(new Set(answers)).toEqual(new Set(["made", "setup_closed"]));
  const counts = `SELECT (SELECT count(*) FROM landfall.admin) AS admins, (SELECT count(*) FROM landfall.session) AS sessions`;
  expect(await database.db.query({ text: counts })).toEqual([{ admins: 1, sessions: 1 }]);
});

test("X09 set-up needs the secret: none, another one, its hash, an expired one are refused before anything is hashed", async () => {
  const { t, secret } = await withSecret();
  const stored = await database.db.query<{ value: { hash: string }[] }>({
    text: "SELECT value FROM landfall.meta WHERE key = 'setupSecrets'",
  });
  const hash = stored[0]?.value[0]?.hash ?? "";
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(stored)).not.toContain(secret);
  for (const wrong of ["", "lf_setup_x", hash, secret.slice(0, -1)])
    expect(await t.refused("setUp", { body: { secret: wrong, email, password } })).toBe("403 setup_secret_invalid");
  t.clock.advance(24 * 3_600_000);
  expect(await t.refused("setUp", { body: { secret, email, password } })).toBe("403 setup_secret_invalid");
  expect((await t.call("getSetup")).json).toEqual({ needed: true });
});

test("a restart gives a new secret for 24 h; one printed by another process an hour ago still works", async () => {
  const { t, secret: first } = await withSecret();
  t.clock.advance(3_600_000);
  const second = await ensureSetupSecret(database.db, t);
  expect(second?.secret).not.toBe(first);
  expect(second?.expiresAtMs).toBe(t.clock.now() + 24 * 3_600_000);
  expect((await t.call("setUp", { body: { secret: first, email, password } })).status).toBe(201);
});

test("T10 B01 set-up takes strings and no field of its own making", async () => {
  const { t, secret } = await withSecret();
  for (const wrong of [{}, [secret], 1, null, { $ne: "" }]) {
    expect(await t.refused("setUp", { body: { secret: wrong, email, password } })).toBe("400 input");
    expect(await t.refused("setUp", { body: { secret, email: wrong, password } })).toBe("400 input");
    expect(await t.refused("setUp", { body: { secret, email, password: wrong } })).toBe("400 input");
  }
  expect(await t.refused("setUp", { body: { secret, email, password, id: "mine" } })).toBe("400 input");
});

test.each(["short7!", "x".repeat(1001), "€".repeat(1001), "x".repeat(1_000_000)])(
  "T25 a password of wrong length is refused without being hashed (%#)",
  async (wrong) => {
    const { t, secret } = await withSecret();
    const startedMs = performance.now();
    expect(await t.refused("setUp", { body: { secret, email, password: wrong } })).toBe("400 input");
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  },
);

test("U03 four processes with the unattended settings make one admin", async () => {
  const t = testAuth(database.db);
  const options = { clock: t.clock, passwords: countingHasher() };
  const made = await Promise.all(
    Array.from({ length: 4 }, () => ensureFirstAdmin(database.db, { email, password }, options)),
  );
  expect(made.filter((admin) => admin !== null)).toHaveLength(1);
  expect(await ensureSetupSecret(database.db, t)).toBeNull();
  expect((await t.call("signInAdmin", { body: { email, password } })).status).toBe(200);
});

test("unusable unattended settings are refused with a code, and make nobody", async () => {
  const t = testAuth(database.db);
  for (const input of [
    { email, password: "short" },
    { email: "no address", password },
  ])
    await expect(ensureFirstAdmin(database.db, input, t)).rejects.toMatchObject({ code: "admin_input_invalid" });
  expect((await t.call("getSetup")).json).toEqual({ needed: true });
});

test("createAdmin adds admins and refuses an address that differs by case only", async () => {
  const t = testAuth(database.db);
  await createAdmin(database.db, { email, password }, t);
  await createAdmin(database.db, { email: "second@example.com", password }, t);
  await expect(createAdmin(database.db, { email: "OWNER@example.com", password }, t)).rejects.toMatchObject({
    code: "admin_exists",
  });
});

test("T11 a reset gives a one-time password: of 20 parallel sign-ins one succeeds, and old sessions are dead", async () => {
  const t = testAuth(database.db);
  await createAdmin(database.db, { email, password }, t);
  const old = (await t.call("signInAdmin", { body: { email, password } })).json.token;
  const { oneTimePassword } = await resetAdmin(database.db, "Owner@example.com", t);
  expect(oneTimePassword).toMatch(/^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
  t.clock.advance(1_000);
  await expect(t.actor(old)).rejects.toMatchObject({ code: "credential_invalid" });

  const body = { email, password: oneTimePassword };
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => t.call("signInAdmin", { body, ip: i % 2 ? "203.0.113.1" : "198.51.100.9" })),
  );
  const signedIn = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.json] : []));
  expect(signedIn).toHaveLength(1);
  const { token, mustChangePassword } = signedIn[0];
  expect(mustChangePassword).toBe(true);
  expect((await t.call("getAdminMe", { token })).json.mustChangePassword).toBe(true);
  await t.call("changeAdminPassword", { token, body: { password: "a brand new one" } });
  t.clock.advance(3_600_000);
  expect((await t.call("signInAdmin", { body: { email, password: "a brand new one" } })).json).toMatchObject({
    mustChangePassword: false,
  });
});

test("a one-time password dies after 24 h, and a reset lifts the strangers' throttle", async () => {
  const t = testAuth(database.db);
  await createAdmin(database.db, { email, password }, t);
  for (let i = 0; i < 10; i++) await t.refused("signInAdmin", { body: { email, password: "wrong password" } });
  expect(await t.refused("signInAdmin", { body: { email, password } })).toBe("429 sign_in_throttled");
  const { oneTimePassword } = await resetAdmin(database.db, email, t);
  t.clock.advance(24 * 3_600_000);
  expect(await t.refused("signInAdmin", { body: { email, password: oneTimePassword } })).toBe("401 sign_in_failed");
  const again = await resetAdmin(database.db, email, t);
  for (let i = 0; i < 8; i++) await t.refused("signInAdmin", { body: { email, password: "wrong password" } });
  expect((await t.call("signInAdmin", { body: { email, password: again.oneTimePassword } })).status).toBe(200);
});

test("resetting nobody says so", async () => {
  const t = testAuth(database.db);
  for (const wrong of ["nobody@example.com", "no address", ""])
    await expect(resetAdmin(database.db, wrong, t)).rejects.toMatchObject({ code: "admin_not_found" });
});
