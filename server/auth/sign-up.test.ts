// Sign-up by e-mail address and password: who gets an account, what a known address tells, and what an unproved one is worth.
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

const ask = (body: object) => users.call("signUp", { body: { password, ...body } });
const refusedAsk = (body: object) => users.refused("signUp", { body: { password, ...body } });
const countUsers = async () => (await database.db.query({ text: "SELECT id FROM public.users" })).length;

describe("with confirmation", () => {
  test("there is no user before the address is proved; the code makes one and signs in", async () => {
    const email = fresh();
    const before = await countUsers();
    const asked = await ask({ email, profile: { name: "Ann" }, locale: "de", device: { name: "Phone" } });
    expect(asked.status).toBe(202);
    expect(await countUsers()).toBe(before);
    const mail = users.mailer.to(email);
    expect(mail).toMatchObject({
      template: "signUpConfirm",
      locale: "de",
      values: { code: expect.stringMatching(/^\d{6}$/) },
    });
    const { status, json } = await users.call("confirmSignUp", {
      body: { flow: asked.json.flow, code: mail.values.code },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ user: { name: "Ann" }, account: { email, emailVerified: true, hasPassword: true } });
    expect((await users.actor(json.accessToken)).auth.id).toBe(json.user.id);
    expect(await audited(database, "signed_up")).toHaveLength(1);
    expect(JSON.stringify(await audited(database, "signed_up"))).not.toContain(email);
  });

  test("the link leads to the configured address, and makes a user only together with the password", async () => {
    const email = fresh();
    await users.call("signUp", {
      body: { email, password },
      headers: { host: "evil.example", "x-forwarded-host": "evil.example" },
    });
    expect(users.mailer.to(email).values.link).toMatch(
      /^https:\/\/app\.example\.com\/auth\/#\/confirm\/lf_one_[\w-]{32}$/,
    );
    const token = users.mailer.token(email);
    expect(await users.refused("confirmSignUp", { body: { token, password: "another password" } })).toBe(
      "401 sign_in_failed",
    );
    expect((await users.call("confirmSignUp", { body: { token, password } })).json.account.email).toBe(email);
    expect(await users.refused("confirmSignUp", { body: { token, password } })).toBe("422 code_invalid");
  });

  test("the password beside a link cannot be guessed: ten tries", async () => {
    const email = fresh();
    await ask({ email });
    const token = users.mailer.token(email);
    const tries = Array.from({ length: 15 }, () =>
      users.refused("confirmSignUp", { body: { token, password: "wrong wrong" } }),
    );
    const answers = await Promise.all(tries);
    expect(answers.filter((one) => one === "401 sign_in_failed")).toHaveLength(10);
    expect(answers.filter((one) => one === "429 sign_in_throttled")).toHaveLength(5);
  });

  test("a code has five tries, then its flow is over", async () => {
    const email = fresh();
    const { flow } = (await ask({ email })).json;
    const { code } = users.mailer.to(email).values as { code: string };
    const wrong = code === "000000" ? "000001" : "000000";
    for (let at = 0; at < 5; at++)
      expect(await users.refused("confirmSignUp", { body: { flow, code: wrong } })).toBe("422 code_invalid");
    expect(await users.refused("confirmSignUp", { body: { flow, code } })).toBe("422 code_invalid");
  });

  test("T11 one code, 20 at once: exactly one user", async () => {
    const email = fresh();
    const { flow } = (await ask({ email })).json;
    const { code } = users.mailer.to(email).values;
    const before = await countUsers();
    const confirm = () => users.call("confirmSignUp", { body: { flow, code } }).then(() => 1, () => 0); // biome-ignore format: one line
    const done = await Promise.all(Array.from({ length: 20 }, confirm));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await countUsers()).toBe(before + 1);
  });

  test("what cannot be stored is said before a mail goes out, and leaves nothing", async () => {
    const before = await countUsers();
    await expect(ask({ email: fresh(), profile: { name: 7 } })).rejects.toMatchObject({ status: expect.toSatisfy((status: number) => status >= 400 && status < 500) }); // biome-ignore format: one line
    expect(await refusedAsk({ email: fresh(), profile: { id: "mine" } })).toBe("422 profile_invalid");
    expect(users.mailer.mails).toEqual([]);
    expect(await countUsers()).toBe(before);
  });
});

describe("T17 a known address", () => {
  test("gets the same answer as an unknown one, and another mail; the code it did not get opens nothing", async () => {
    const known = fresh();
    await signedUp(users, known);
    users.mailer.mails.length = 0;
    const [one, other] = [await ask({ email: known }), await ask({ email: fresh() })];
    const shape = (json: object) =>
      Object.fromEntries(Object.entries(json).map(([name, value]) => [name, String(value).length]));
    expect([one.status, shape(one.json)]).toEqual([other.status, shape(other.json)]);
    expect(users.mailer.to(known)).toMatchObject({
      template: "signUpKnown",
      values: { link: "https://app.example.com/auth/#/sign-in" },
    });
    expect(JSON.stringify(users.mailer.to(known))).not.toMatch(/lf_one_|"code"/);
    await expect(users.call("confirmSignUp", { body: { flow: one.json.flow, code: "123456" } })).rejects.toMatchObject({
      code: "code_invalid",
    });
  });

  test("in other capitals is the same address; with a tag or a dot it is another", async () => {
    const email = `Case.${next++}@Example.com`;
    await signedUp(users, email);
    await ask({ email: email.toUpperCase() });
    expect(users.mailer.to(email.toUpperCase()).template).toBe("signUpKnown");
    for (const other of [email.replace("@", "+x@"), email.replace(".", "")]) {
      await ask({ email: other });
      expect(users.mailer.to(other).template).toBe("signUpConfirm");
    }
  });

  test("that became known meanwhile is told to whoever proved that it is theirs", async () => {
    const email = fresh();
    const { flow } = (await ask({ email })).json;
    const { code } = users.mailer.to(email).values;
    await signedUp(users, email);
    expect(await users.refused("confirmSignUp", { body: { flow, code } })).toBe("409 handle_taken");
  });
});

test("nobody fills an inbox: five mails, then one every ten minutes, known or not", async () => {
  const known = fresh();
  await signedUp(users, known);
  for (const email of [known, fresh()]) {
    await database.db.query({ text: "TRUNCATE landfall.throttle" });
    const answers: string[] = [];
    for (let at = 0; at < 7; at++)
      answers.push(await users.call("signUp", { body: { email, password }, ip: `198.51.100.${at}` }).then(({ status }) => String(status), ({ code }) => code)); // biome-ignore format: one line
    expect(answers).toEqual(["202", "202", "202", "202", "202", "sign_in_throttled", "sign_in_throttled"]);
  }
});

describe("the settings decide", () => {
  test.each([
    [{ signUp: "closed" }, {}, "403 sign_up_closed"],
    [{ signUp: "invited" }, {}, "403 sign_up_closed"],
    [{ methods: { password: { enabled: false } } }, {}, "403 method_disabled"],
    [{}, { username: "ann" }, "403 method_disabled"],
    [{}, { collection: "posts" }, "404 auth_collection_not_found"],
    [{ methods: { password: { lengthMin: 20 } } }, {}, undefined],
    [{ methods: { password: { lengthMin: 30 } } }, {}, "422 password_refused"],
  ])("%j %j: %s", async (settings, body, refusal) => {
    await changeSettings(database, settings);
    if (refusal === undefined) expect((await ask({ email: fresh(), ...body })).status).toBe(202);
    else expect(await refusedAsk({ email: fresh(), ...body })).toBe(refusal);
  });

  test("without a way to send mail: 503 before any work", async () => {
    users.mailer.set("none");
    await expect(ask({ email: fresh() })).rejects.toMatchObject({ status: 503, code: "email_not_configured" });
    const methods = (await users.call("listSignInMethods", { query: {} })).json;
    expect(methods).toMatchObject({
      passwordReset: false,
      methods: expect.not.arrayContaining(["emailLink", "emailCode"]),
    });
    users.mailer.set("smtp");
    expect((await users.call("listSignInMethods", { query: {} })).json.methods).toContain("emailLink");
  });
});

describe("user names", () => {
  beforeEach(() => changeSettings(database, { methods: { username: { enabled: true } } }));

  test("one is taken in any capitals, and that is told, before a mail and after", async () => {
    const [first, second] = [fresh(), fresh()];
    const flows = [
      (await ask({ email: first, username: "Gardener" })).json.flow,
      (await ask({ email: second, username: "gardener" })).json.flow,
    ];
    const confirm = (email: string, flow: string) =>
      users.call("confirmSignUp", { body: { flow, code: users.mailer.to(email).values.code } });
    expect((await confirm(first, flows[0])).json.account.username).toBe("Gardener");
    await expect(confirm(second, flows[1])).rejects.toMatchObject({ status: 409, code: "handle_taken" });
    expect(await refusedAsk({ email: fresh(), username: "GARDENER" })).toBe("409 handle_taken");
    expect((await users.call("signIn", { body: { username: "GARDENER", password } })).status).toBe(200);
  });

  test.each(["ab", "a".repeat(33), "ann@example.com", ".ann", "ann-", "änn", "a b c", "", "ann\n"])(
    "%j is none",
    async (username) => {
      expect(await refusedAsk({ email: fresh(), username })).toBe("400 input");
    },
  );
});

describe("T25 passwords", () => {
  test.each([
    ["password1", "too_common"],
    ["QWERTY123", "too_common"],
    ["someone-else@example.com", "too_close"],
    ["someone-else", "too_close"],
  ])("%s: %s", async (given, code) => {
    const failed = ask({ email: "Someone-Else@example.com", password: given });
    await expect(failed).rejects.toMatchObject({ code: "password_refused", issues: [{ path: "/password", code }] });
  });

  test.each(["1234567", "", "x".repeat(1001), "p".repeat(1_048_576)])(
    "of this length is refused before anything is hashed",
    async (given) => {
      const { verified } = users.passwords;
      expect(await refusedAsk({ email: fresh(), password: given })).toBe("400 input");
      expect(users.passwords.verified).toBe(verified);
    },
  );

  test("count whole: 64 and more signs, the 73rd byte, NUL, capitals, spaces, and no normalisation", async () => {
    const long = `${"x".repeat(72)}a`;
    for (const [given, others] of [
      [long, [`${"x".repeat(72)}b`, "x".repeat(72)]],
      [`pass\0word one`, [`pass\0word two`, "pass"]],
      [" Leading and Trailing ", ["Leading and Trailing", " leading and trailing "]],
      ["caf\u00e9 caf\u00e9", ["cafe\u0301 cafe\u0301"]],
    ] as const) {
      const email = fresh();
      await signedUp(users, email, given);
      for (const other of others)
        expect(await users.refused("signIn", { body: { email, password: other } })).toBe("401 sign_in_failed");
      expect((await users.call("signIn", { body: { email, password: given } })).status).toBe(200);
    }
  });
});

describe("T01 an address that nobody proved", () => {
  beforeEach(() => changeSettings(database, { emailVerification: "optional" }));

  /** Somebody makes an account with an address that is not theirs, and settles in. */
  async function squat(email: string) {
    const { json, status } = await ask({ email, password: "the squatter's own" });
    expect(status).toBe(201);
    const { user } = json;
    const [row] = await database.db.query<{ id: string }>({
      text: `SELECT id FROM landfall.account WHERE "recordId" = $1`,
      values: [user.id],
    });
    const accountId = (row as { id: string }).id;
    const at = new Date(users.clock.now()).toISOString();
    await database.db.query({
      text: `INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt") VALUES ($1, $1, 'totp', 'x', 'x', $2, $2)`,
      values: [accountId, at],
    });
    await database.db.query({
      text: `INSERT INTO landfall."recoveryCode" ("codeHash", "accountId", "createdAt") VALUES ($1, $1, $2)`,
      values: [accountId, at],
    });
    await database.db.query({
      text: `INSERT INTO landfall.identity (id, "accountId", "collectionId", provider, issuer, subject, "createdAt", "lastUsedAt") SELECT id, id, "collectionId", 'x', 'x', id, $2, $2 FROM landfall.account WHERE id = $1`,
      values: [accountId, at],
    });
    return { ...json, accountId };
  }

  const isGone = async (squatter: Awaited<ReturnType<typeof squat>>, email: string) => {
    await expect(users.actor(squatter.accessToken)).rejects.toMatchObject({ code: "credential_invalid" });
    expect(await users.refused("refreshTokens", { body: { refreshToken: squatter.refreshToken } })).toBe(
      "401 refresh_token_invalid",
    );
    expect(await users.refused("signIn", { body: { email, password: "the squatter's own" } })).toBe(
      "401 sign_in_failed",
    );
    for (const table of ["factor", '"recoveryCode"', "identity", "passkey"])
      expect(
        await database.db.query({
          text: `SELECT 1 FROM landfall.${table} WHERE "accountId" = $1`,
          values: [squatter.accountId],
        }),
      ).toEqual([]);
  };

  test.each(["code", "link"])(
    "whoever proves it by a sign-in %s gets the account, and nothing of the squatter's stays",
    async (by) => {
      const email = fresh();
      const squatter = await squat(email);
      const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
      const { code } = users.mailer.to(email).values;
      const body = by === "code" ? { flow, code } : { token: users.mailer.token(email) };
      const owner = await users.call("confirmEmailSignIn", { body });
      expect(owner).toMatchObject({
        status: 200,
        json: { user: { id: squatter.user.id }, account: { emailVerified: true, hasPassword: false } },
      });
      await isGone(squatter, email);
    },
  );

  test("by a reset likewise", async () => {
    const email = fresh();
    const squatter = await squat(email);
    await users.call("requestPasswordReset", { body: { email } });
    await users.call("resetPassword", { body: { token: users.mailer.token(email), password } });
    await isGone(squatter, email);
    expect((await users.call("signIn", { body: { email, password } })).json.account.emailVerified).toBe(true);
  });

  test("and by a sign-up of one's own, where confirmation is required again", async () => {
    const email = fresh();
    const squatter = await squat(email);
    await changeSettings(database, {});
    const owner = await signedUp(users, email);
    expect(owner).toMatchObject({ user: { id: squatter.user.id }, account: { emailVerified: true } });
    await isGone(squatter, email);
  });

  test("links and codes that the squatter asked for before are worth nothing after", async () => {
    const email = fresh();
    const squatter = await squat(email);
    await users.call("requestPasswordReset", { body: { email } });
    const stale = users.mailer.token(email);
    const staleVerify = (await users.call("requestEmailVerification", { token: squatter.accessToken, body: {} })).json
      .flow;
    const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
    const owner = await users.call("confirmEmailSignIn", { body: { flow, code: users.mailer.to(email).values.code } });
    expect(await users.refused("resetPassword", { body: { token: stale, password } })).toBe("422 code_invalid");
    expect(
      await users.refused("verifyEmail", {
        token: owner.json.accessToken,
        body: { flow: staleVerify, code: "123456" },
      }),
    ).toBe("422 code_invalid");
  });

  test("its honest owner keeps everything by typing the code into the session that asked", async () => {
    const email = fresh();
    const { json } = await ask({ email });
    expect(json.account.emailVerified).toBe(false);
    const { flow } = (await users.call("requestEmailVerification", { token: json.accessToken, body: {} })).json;
    const mail = users.mailer.to(email);
    expect(mail).toMatchObject({ template: "emailVerify" });
    expect(mail.values.link).toBeUndefined();
    const answer = await users.call("verifyEmail", { token: json.accessToken, body: { flow, code: mail.values.code } });
    expect(answer.json).toMatchObject({ emailVerified: true, hasPassword: true });
    expect((await users.call("signIn", { body: { email, password } })).status).toBe(200);
    expect(await users.refused("requestEmailVerification", { token: json.accessToken, body: {} })).toBe(
      "409 email_not_verifiable",
    );
  });

  test("somebody else's session cannot spend the code", async () => {
    const [mine, theirs] = [fresh(), fresh()];
    const [me, them] = [(await ask({ email: mine })).json, (await ask({ email: theirs })).json];
    const { flow } = (await users.call("requestEmailVerification", { token: them.accessToken, body: {} })).json;
    const { code } = users.mailer.to(theirs).values;
    expect(await users.refused("verifyEmail", { token: me.accessToken, body: { flow, code } })).toBe(
      "422 code_invalid",
    );
  });

  test("a taken one is told, which is what `optional` costs; and where it is required again, a password alone does not do", async () => {
    const email = fresh();
    await ask({ email });
    expect(await refusedAsk({ email: email.toUpperCase() })).toBe("409 handle_taken");
    await changeSettings(database, {});
    expect(await users.refused("signIn", { body: { email, password } })).toBe("403 email_unverified");
    expect(await users.refused("signIn", { body: { email, password: "wrong wrong" } })).toBe("401 sign_in_failed");
  });
});
