// Sign-in from outside, on a real server with an SMTP server beside it: mail that arrives, hosts and addresses that are made up, a
// crowd at the door.
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Answer, startServer, testServer } from "../support/server.ts";

const arrived: { to: string; subject: string; text: string }[] = [];
const sink = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  onData: (stream, session, done) => {
    simpleParser(stream).then((mail) => {
      const to = session.envelope.rcptTo[0]?.address ?? "";
      arrived.push({ to, subject: mail.subject ?? "", text: mail.text ?? "" });
      done();
    }, done);
  },
});
await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
afterAll(() => new Promise<void>((resolve) => sink.close(resolve)));

const server = testServer({
  LANDFALL_SMTP_URL: `smtp://127.0.0.1:${(sink.server.address() as AddressInfo).port}`,
  LANDFALL_MAIL_FROM: "Example App <no-reply@example.com>",
  LANDFALL_PUBLIC_URL: "https://app.example.com",
  LANDFALL_RATE_PER_ADDRESS: "0",
});
const password = "correct horse battery";

beforeEach(async () => {
  await server.database.db.query({ text: "TRUNCATE landfall.throttle" });
});

const post = (
  path: string,
  body: object,
  options: { as?: string; headers?: Record<string, string> } = {},
): Promise<Answer> => server.call("POST", path, body, { as: null, ...options });
/** The newest mail to an address, once it is there. */
async function mailTo(address: string) {
  await expect.poll(() => arrived.some(({ to }) => to === address), { timeout: 15_000 }).toBe(true);
  return arrived.findLast(({ to }) => to === address) as (typeof arrived)[number];
}
async function signUp(email: string): Promise<Answer> {
  const asked = await post("/v1/auth/sign-up", { email, password, profile: { name: "Ann" } });
  expect(asked.status).toBe(202);
  const code = /^ {4}(\d{6})$/m.exec((await mailTo(email)).text)?.[1];
  return post("/v1/auth/sign-up/confirm", { flow: asked.json.flow, code });
}

test("a person signs up by the code in a mail, signs in, resets the password by the link and is signed out everywhere", async () => {
  const email = "ann@example.com";
  const up = await signUp(email);
  expect(up).toMatchObject({ status: 200, json: { user: { name: "Ann" }, account: { email, emailVerified: true } } });
  const signedIn = await post("/v1/auth/sign-in", { email, password });
  const me = await server.call("GET", "/v1/auth/me", undefined, { as: signedIn.json.accessToken });
  expect(me.json.user.id).toBe(up.json.user.id);
  await post("/v1/auth/password/reset", { email });
  await expect
    .poll(() => arrived.some(({ subject }) => subject.startsWith("Set a new password")), { timeout: 15_000 })
    .toBe(true);
  const { text } = arrived.find(({ subject }) => subject.startsWith("Set a new password")) as { text: string };
  const token = /https:\/\/app\.example\.com\/auth\/#\/reset\/(\S+)/.exec(text)?.[1];
  expect((await post("/v1/auth/password/reset/confirm", { token, password: "staple of the north" })).status).toBe(204);
  expect((await server.call("GET", "/v1/auth/me", undefined, { as: signedIn.json.accessToken })).status).toBe(401);
  expect((await post("/v1/auth/sign-in", { email, password: "staple of the north" })).status).toBe(200);
});

test.each([
  { host: "evil.example" },
  { "x-forwarded-host": "evil.example" },
  { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "x-forwarded-prefix": "/evil" },
  { forwarded: "host=evil.example;proto=http" },
  { origin: "https://evil.example", referer: "https://evil.example/" },
])("T09 %j leaves every mailed link where it is configured", async (headers) => {
  const email = `t09-${JSON.stringify(headers).length}@example.com`;
  const answer = await post("/v1/auth/sign-up", { email, password }, { headers });
  expect(answer.status).toBeLessThan(500);
  if (answer.status !== 202) return;
  const { text } = await mailTo(email);
  expect(text).toContain("https://app.example.com/auth/#/confirm/lf_one_");
  expect(text).not.toContain("evil");
});

test("T17 where a record needs a field, an unknown address gets the same answer as a known one, and no mail", async () => {
  const fields = [{ name: "name", type: "text", required: true }];
  const made = await server.call("POST", "/v1/collections", {
    name: "members",
    kind: "auth",
    fields,
    rules: { create: "id == auth.id" },
  });
  expect(made.status).toBe(201);
  const ask = (email: string, profile: object = {}) =>
    post("/v1/auth/sign-in/email", { collection: "members", email, profile });
  expect((await ask("empty@example.com")).status).toBe(202);
  expect((await ask("named@example.com", { name: "Ann" })).status).toBe(202);
  await mailTo("named@example.com");
  expect(arrived.filter(({ to }) => to === "empty@example.com")).toEqual([]);
  expect(await server.database.db.query({ text: "SELECT state FROM landfall.mail WHERE state = 'void'" })).toHaveLength(
    1,
  );
});

test("T20 made-up addresses and parallel calls have one budget: 30 passwords", async () => {
  const attempt = (at: number) =>
    post("/v1/auth/sign-in", { email: `nobody${at}@example.com`, password: "wrong wrong" }, {
      headers: { "x-forwarded-for": `198.51.100.${at}`, "x-real-ip": `198.51.100.${at}`, forwarded: `for=198.51.100.${at}`, "cf-connecting-ip": `198.51.100.${at}` },
    }); // biome-ignore format: a call
  const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => attempt(at)));
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(30);
  expect(answers.filter(({ json }) => json.code === "sign_in_throttled")).toHaveLength(30);
  expect(answers.find(({ status }) => status === 429)?.headers.get("retry-after")).toMatch(/^\d+$/);
});

test("what a mail carries is in no log line", () => {
  expect(arrived.length).toBeGreaterThan(0);
  expect(server.output()).not.toMatch(/lf_one_|@example\.com/);
  for (const code of arrived.flatMap(({ text }) => /^ {4}(\d{6})$/m.exec(text)?.[1] ?? [])) expect(server.output()).not.toContain(`"${code}"`); // biome-ignore format: one line
});

describe("O05 a crowd at the door", () => {
  const percentile = (times: number[], part: number) =>
    times.sort((a, b) => a - b)[Math.floor(times.length * part)] as number;

  /** One reader after the other, of a route that asks the database once. */
  async function reads(url: string, during: () => boolean): Promise<number[]> {
    const times: number[] = [];
    while (during()) {
      const startedMs = performance.now();
      const answer = await fetch(`${url}/v1/auth/methods`, { headers: { "x-forwarded-for": "192.0.2.1" } });
      await answer.arrayBuffer();
      expect(answer.status).toBe(200);
      times.push(performance.now() - startedMs);
    }
    return times;
  }

  test("50 people sign in at once, over and over: all get in, and other routes go on", {
    timeout: 120_000,
  }, async () => {
    const settings = {
      DATABASE_URL: server.database.url,
      LANDFALL_DATA_DIR: server.dataDir,
      LANDFALL_RATE_PER_ADDRESS: "0",
    };
    const { url, stop } = await startServer({ ...settings, LANDFALL_TRUSTED_PROXIES: "127.0.0.1" });
    await server.call("PATCH", "/v1/collections/users/auth", { settings: { emailVerification: "optional" } });
    const send = (path: string, at: number) =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": `198.51.100.${at}` },
        body: JSON.stringify({ email: `crowd${at}@example.com`, password }),
      });
    try {
      for (let at = 0; at < 50; at++) expect((await send("/v1/auth/sign-up", at)).status).toBe(201);
      const alone = await reads(
        url,
        (
          (left) => () =>
            left-- > 0
        )(500),
      );
      const until = performance.now() + 10_000;
      const statuses: number[] = [];
      const crowd = Array.from({ length: 50 }, async (_, at) => {
        while (performance.now() < until) {
          const answer = await send("/v1/auth/sign-in", at);
          await answer.arrayBuffer();
          statuses.push(answer.status);
        }
      });
      const beside = await reads(url, () => performance.now() < until);
      await Promise.all(crowd);
      process.stdout.write(`O05 p50 ${percentile(alone, 0.5).toFixed(1)} -> ${percentile(beside, 0.5).toFixed(1)} ms, p99 ${percentile(alone, 0.99).toFixed(1)} -> ${percentile(beside, 0.99).toFixed(1)} ms, ${statuses.length} sign-ins\n`); // biome-ignore format: one line
      expect(new Set(statuses)).toEqual(new Set([200]));
      // The bench holds the figure of 2x on a quiet machine; on one that is busy the hashes must at least not stand in the way:
      // a read that waited for them all would take as long as fifty.
      expect(percentile(beside, 0.99)).toBeLessThan(2 * percentile(alone, 0.99) + 250);
    } finally {
      await stop("SIGKILL");
      await server.call("PATCH", "/v1/collections/users/auth", { settings: { emailVerification: null } });
    }
  });
});

test("without SMTP on a public address, the server says so wherever an admin looks, and refuses before it works", async () => {
  const other = await startServer({ DATABASE_URL: server.database.url, LANDFALL_DATA_DIR: server.dataDir, LANDFALL_PUBLIC_URL: "https://app.example.com" }); // biome-ignore format: one line
  try {
    const get = async (path: string) => (await fetch(other.url + path, { headers: { authorization: "Bearer test-service-key-test-service-key-test" } })).json(); // biome-ignore format: one line
    expect(await get("/v1/server")).toMatchObject({ figures: { mail: { state: "none" } }, notices: expect.arrayContaining([expect.objectContaining({ code: "mail_warning" })]) }); // biome-ignore format: one line
    expect(await get("/v1/collections/users/auth")).toMatchObject({ email: "none" });
    expect(await get("/v1/auth/methods")).toMatchObject({ passwordReset: false });
    const refused = await fetch(`${other.url}/v1/auth/sign-up`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: "x@example.com", password }) }); // biome-ignore format: one line
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, "email_not_configured"]);
    expect(refused.headers.get("retry-after")).toBeTruthy();
  } finally {
    await other.stop("SIGKILL");
  }
});
