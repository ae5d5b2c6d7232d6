// Changing a password and setting a lost one anew: what it takes, what it ends, and that a link does so once.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { password } from "./auth.fixture.ts";
import { createBreachLookup } from "./password-breach.ts";
import { audited, changeSettings, signedUp, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database);
const better = "staple of the north";
let next = 0;
const fresh = () => `u${next++}@example.com`;

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
  await changeSettings(database, {});
  users.mailer.mails.length = 0;
});

const signIn = async (email: string, secret = password) =>
  (await users.call("signIn", { body: { email, password: secret } })).json;
const isDead = (token: string) => expect(users.actor(token)).rejects.toMatchObject({ code: "credential_invalid" });
const resetToken = async (email: string) => {
  await users.call("requestPasswordReset", { body: { email } });
  return users.mailer.token(email);
};

describe("a change", () => {
  test("takes the current password, ends the other sessions at once, and tells the owner", async () => {
    const email = fresh();
    const mine = await signedUp(users, email);
    const other = await signIn(email);
    await users.actor(other.accessToken);
    const change = (body: object) => ({ token: mine.accessToken, body: { password: better, ...body } });
    expect(await users.refused("changePassword", change({}))).toBe("403 password_wrong");
    expect(await users.refused("changePassword", change({ currentPassword: "wrong wrong" }))).toBe(
      "403 password_wrong",
    );
    expect((await users.call("changePassword", change({ currentPassword: password }))).status).toBe(204);
    await isDead(other.accessToken);
    expect(await users.refused("refreshTokens", { body: { refreshToken: other.refreshToken } })).toBe(
      "401 refresh_token_invalid",
    );
    expect((await users.actor(mine.accessToken)).kind).toBe("user");
    expect(users.mailer.to(email).template).toBe("passwordChanged");
    expect(await audited(database, "password_changed")).toHaveLength(1);
    expect(await users.refused("signIn", { body: { email, password } })).toBe("401 sign_in_failed");
    expect((await signIn(email, better)).account.email).toBe(email);
  });

  test("ends links and codes that came before", async () => {
    const email = fresh();
    const { accessToken } = await signedUp(users, email);
    const token = await resetToken(email);
    const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
    const { code } = users.mailer.to(email).values;
    await users.call("changePassword", { token: accessToken, body: { currentPassword: password, password: better } });
    expect(await users.refused("resetPassword", { body: { token, password: "yet another one" } })).toBe(
      "422 code_invalid",
    );
    expect(await users.refused("confirmEmailSignIn", { body: { flow, code } })).toBe("422 code_invalid");
  });

  test("is no way to guess: ten tries", async () => {
    const { accessToken } = await signedUp(users, fresh());
    const body = { currentPassword: "wrong wrong", password: better };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => users.refused("changePassword", { token: accessToken, body })),
    );
    expect(answers.filter((one) => one === "403 password_wrong")).toHaveLength(10);
  });

  test("two at once: one holds", async () => {
    const email = fresh();
    const { accessToken } = await signedUp(users, email);
    const change = (secret: string) => users.call("changePassword", { token: accessToken, body: { currentPassword: password, password: secret } }).then(() => true, () => false); // biome-ignore format: one line
    const done = await Promise.all([change("the first of two"), change("the second of two")]);
    expect(done.filter(Boolean)).toHaveLength(1);
    await signIn(email, done[0] ? "the first of two" : "the second of two");
  });

  test("a first password needs a sign-in of the last minutes, and nobody's but the user's own", async () => {
    const email = fresh();
    const { flow } = (await users.call("requestEmailSignIn", { body: { email } })).json;
    const { accessToken } = (
      await users.call("confirmEmailSignIn", { body: { flow, code: users.mailer.to(email).values.code } })
    ).json;
    await changeSettings(database, { session: { stepUpMinutes: 5 } });
    users.clock.advance(5 * 60_000 + 1);
    expect(await users.refused("changePassword", { token: accessToken, body: { password } })).toBe(
      "401 step_up_required",
    );
    const proveAgain = async (impersonatedBy: string | null) => {
      const values = [impersonatedBy, new Date(users.clock.now()).toISOString()];
      await database.db.query({
        text: `UPDATE landfall."userSession" SET "impersonatedBy" = $1, "authenticatedAt" = $2`,
        values,
      });
      users.clock.advance(61_000); // a verdict counts for a second without the feed
    };
    await proveAgain("admin:1");
    expect(await users.refused("changePassword", { token: accessToken, body: { password } })).toBe(
      "403 impersonation_refused",
    );
    await proveAgain(null);
    expect((await users.call("changePassword", { token: accessToken, body: { password } })).status).toBe(204);
  });
});

describe("a reset", () => {
  test("sets the password by the link, ends every session, and signs nobody in", async () => {
    const email = fresh();
    const mine = await signedUp(users, email);
    await users.actor(mine.accessToken);
    const token = await resetToken(email);
    expect(users.mailer.to(email).values.link).toMatch(/^https:\/\/app\.example\.com\/auth\/#\/reset\/lf_one_/);
    const answer = await users.call("resetPassword", { body: { token, password: better } });
    expect(answer).toMatchObject({ status: 204, json: undefined });
    await isDead(mine.accessToken);
    expect(await users.refused("refreshTokens", { body: { refreshToken: mine.refreshToken } })).toBe(
      "401 refresh_token_invalid",
    );
    await signIn(email, better);
    expect(users.mailer.to(email).template).toBe("newDevice");
    expect(users.mailer.mails.map(({ template }) => template)).toContain("passwordChanged");
    expect(await audited(database, "password_reset")).toHaveLength(1);
  });

  test("or by the code with its flow; a password that is refused costs neither", async () => {
    const email = fresh();
    await signedUp(users, email);
    const { flow } = (await users.call("requestPasswordReset", { body: { email } })).json;
    const { code } = users.mailer.to(email).values;
    expect(await users.refused("resetPassword", { body: { flow, code, password: "password1" } })).toBe(
      "422 password_refused",
    );
    expect(await users.refused("resetPassword", { body: { flow, code, password: email } })).toBe(
      "422 password_refused",
    );
    await users.call("resetPassword", { body: { flow, code, password: better } });
    await signIn(email, better);
  });

  test("T17 answers the same for an unknown and a suspended address, and writes to neither", async () => {
    const [known, suspended, unknown] = [fresh(), fresh(), fresh()];
    await signedUp(users, known);
    const { user } = await signedUp(users, suspended);
    await database.db.query({ text: `UPDATE landfall.account SET "suspendedAt" = clock_timestamp() WHERE "recordId" = $1`, values: [user.id] }); // biome-ignore format: one line
    users.mailer.mails.length = 0;
    const shapes = [];
    for (const email of [known, suspended, unknown]) {
      const { status, json } = await users.call("requestPasswordReset", { body: { email } });
      shapes.push(JSON.stringify([status, Object.entries(json).map(([name, value]) => [name, String(value).length])]));
      expect(await users.refused("resetPassword", { body: { flow: json.flow, code: "000000", password: better } })).toBe("422 code_invalid"); // biome-ignore format: one line
    }
    expect(new Set(shapes).size).toBe(1);
    expect(users.mailer.mails.map(({ to }) => to)).toEqual([known, null, null]);
  });

  test.each([
    null,
    1,
    true,
    [],
    ["lf_one_x"],
    {},
    { $ne: null },
    { $regex: "." },
    "",
    "lf_one_",
    "lf_key_abc",
    `lf_one_${"x".repeat(100)}`,
  ])(
    // biome-ignore format: one line
    "T10 a token that is %j resets nothing",
    async (token) => {
      const email = fresh();
      await signedUp(users, email);
      await users.call("requestPasswordReset", { body: { email } });
      expect(await users.refused("resetPassword", { body: { token, password: better } })).toMatch(
        /^(400 input|422 code_invalid)$/,
      );
      await signIn(email);
    },
  );

  test("T11 one link, 30 runs of 20 at once: exactly one success each, the others 422", async () => {
    for (let run = 0; run < 30; run++) {
      await database.db.query({ text: "TRUNCATE landfall.throttle" });
      const email = fresh();
      await signedUp(users, email);
      const token = await resetToken(email);
      const attempt = (_: unknown, at: number) =>
        users.call("resetPassword", { body: { token, password: `parallel password ${at}` } }).then(() => `won ${at}`, (error: { status: number; code: string }) => `${error.status} ${error.code}`); // biome-ignore format: one line
      const answers = await Promise.all(Array.from({ length: 20 }, attempt));
      const won = answers.filter((one) => one.startsWith("won"));
      expect(won).toHaveLength(1);
      expect(answers.filter((one) => one === "422 code_invalid")).toHaveLength(19);
      await signIn(email, `parallel password ${won[0]?.slice(4)}`);
    }
  });

  test("T30 a link for one thing opens no other door, and none opens late", async () => {
    const email = fresh();
    await signedUp(users, email);
    const reset = await resetToken(email);
    await users.call("requestEmailSignIn", { body: { email } });
    const signInToken = users.mailer.token(email);
    expect(await users.refused("confirmEmailSignIn", { body: { token: reset } })).toBe("422 code_invalid");
    expect(await users.refused("confirmSignUp", { body: { token: reset, password } })).toBe("422 code_invalid");
    expect(await users.refused("resetPassword", { body: { token: signInToken, password: better } })).toBe(
      "422 code_invalid",
    );
    users.clock.advance(30 * 60_000);
    expect(await users.refused("resetPassword", { body: { token: reset, password: better } })).toBe("422 code_invalid");
  });

  test("a second link outlives a sign-in, not the first link's use", async () => {
    const email = fresh();
    await signedUp(users, email);
    const [first, second] = [await resetToken(email), await resetToken(email)];
    await users.call("resetPassword", { body: { token: first, password: better } });
    expect(await users.refused("resetPassword", { body: { token: second, password: "yet another one" } })).toBe(
      "422 code_invalid",
    );
  });
});

describe("the lookup of breaches", () => {
  /** Of the same wire shape as api.pwnedpasswords.com/range. */
  async function range(answer: (prefix: string, headers: object) => { status?: number; text: string } | undefined) {
    const asked: { url: string; headers: object }[] = [];
    const server = createServer((request, response) => {
      asked.push({ url: request.url ?? "", headers: request.headers });
      const given = answer(request.url?.slice(-5) ?? "", request.headers);
      if (given === undefined) return; // never answers
      response.writeHead(given.status ?? 200, { "content-type": "text/plain" }).end(given.text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`;
    const stop = () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }); // biome-ignore format: one line
    return { url, asked, stop };
  }
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  // SHA-1 of "password" is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8
  const suffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

  test.each([
    [`0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n${suffix}:9545824\r\n`, true],
    [`0018A45C4D1DEF81644B54AB7F969B88D65:1\n`, false],
    [`${suffix}:0`, false],
    ["", false],
    ["<html>moved</html>", false],
  ])("%j: %s", async (text, found) => {
    const service = await range(() => ({ text }));
    expect(await createBreachLookup(service.url)("password", log)).toBe(found);
    expect(service.asked).toMatchObject([{ url: "/range/5BAA6", headers: { "add-padding": "true" } }]);
    await service.stop();
  });

  test("a service that fails, is slow or is away keeps nobody out, and is logged without the password", async () => {
    const failing = await range(() => ({ status: 500, text: suffix }));
    const silent = await range(() => undefined);
    for (const url of [failing.url, silent.url, "http://127.0.0.1:1/range/"]) {
      lines.length = 0;
      expect(await createBreachLookup(url)("password", log)).toBe(false);
      expect(lines.join("")).toContain("breach_lookup_failed");
      expect(lines.join("")).not.toContain("C9B93F3F0682250B6CF8331B7EE68FD8");
    }
    await failing.stop();
    await silent.stop();
  });
});
