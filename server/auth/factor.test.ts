// Second factors: what a code is worth, how often it may be guessed, and that none of the ways around one leads anywhere.
import { generateSync } from "otplib";
import { beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { anonymous } from "../kernel/actor.ts";
import { masterKey } from "../kernel/master-key.ts";
import { accountByRecord, changeAccount } from "./account-store.ts";
import { password } from "./auth.fixture.ts";
import { authSettingsSchema } from "./auth-settings.ts";
import { createChallenges } from "./challenge.ts";
import { finishSignIn } from "./sign-in-finish.ts";
import { audited, changeSettings, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const on = { methods: { anonymous: { enabled: true } } };
const users = testUsers(database, on);
const challenges = createChallenges(masterKey(Buffer.alloc(32, 7)));

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.throttle, landfall.audit" });
  await changeSettings(database, on);
});

/** A user with a password who signed in just now. */
async function ann() {
  const { json } = await users.call("signInAnonymously", { body: {} });
  const account = await accountByRecord(database.db, json.user.id);
  const accountId = account?.id ?? "";
  const passwordHash = await users.passwords.hash(password);
  await changeAccount(database.db, accountId, { anonymous: false, passwordHash }, users.clock.now());
  return { accountId, collectionId: account?.collectionId ?? 0, token: json.accessToken as string };
}
type Ann = Awaited<ReturnType<typeof ann>>;

const codeAt = (secret: string, offsetMs = 0) =>
  generateSync({ secret, epoch: Math.floor((users.clock.now() + offsetMs) / 1000) });

async function withTotp(user: Ann) {
  const offer = (await users.call("beginFactor", { token: user.token, body: {} })).json;
  const confirm = { token: user.token, params: { id: offer.id }, body: { code: codeAt(offer.secret) } };
  const { recoveryCodes } = (await users.call("confirmFactor", confirm)).json;
  users.clock.advance(30_000);
  return { id: offer.id as string, secret: offer.secret as string, uri: offer.uri as string, recoveryCodes };
}

/** The end of a first step, as every method comes to it. */
async function firstStep({ accountId, collectionId }: Ann, settings: object = {}, amr = ["pwd"]) {
  const ctx = { db: database.db, nowMs: users.clock.now(), actor: anonymous } as never;
  const collection = { id: collectionId, name: "users", createRule: null };
  const origin = { address: "203.0.113.1", agent: "" };
  const proof = { collection, settings: authSettingsSchema.parse(settings), accountId, amr, origin };
  const { status, json } = await finishSignIn(ctx, { challenges } as never, proof);
  return { status, ...(json as { next: string; flow: string; factors: string[] }) };
}

const show = (flow: string, given: object) => users.call("signInWithFactor", { body: { flow, ...given } });
const refused = (flow: string, given: object) => users.refused("signInWithFactor", { body: { flow, ...given } });
const wrong = "000000";

describe("adding one", () => {
  test("any authenticator app reads the address; codes count once it is confirmed, and ten recovery codes come with the first", async () => {
    const user = await ann();
    const offer = (await users.call("beginFactor", { token: user.token, body: {} })).json;
    const uri = new URL(offer.uri);
    expect([uri.protocol, uri.searchParams.get("secret"), uri.searchParams.get("issuer")]).toEqual(["otpauth:", offer.secret, "app.example.com"]); // biome-ignore format: one line
    expect(offer.qr).toMatch(/^<svg/);
    const params = { id: offer.id };
    expect(await users.refused("confirmFactor", { token: user.token, params, body: { code: wrong } })).toBe(
      "401 factor_wrong",
    );
    const done = await users.call("confirmFactor", { token: user.token, params, body: { code: codeAt(offer.secret) } });
    expect(new Set(done.json.recoveryCodes).size).toBe(10);
    const listed = (await users.call("listFactors", { token: user.token })).json;
    expect(listed).toMatchObject({ items: [{ id: offer.id, kind: "totp" }], recoveryCodesLeft: 10 });
    expect(await audited(database, "factor_added")).toHaveLength(1);
  });

  test("one that nobody confirmed opens nothing and asks for nothing", async () => {
    const user = await ann();
    await users.call("beginFactor", { token: user.token, body: {} });
    expect((await users.call("listFactors", { token: user.token })).json.items).toEqual([]);
    const flow = await challenges.make(database.db, { purpose: "factor", lifeMs: 60_000, accountId: user.accountId, data: { amr: ["pwd"] } }, users.clock.now()); // biome-ignore format: one line
    expect(await refused(flow.secret, { code: wrong })).toBe("401 factor_wrong");
  });

  test("the database holds neither the secret nor a recovery code", async () => {
    const { secret, recoveryCodes } = await withTotp(await ann());
    const rows = await database.db.query({ text: `SELECT f::text AS row FROM landfall.factor f UNION ALL SELECT c::text FROM landfall."recoveryCode" c` }); // biome-ignore format: one line
    for (const text of [secret, ...recoveryCodes, recoveryCodes[0].replaceAll("-", "")]) expect(JSON.stringify(rows)).not.toContain(text); // biome-ignore format: one line
  });
});

describe("the second step", () => {
  test("a right code signs in, and the session says by what", async () => {
    const user = await ann();
    const { secret } = await withTotp(user);
    const step = await firstStep(user);
    expect(step).toMatchObject({ status: 202, next: "factor", factors: ["totp", "recoveryCode"] });
    const { accessToken } = (await show(step.flow, { code: codeAt(secret) })).json;
    const { session } = (await users.call("getMe", { token: accessToken })).json;
    expect(session.amr).toEqual(["pwd", "otp", "mfa"]);
  });

  test.each([
    ["a step before", -30_000, "200"],
    ["a step after", 30_000, "200"],
    ["two steps before", -60_000, "401 factor_wrong"],
    ["two steps after", 60_000, "401 factor_wrong"],
  ])("a code of %s", async (_, offsetMs, expected) => {
    const user = await ann();
    const { secret } = await withTotp(user);
    users.clock.advance(90_000);
    const { flow } = await firstStep(user);
    const given = { code: codeAt(secret, offsetMs) };
    expect(expected === "200" ? String((await show(flow, given)).status) : await refused(flow, given)).toBe(expected);
  });

  test("T11 one code, twenty askers with a flow each, ten times: one session each", async () => {
    const user = await ann();
    const { secret } = await withTotp(user);
    for (let round = 0; round < 10; round++) {
      users.clock.advance(30_000);
      await database.db.query({ text: "TRUNCATE landfall.throttle" });
      const flows = await Promise.all(Array.from({ length: 20 }, () => firstStep(user)));
      const code = codeAt(secret);
      const done = await Promise.allSettled(flows.map(({ flow }) => show(flow, { code })));
      expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });

  test("T11 one flow, all recovery codes at once: one session", async () => {
    const user = await ann();
    const { recoveryCodes } = await withTotp(user);
    users.clock.advance(301_000);
    const { flow } = await firstStep(user);
    const done = await Promise.allSettled(
      recoveryCodes.slice(0, 5).map((recoveryCode: string) => show(flow, { recoveryCode })),
    );
    const refusals = done.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    // Nobody waits for a connection that those hold who wait for the winner: the keys that sign are read anew by now.
    expect(refusals).toEqual(Array(4).fill("flow_invalid"));
  });

  test("a recovery code counts once, however it is typed, and its use is recorded", async () => {
    const user = await ann();
    const { recoveryCodes } = await withTotp(user);
    const recoveryCode = recoveryCodes[3].toLowerCase().replaceAll("-", " ");
    expect((await show((await firstStep(user)).flow, { recoveryCode })).status).toBe(200);
    expect(await refused((await firstStep(user)).flow, { recoveryCode })).toBe("401 factor_wrong");
    expect(await audited(database, "recovery_code_used")).toHaveLength(1);
    expect((await users.call("listFactors", { token: user.token })).json.recoveryCodesLeft).toBe(9);
  });

  test("nobody's codes open another's flow", async () => {
    const [user, other] = [await ann(), await ann()];
    await withTotp(user);
    const theirs = await withTotp(other);
    const { flow } = await firstStep(user);
    expect(await refused(flow, { code: codeAt(theirs.secret) })).toBe("401 factor_wrong");
    expect(await refused(flow, { recoveryCode: theirs.recoveryCodes[0] })).toBe("401 factor_wrong");
  });

  test("a flow is over after ten minutes, after one success, and is good for no other door", async () => {
    const user = await ann();
    const { secret } = await withTotp(user);
    const [late, once] = [await firstStep(user), await firstStep(user)];
    expect(await users.refused("beginRequiredFactor", { body: { flow: once.flow } })).toBe("401 flow_invalid");
    await show(once.flow, { code: codeAt(secret) });
    users.clock.advance(30_000);
    expect(await refused(once.flow, { code: codeAt(secret) })).toBe("401 flow_invalid");
    users.clock.advance(600_000);
    expect(await refused(late.flow, { code: codeAt(secret) })).toBe("401 flow_invalid");
  });
});

describe("T22 guessing", () => {
  test("a flow takes five tries, however many come at once; the right code is no use after them", async () => {
    const user = await ann();
    const { secret } = await withTotp(user);
    const { flow } = await firstStep(user);
    const codes = await Promise.all(Array.from({ length: 20 }, () => refused(flow, { code: wrong })));
    expect(codes.filter((code) => code === "401 factor_wrong")).toHaveLength(5);
    expect(codes.filter((code) => code === "401 flow_invalid")).toHaveLength(15);
    expect(await refused(flow, { code: codeAt(secret) })).toBe("401 flow_invalid");
  });

  test("an account takes ten, over however many flows; then one a minute", async () => {
    const user = await ann();
    const { secret } = await withTotp(user);
    const flows = await Promise.all(Array.from({ length: 20 }, () => firstStep(user)));
    const codes = await Promise.all(flows.map(({ flow }) => refused(flow, { code: wrong })));
    expect(codes.filter((code) => code === "401 factor_wrong")).toHaveLength(10);
    expect(codes.filter((code) => code === "429 sign_in_throttled")).toHaveLength(10);
    users.clock.advance(60_000);
    expect((await show((await firstStep(user)).flow, { code: codeAt(secret) })).status).toBe(200);
  });
});

describe("T28 ways around a second factor", () => {
  /** A session that never showed the factor, opened a moment ago: what a thief of the password has from before. */
  async function passwordOnly(user: Ann) {
    await database.db.query({
      text: `UPDATE landfall."userSession" SET amr = '{pwd}', "authenticatedAt" = $2 WHERE "accountId" = $1`,
      values: [user.accountId, new Date(users.clock.now()).toISOString()],
    });
  }
  const sensitive = (user: Ann, factor: string): [string, object][] => [
    ["removeFactor", { token: user.token, params: { id: factor } }],
    ["renewRecoveryCodes", { token: user.token, body: {} }],
    ["beginFactor", { token: user.token, body: {} }],
    ["confirmFactor", { token: user.token, params: { id: factor }, body: { code: wrong } }],
    ["beginPasskey", { token: user.token, body: {} }],
    ["removePasskey", { token: user.token, params: { id: "x" } }],
  ];

  test("a recent sign-in by password alone switches nothing off, and its password does not step up", async () => {
    const user = await ann();
    const { id } = await withTotp(user);
    await passwordOnly(user);
    for (const [operation, call] of sensitive(user, id)) expect(await users.refused(operation, call), operation).toBe("401 step_up_required"); // biome-ignore format: one line
    expect(await users.refused("stepUp", { token: user.token, body: { password } })).toBe("401 step_up_required");
  });

  test("the factor itself steps up, for as long as the settings say; removing it takes the recovery codes along", async () => {
    const user = await ann();
    const { id, secret } = await withTotp(user);
    await passwordOnly(user);
    await users.call("stepUp", { token: user.token, body: { code: codeAt(secret) } });
    await users.call("renewRecoveryCodes", { token: user.token, body: {} });
    await database.db.query({
      text: `UPDATE landfall."userSession" SET "authenticatedAt" = "authenticatedAt" - interval '10 minutes' WHERE "accountId" = $1`,
      values: [user.accountId],
    });
    const gone = { token: user.token, params: { id } };
    expect(await users.refused("removeFactor", gone)).toBe("401 step_up_required");
    users.clock.advance(30_000);
    await users.call("stepUp", { token: user.token, body: { code: codeAt(secret) } });
    await users.call("removeFactor", gone);
    const rows = await database.db.query({ text: `SELECT 1 FROM landfall."recoveryCode" WHERE "accountId" = $1`, values: [user.accountId] }); // biome-ignore format: one line
    expect(rows).toEqual([]);
    expect(await audited(database, "stepped_up")).toHaveLength(2);
  });

  test("without a factor the password steps up; a wrong one does not, ten times", async () => {
    const user = await ann();
    users.clock.advance(9 * 60_000);
    await database.db.query({ text: `UPDATE landfall."userSession" SET "authenticatedAt" = to_timestamp(0) WHERE "accountId" = $1`, values: [user.accountId] }); // biome-ignore format: one line
    expect(await users.refused("beginFactor", { token: user.token, body: {} })).toBe("401 step_up_required");
    for (let n = 0; n < 10; n++) expect(await users.refused("stepUp", { token: user.token, body: { password: "wrong" } })).toBe("403 password_wrong"); // biome-ignore format: one line
    expect(await users.refused("stepUp", { token: user.token, body: { password } })).toBe("429 sign_in_throttled");
    await database.db.query({ text: "TRUNCATE landfall.throttle" });
    await users.call("stepUp", { token: user.token, body: { password } });
    expect((await users.call("beginFactor", { token: user.token, body: {} })).status).toBe(201);
  });

  test("an admin who signed in as the user adds and removes nothing", async () => {
    const user = await ann();
    const { id, secret } = await withTotp(user);
    await database.db.query({ text: `UPDATE landfall."userSession" SET "impersonatedBy" = 'admin:1' WHERE "accountId" = $1`, values: [user.accountId] }); // biome-ignore format: one line
    users.clock.advance(61_000);
    for (const [operation, call] of sensitive(user, id)) expect(await users.refused(operation, call), operation).toBe("403 impersonation_refused"); // biome-ignore format: one line
    expect(await users.refused("stepUp", { token: user.token, body: { code: codeAt(secret) } })).toBe(
      "403 impersonation_refused",
    );
  });

  test("no first step but a passkey's gets past it, whatever the method calls itself", async () => {
    const user = await ann();
    await withTotp(user);
    for (const amr of [["pwd"], ["otp"], ["fed"], ["anon"], []])
      expect((await firstStep(user, {}, amr)).status).toBe(202);
  });
});

describe("where a second factor is required", () => {
  const required = { factors: { policy: "required" } };

  test("whoever has none sets one up at the next sign-in, and is signed in by it", async () => {
    const user = await ann();
    const step = await firstStep(user, required);
    expect(step).toMatchObject({ status: 202, next: "enrol", factors: [] });
    expect(await refused(step.flow, { code: wrong })).toBe("401 flow_invalid");
    const offer = (await users.call("beginRequiredFactor", { body: { flow: step.flow } })).json;
    const body = { flow: step.flow, factor: offer.id, code: codeAt(offer.secret) };
    expect(await users.refused("confirmRequiredFactor", { body: { ...body, code: wrong } })).toBe("401 factor_wrong");
    const done = (await users.call("confirmRequiredFactor", { body })).json;
    expect(done.recoveryCodes).toHaveLength(10);
    expect((await users.call("getMe", { token: done.accessToken })).json.session.amr).toEqual(["pwd", "otp", "mfa"]);
    expect(await firstStep(user, required)).toMatchObject({ next: "factor" });
    expect(await users.refused("confirmRequiredFactor", { body })).toBe("401 flow_invalid");
  });

  test("an old flow cannot add a second authenticator to an account that got one meanwhile", async () => {
    const user = await ann();
    const [first, second] = [await firstStep(user, required), await firstStep(user, required)];
    const offer = (await users.call("beginRequiredFactor", { body: { flow: first.flow } })).json;
    await users.call("confirmRequiredFactor", {
      body: { flow: first.flow, factor: offer.id, code: codeAt(offer.secret) },
    });
    expect(await users.refused("beginRequiredFactor", { body: { flow: second.flow } })).toBe("401 flow_invalid");
  });
});
