// The Authorization header: strict parsing, what a kept verdict may and may not do, token kinds at the wrong door.
import { beforeEach, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import type { Actor } from "../kernel/actor.ts";
import { anonymous, service } from "../kernel/actor.ts";
import { hashSecret, newSecret } from "../kernel/ids.ts";
import { manualClock, password, serviceKey, testAuth } from "./auth.fixture.ts";
import { createAuthenticator, type FoundCredential, secretWith } from "./credential.ts";
import { createAdmin, ensureSetupSecret } from "./index.ts";

const database = testDatabase();
const email = "owner@example.com";

beforeEach(async () => {
  await database.db.query({ text: `TRUNCATE landfall.admin, landfall.throttle, landfall."apiKey" CASCADE` });
});

/** A store of credentials by token, whose lookups wait until the test lets them go on. */
function store() {
  const living = new Map<string, Omit<FoundCredential, "makeActor">>();
  const gates: (() => void)[] = [];
  const kind = {
    matches: secretWith("lf_key_"),
    lookups: 0,
    gated: false,
    find: async (token: string) => {
      kind.lookups++;
      const found = living.get(hashSecret(token));
      if (kind.gated) await new Promise<void>((open) => gates.push(open));
      return (
        found && {
          ...found,
          makeActor: (): Actor => ({ ...anonymous, kind: "key", label: found.subjects[0] as string }),
        }
      );
    },
  };
  const add = (stamp = "1", expiresAtMs = Number.POSITIVE_INFINITY) => {
    const token = newSecret("lf_key_");
    living.set(hashSecret(token), { subjects: [`key:${token.slice(-6)}`], stamp, expiresAtMs });
    return token;
  };
  return { kind, living, add, open: () => gates.splice(0).forEach((gate) => void gate()) };
}

const header = (token: string) => ({ authorization: `Bearer ${token}` });

test("no header is anonymous; the service key is the service, and its neighbours are nobody", async () => {
  const { auth, actor } = testAuth(database.db);
  expect(auth.authenticate({})).toBe(anonymous);
  expect(auth.authenticate(header(serviceKey))).toBe(service);
  for (const wrong of [`${serviceKey}x`, serviceKey.slice(0, -1), serviceKey.toUpperCase()])
    await expect(actor(wrong)).rejects.toMatchObject({ status: 401, code: "credential_invalid" });
});

test.each(["short", "", "x".repeat(31), `${"x".repeat(32)}\n`, `${"x".repeat(32)} y`, "ü".repeat(32)])(
  "a service key that is short or cannot stand in a header is refused at start (%#)",
  (wrong) => {
    expect(() => testAuth(database.db, { serviceKey: wrong })).toThrow("LANDFALL_SERVICE_KEY");
  },
);

test("RFC 6750: only `Bearer` and one token68 is a credential; all else is 401, never anonymous", () => {
  const { auth } = testAuth(database.db);
  const token = newSecret("lf_key_");
  const malformed = [
    "",
    "Bearer",
    "Bearer ",
    token,
    `Basic ${token}`,
    `Bearer${token}`,
    `Bearer\t${token}`,
    ` Bearer ${token}`,
    `Bearer ${token} `,
    `Bearer ${token},Bearer ${serviceKey}`,
    `Bearer ${serviceKey} ${token}`,
    `Bearer token="${token}"`,
    `Bearer ${"x".repeat(100_000)}`,
    "Bearer null",
    "Bearer undefined",
    "Bearer [object Object]",
    `Bearer ${token}\u0000`,
  ];
  for (const authorization of malformed)
    expect(() => auth.authenticate({ authorization }), authorization.slice(0, 40)).toThrow(/malformed/);
  expect(auth.authenticate({ authorization: `bearer ${serviceKey}` })).toBe(service);
});

test("a hit within a second is the same object, without a promise and without a query", async () => {
  const clock = manualClock();
  const { kind, add } = store();
  const { authenticate } = createAuthenticator({ kinds: [kind], clock });
  const token = add();
  const first = await authenticate(header(token));
  clock.advance(999);
  expect(authenticate(header(token))).toBe(first);
  expect(kind.lookups).toBe(1);
  clock.advance(1);
  expect(authenticate(header(token))).toBeInstanceOf(Promise);
  expect(kind.lookups).toBe(2);
});

test("the actor object lives as long as its stamp", async () => {
  const clock = manualClock();
  const { kind, living, add } = store();
  const { authenticate } = createAuthenticator({ kinds: [kind], clock });
  const token = add();
  const first = await authenticate(header(token));
  clock.advance(1_000);
  expect(await authenticate(header(token))).toBe(first);
  living.set(hashSecret(token), { subjects: ["key:1"], stamp: "2", expiresAtMs: Number.POSITIVE_INFINITY });
  clock.advance(1_000);
  expect(await authenticate(header(token))).not.toBe(first);
});

test("100 requests that find a verdict too old share one lookup", async () => {
  const { kind, add } = store();
  const { authenticate } = createAuthenticator({ kinds: [kind], clock: manualClock() });
  const token = add();
  const actors = await Promise.all(Array.from({ length: 100 }, async () => authenticate(header(token))));
  expect(new Set(actors).size).toBe(1);
  expect(kind.lookups).toBe(1);
});

test("T13 a lookup that began before a revocation is not kept and not shared after it", async () => {
  const { kind, living, add, open } = store();
  const { authenticate, forget } = createAuthenticator({ kinds: [kind], clock: manualClock() });
  const token = add();
  kind.gated = true;
  const early = authenticate(header(token));
  living.delete(hashSecret(token));
  forget(`key:${token.slice(-6)}`);
  const late = authenticate(header(token));
  open();
  await early;
  await expect(late).rejects.toMatchObject({ code: "credential_invalid" });
  kind.gated = false;
  await expect(authenticate(header(token))).rejects.toMatchObject({ code: "credential_invalid" });
});

test("T13 what a lookup saw before a revocation does not become a verdict after it", async () => {
  const { kind, living, add, open } = store();
  const { authenticate, forget } = createAuthenticator({ kinds: [kind], clock: manualClock() });
  const token = add();
  kind.gated = true;
  const early = authenticate(header(token));
  living.delete(hashSecret(token));
  forget(`key:${token.slice(-6)}`);
  open();
  await early;
  kind.gated = false;
  await expect(authenticate(header(token))).rejects.toMatchObject({ code: "credential_invalid" });
});

test("a verdict never outlives its credential, however fresh", async () => {
  const clock = manualClock();
  const { kind, living, add } = store();
  const { authenticate } = createAuthenticator({ kinds: [kind], clock });
  const token = add("1", clock.now() + 300);
  await authenticate(header(token));
  living.delete(hashSecret(token));
  clock.advance(299);
  expect(authenticate(header(token))).toMatchObject({ kind: "key" });
  clock.advance(1);
  await expect(authenticate(header(token))).rejects.toMatchObject({ code: "credential_invalid" });
});

test("the cache is bounded, and what was seen last stays", async () => {
  const { kind, add } = store();
  const { authenticate } = createAuthenticator({ kinds: [kind], clock: manualClock(), cacheMax: 10 });
  const tokens = Array.from({ length: 30 }, () => add());
  for (const token of tokens) await authenticate(header(token));
  expect(tokens.filter((token) => !(authenticate(header(token)) instanceof Promise))).toEqual(tokens.slice(20));
});

test("a database that fails refuses; it neither lets in nor is remembered", async () => {
  const clock = manualClock();
  const { kind, add } = store();
  const failing = { ...kind, find: kind.find };
  const { authenticate } = createAuthenticator({ kinds: [failing], clock });
  const token = add();
  await authenticate(header(token));
  clock.advance(1_000);
  failing.find = async () => {
    throw new Error("connection lost");
  };
  await expect(authenticate(header(token))).rejects.toThrow("connection lost");
  failing.find = kind.find;
  expect(await authenticate(header(token))).toMatchObject({ kind: "key" });
});

test("T30 each kind of secret at each other kind's door is refused", async () => {
  const t = testAuth(database.db);
  const setup = (await ensureSetupSecret(database.db, t))?.secret ?? "";
  await createAdmin(database.db, { email, password }, t);
  const session = (await t.call("signInAdmin", { body: { email, password } })).json.token;
  const key = (await t.call("createApiKey", { token: session, body: { name: "k" } })).json.secret;
  const secrets = { setup, session, key, service: serviceKey, password };
  for (const [kind, secret] of Object.entries(secrets)) {
    const bare = secret.replace(/^lf_(key|ses|setup)_/, "");
    for (const prefix of ["lf_key_", "lf_ses_", "lf_setup_", ""])
      if (prefix + bare !== session && prefix + bare !== key && prefix + bare !== serviceKey)
        await expect(t.actor(prefix + bare), `${kind} as ${prefix}`).rejects.toMatchObject({
          code: "credential_invalid",
        });
    if (kind !== "password")
      expect(await t.refused("signInAdmin", { body: { email, password: secret } })).toBe("401 sign_in_failed");
    const body = { secret, email: "b@example.com", password };
    expect(await t.refused("setUp", { body })).toBe("409 setup_closed");
  }
});
