// Sign-in by mail, and the change of an address: both sides agree, nobody learns which addresses are known.
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { password } from "./auth.fixture.ts";
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

const askSignIn = async (email: string) => (await users.call("requestEmailSignIn", { body: { email } })).json;
const codeTo = (email: string) => users.mailer.to(email).values.code as string;

describe("sign-in by mail", () => {
  test("a link signs in once, wherever it is opened; its flow alone opens nothing", async () => {
    const email = fresh();
    await signedUp(users, email);
    const { flow } = await askSignIn(email);
    expect(await users.refused("confirmEmailSignIn", { body: { token: flow } })).toBe("422 code_invalid");
    const token = users.mailer.token(email);
    const answers = await Promise.all(Array.from({ length: 20 }, () => users.call("confirmEmailSignIn", { body: { token } }).then(({ status }) => status, ({ code }) => code))); // biome-ignore format: one line
    expect(answers.filter((one) => one === 200)).toHaveLength(1);
    expect(answers.filter((one) => one === "code_invalid")).toHaveLength(19);
  });

  test("an unknown address gets the same mail, and an account when it is proved", async () => {
    const email = fresh();
    const { flow } = await askSignIn(email);
    expect(users.mailer.to(email).template).toBe("signInCode");
    const { json } = await users.call("confirmEmailSignIn", { body: { flow, code: codeTo(email) } });
    expect(json.account).toMatchObject({ email, emailVerified: true, hasPassword: false });
    expect(await audited(database, "signed_up")).toHaveLength(1);
  });

  test("T17 where sign-up is closed it gets the same answer, no mail, and nothing that opens", async () => {
    const known = fresh();
    await signedUp(users, known);
    await changeSettings(database, { signUp: "closed" });
    users.mailer.mails.length = 0;
    const [one, other] = [await askSignIn(known), await askSignIn(fresh())];
    expect(Object.keys(one)).toEqual(Object.keys(other));
    expect(users.mailer.mails.map(({ to }) => to)).toEqual([known, null]);
    const code = users.mailer.mails[1]?.values.code;
    expect(await users.refused("confirmEmailSignIn", { body: { flow: other.flow, code } })).toBe("422 code_invalid");
  });

  test("the profile is judged before a mail goes out, for known addresses too", async () => {
    const known = fresh();
    await signedUp(users, known);
    const refusalOf = (email: string) => users.refused("requestEmailSignIn", { body: { email, profile: { name: 7 } } });
    expect(await refusalOf(known)).toBe(await refusalOf(fresh()));
    const email = fresh();
    const { flow } = (await users.call("requestEmailSignIn", { body: { email, profile: { name: "Ben" } } })).json;
    const { json } = await users.call("confirmEmailSignIn", { body: { flow, code: codeTo(email) } });
    expect(json.user.name).toBe("Ben");
  });

  test.each([
    [{ emailLink: { enabled: false } }, ["code"]],
    [{ emailCode: { enabled: false } }, ["link"]],
    [{}, ["code", "link"]],
  ])("%j: the mail has %j", async (methods, parts) => {
    await changeSettings(database, { methods });
    const email = fresh();
    await askSignIn(email);
    expect(Object.keys(users.mailer.to(email).values)).toEqual(parts);
  });

  test("switched off, nothing is sent, and what was sent before opens nothing", async () => {
    const email = fresh();
    const { flow } = await askSignIn(email);
    await changeSettings(database, { methods: { emailLink: { enabled: false }, emailCode: { enabled: false } } });
    expect(await users.refused("confirmEmailSignIn", { body: { flow, code: codeTo(email) } })).toBe(
      "403 method_disabled",
    );
    expect(await users.refused("requestEmailSignIn", { body: { email } })).toBe("403 method_disabled");
  });
});

describe("a change of address", () => {
  test("takes a code from the old address and one from the new, and the session that asked", async () => {
    const [old, fresher] = [fresh(), fresh()];
    const { accessToken: token, user } = await signedUp(users, old);
    const first = await users.call("changeEmail", { token, body: { email: fresher } });
    expect(users.mailer.to(old)).toMatchObject({ template: "emailChange", values: { newEmail: fresher } });
    expect(users.mailer.mails.filter(({ to }) => to === fresher)).toEqual([]);
    const second = await users.call("confirmEmailChange", {
      token,
      body: { flow: first.json.flow, code: codeTo(old) },
    });
    expect(second.status).toBe(202);
    const done = await users.call("confirmEmailChange", {
      token,
      body: { flow: second.json.flow, code: codeTo(fresher) },
    });
    expect(done).toMatchObject({ status: 200, json: { email: fresher, emailVerified: true } });
    expect(users.mailer.to(old)).toMatchObject({ template: "emailChanged", values: { newEmail: fresher } });
    expect(await users.refused("signIn", { body: { email: old, password } })).toBe("401 sign_in_failed");
    expect((await users.call("signIn", { body: { email: fresher, password } })).json.user.id).toBe(user.id);
    expect(JSON.stringify(await audited(database, "email_changed"))).not.toContain("@");
  });

  test("T17 to a known address answers the same, and comes to nothing", async () => {
    const [ann, bob, nobody] = [fresh(), fresh(), fresh()];
    const { accessToken: token } = await signedUp(users, ann);
    await signedUp(users, bob);
    const answers = [];
    for (const email of [bob, nobody]) {
      const first = await users.call("changeEmail", { token, body: { email } });
      answers.push(
        await users.call("confirmEmailChange", { token, body: { flow: first.json.flow, code: codeTo(ann) } }),
      );
    }
    expect(answers[0]?.status).toBe(answers[1]?.status);
    expect(users.mailer.to(bob).template).toBe("signUpKnown");
    expect(users.mailer.to(bob).values.code).toBeUndefined();
    expect(users.mailer.to(nobody).template).toBe("emailChange");
  });

  test("a code is the asking user's alone, and the old address's code does not do for the new", async () => {
    const [ann, eve, target] = [fresh(), fresh(), fresh()];
    const { accessToken: token } = await signedUp(users, ann);
    const other = await signedUp(users, eve);
    const { flow } = (await users.call("changeEmail", { token, body: { email: target } })).json;
    const oldCode = codeTo(ann);
    expect(await users.refused("confirmEmailChange", { token: other.accessToken, body: { flow, code: oldCode } })).toBe(
      "422 code_invalid",
    );
    const again = (await users.call("changeEmail", { token, body: { email: target } })).json;
    const next = (await users.call("confirmEmailChange", { token, body: { flow: again.flow, code: codeTo(ann) } }))
      .json;
    expect(await users.refused("confirmEmailChange", { token, body: { flow: again.flow, code: codeTo(target) } })).toBe(
      "422 code_invalid",
    );
    expect(
      (await users.call("confirmEmailChange", { token, body: { flow: next.flow, code: codeTo(target) } })).status,
    ).toBe(200);
  });

  test("needs a sign-in of the last minutes", async () => {
    const { accessToken: token } = await signedUp(users, fresh());
    await changeSettings(database, { session: { stepUpMinutes: 1 } });
    users.clock.advance(60_001);
    expect(await users.refused("changeEmail", { token, body: { email: fresh() } })).toBe("401 step_up_required");
  });

  test("two who want one free address: the second hears that it is taken", async () => {
    const target = fresh();
    const start = async (email: string) => {
      const { accessToken: token } = await signedUp(users, email);
      const { flow } = (await users.call("changeEmail", { token, body: { email: target } })).json;
      const { json } = await users.call("confirmEmailChange", { token, body: { flow, code: codeTo(email) } });
      return { token, body: { flow: json.flow, code: codeTo(target) } };
    };
    const [one, other] = [await start(fresh()), await start(fresh())];
    expect((await users.call("confirmEmailChange", one)).status).toBe(200);
    expect(await users.refused("confirmEmailChange", other)).toBe("409 handle_taken");
  });
});
