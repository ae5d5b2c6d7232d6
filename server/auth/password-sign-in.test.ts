// Sign-in by password: what a wrong one tells, how many are looked at, and who hears of a new device.
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { password } from "./auth.fixture.ts";
import { createPasswordHasher } from "./password.ts";
import { audited, changeSettings, signedUp, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database);
let next = 0;
const fresh = () => `u${next++}@example.com`;

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
  await changeSettings(database, {});
  users.mailer.mails.length = 0;
});

const signIn = (body: object, ip?: string) => users.call("signIn", { body, ...(ip !== undefined && { ip }) });
const refused = (body: object, ip?: string) => users.refused("signIn", { body, ...(ip !== undefined && { ip }) });

describe("T17 unknown and wrong are one answer", () => {
  const strip = ({ message, advice, status, code }: { message: string; advice: string; status: number; code: string }) => ({ message, advice, status, code }); // biome-ignore format: one line
  const failure = (body: object) => signIn(body).then(() => undefined, strip);

  test("in every word, for one hash and one row of the record each", async () => {
    const [known, passwordless] = [fresh(), fresh()];
    await signedUp(users, known);
    const { flow } = (await users.call("requestEmailSignIn", { body: { email: passwordless } })).json;
    await users.call("confirmEmailSignIn", { body: { flow, code: users.mailer.to(passwordless).values.code } });
    const bodies = [known, passwordless, fresh()].map((email) => ({ email, password: "wrong wrong" }));
    const before = users.passwords.verified;
    const failures = [];
    for (const body of bodies) failures.push(await failure(body));
    expect(new Set(failures.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(failures[0]).toMatchObject({ status: 401, code: "sign_in_failed" });
    expect(users.passwords.verified - before).toBe(3);
    expect(await audited(database, "sign_in_failed")).toHaveLength(3);
  });

  test("nothing that was typed is logged or recorded", async () => {
    const email = fresh();
    await signedUp(users, email);
    await failure({ email, password: "a secret that was typed" });
    await failure({ email: "typed-by-mistake@example.com", password: "a secret that was typed" });
    const told = users.logLines.join("") + JSON.stringify(await audited(database, "sign_in_failed"));
    expect(told).not.toMatch(/a secret that was typed|typed-by-mistake/);
  });
});

describe("T22 T20 guessing", () => {
  test("T22 100 wrong passwords at once, from everywhere: ten are looked at", async () => {
    const email = fresh();
    await signedUp(users, email);
    await database.db.query({ text: "TRUNCATE landfall.throttle" });
    const before = users.passwords.verified;
    const tries = Array.from({ length: 100 }, (_, at) =>
      refused({ email, password: "wrong wrong" }, `198.51.100.${at}`),
    );
    const answers = await Promise.all(tries);
    expect(users.passwords.verified - before).toBe(10);
    expect(answers.filter((one) => one === "429 sign_in_throttled")).toHaveLength(90);
  });

  test("an unknown address is limited like a known one", async () => {
    const tries = Array.from({ length: 20 }, (_, at) => refused({ email: "nobody@example.com", password: "wrong wrong" }, `198.51.100.${at}`)); // biome-ignore format: one line
    expect((await Promise.all(tries)).filter((one) => one === "401 sign_in_failed")).toHaveLength(10);
  });

  test("the owner is not locked out at home, and a right password costs nothing", async () => {
    const email = fresh();
    await signedUp(users, email);
    for (let at = 0; at < 12; at++) await refused({ email, password: "wrong wrong" }, `198.51.100.${at}`);
    expect(await refused({ email, password }, "198.51.100.200")).toBe("429 sign_in_throttled");
    for (let at = 0; at < 40; at++) expect((await signIn({ email, password })).status).toBe(200);
  });

  test("an address and a user name of one account are one budget", async () => {
    await changeSettings(database, { methods: { username: { enabled: true } } });
    const email = fresh();
    const { flow } = (await users.call("signUp", { body: { email, password, username: "budget" } })).json;
    await users.call("confirmSignUp", { body: { flow, code: users.mailer.to(email).values.code } });
    const names = (at: number) => (at % 2 === 0 ? { email } : { username: "budget" });
    const tries = Array.from({ length: 30 }, (_, at) => refused({ ...names(at), password: "wrong wrong" }, `198.51.100.${at}`)); // biome-ignore format: one line
    expect((await Promise.all(tries)).filter((one) => one === "401 sign_in_failed")).toHaveLength(10);
  });

  test("T20 one address has 30 tries, whatever its headers say and whomever it aims at", async () => {
    const tries = Array.from({ length: 60 }, (_, at) =>
      users.refused("signIn", {
        body: { email: `nobody${at}@example.com`, password: "wrong wrong" },
        headers: {
          "x-forwarded-for": `198.51.100.${at}`,
          forwarded: `for=198.51.100.${at}`,
          "x-real-ip": `10.0.0.${at}`,
        },
      }),
    );
    expect((await Promise.all(tries)).filter((one) => one === "401 sign_in_failed")).toHaveLength(30);
  });
});

describe("T24 empty and partial credentials", () => {
  test.each([
    {},
    { email: "ann@example.com" },
    { password },
    { email: "", password },
    { email: null, password },
    { email: "ann@example.com", password: null },
    { email: "ann@example.com", password: { $ne: "" } },
    { email: ["ann@example.com"], password },
    { email: { $gt: "" }, password },
    { email: "ann@example.com", username: "ann", password },
    { email: " ann@example.com", password },
    { email: "änn@example.com", password },
    { email: "ann@example.com", password: true },
    { email: "ann@example.com", password: "x".repeat(1_048_576) },
  ])("%#: refused by its form", async (body) => {
    const before = users.passwords.verified;
    expect(await refused(body)).toBe("400 input");
    expect(users.passwords.verified).toBe(before);
  });

  test("an account without a password has none that is right, the empty one included", async () => {
    const email = fresh();
    const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
    await users.call("confirmEmailSignIn", { body: { flow, code: users.mailer.to(email).values.code } });
    for (const given of ["", "null", "undefined"])
      expect(await refused({ email, password: given })).toBe("401 sign_in_failed");
  });

  test("a method that is switched off takes nobody", async () => {
    const email = fresh();
    await signedUp(users, email);
    expect(await refused({ username: "ann", password })).toBe("403 method_disabled");
    await changeSettings(database, { methods: { password: { enabled: false } } });
    expect(await refused({ email, password })).toBe("403 method_disabled");
    expect(await users.refused("requestPasswordReset", { body: { email } })).toBe("403 method_disabled");
  });
});

test("T26 every sign-in is a session of its own, whatever the client brings", async () => {
  const email = fresh();
  const first = await signedUp(users, email);
  const second = (await users.call("signIn", { body: { email, password }, token: first.accessToken })).json;
  expect(second.session.id).not.toBe(first.session.id);
  await users.call("signOut", { token: first.accessToken, body: {} });
  await expect(users.actor(first.accessToken)).rejects.toMatchObject({ code: "credential_invalid" });
  expect((await users.actor(second.accessToken)).kind).toBe("user");
});

test("a suspended account is told so only with the right password", async () => {
  const email = fresh();
  const { user } = await signedUp(users, email);
  await database.db.query({ text: `UPDATE landfall.account SET "suspendedAt" = clock_timestamp() WHERE "recordId" = $1`, values: [user.id] }); // biome-ignore format: one line
  expect(await refused({ email, password: "wrong wrong" })).toBe("401 sign_in_failed");
  expect(await refused({ email, password })).toBe("403 account_suspended");
});

test("a hash of another cost is made anew at the next sign-in", async () => {
  const email = fresh();
  const { user } = await signedUp(users, email);
  const hashOf = async () => (await database.db.query<{ passwordHash: string }>({ text: `SELECT "passwordHash" FROM landfall.account WHERE "recordId" = $1`, values: [user.id] }))[0]?.passwordHash; // biome-ignore format: one line
  const old = await createPasswordHasher({ cost: { memoryKiB: 32, passes: 1, lanes: 1 } }).hash(password);
  await database.db.query({ text: `UPDATE landfall.account SET "passwordHash" = $2 WHERE "recordId" = $1`, values: [user.id, old] }); // biome-ignore format: one line
  await refused({ email, password: "wrong wrong" });
  expect(await hashOf()).toBe(old);
  await signIn({ email, password });
  expect(await hashOf()).toMatch(/m=64,/);
  expect((await signIn({ email, password })).status).toBe(200);
});

test("T28 a right password of an account with a second factor is a first step, and no session", async () => {
  const email = fresh();
  const { user } = await signedUp(users, email);
  await database.db.query({
    text: `INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt")
           SELECT id, id, 'totp', 'x', 'x', "createdAt", "createdAt" FROM landfall.account WHERE "recordId" = $1`,
    values: [user.id],
  });
  const sessions = () => database.db.query({ text: `SELECT 1 FROM landfall."userSession"` });
  const before = (await sessions()).length;
  const answer = await signIn({ email, password });
  expect(answer).toMatchObject({ status: 202, json: { next: "factor", factors: ["totp"] } });
  expect(answer.json.accessToken).toBeUndefined();
  const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
  const byMail = await users.call("confirmEmailSignIn", { body: { flow, code: users.mailer.to(email).values.code } });
  expect(byMail.status).toBe(202);
  await users.call("requestPasswordReset", { body: { email } });
  await users.call("resetPassword", { body: { token: users.mailer.token(email), password: "a new one for ann" } });
  expect((await signIn({ email, password: "a new one for ann" })).status).toBe(202);
  expect(await sessions()).toHaveLength(before - 1); // the reset ended the one there was
});

describe("a new device", () => {
  test("is told by mail, except the first of all and one that is known", async () => {
    const email = fresh();
    const { session } = await signedUp(users, email);
    expect(users.mailer.mails.map(({ template }) => template)).toEqual(["signUpConfirm"]);
    await signIn({ email, password, device: { id: session.deviceId } });
    expect(users.mailer.mails).toHaveLength(1);
    await signIn({ email, password, device: { name: "Bob's phone" } }, "198.51.100.9");
    expect(users.mailer.to(email)).toMatchObject({
      template: "newDevice",
      values: {
        deviceName: "Bob's phone",
        address: "198.51.100.9",
        at: expect.stringMatching(/^2026-01-01 \d\d:\d\d UTC$/),
      },
    });
  });

  test("somebody else's device id is a new device", async () => {
    const [ann, bob] = [fresh(), fresh()];
    const { session } = await signedUp(users, ann);
    await signedUp(users, bob);
    await signIn({ email: bob, password, device: { id: session.deviceId } });
    expect(users.mailer.to(bob).template).toBe("newDevice");
  });

  test("is not told where an admin switched it off, or no mail can be sent", async () => {
    const email = fresh();
    await signedUp(users, email);
    users.mailer.set("none");
    expect((await signIn({ email, password })).status).toBe(200);
    users.mailer.set("smtp");
    await changeSettings(database, { session: { newDeviceMail: false } });
    await signIn({ email, password });
    expect(users.mailer.mails).toHaveLength(1);
  });
});
