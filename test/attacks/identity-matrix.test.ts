// Every route as everybody, aimed at what is bob's: his record, sessions, devices, factors, identities, passkeys and teams. A route
// that is added later is swept without being named here. Nothing of his is shown, nothing of his changes, and who has no live
// credential is told so at every door, in the same words.
import { beforeAll, describe, expect, test } from "vitest";
import { challengePurposes } from "../../server/auth/challenge.ts";
import { systemClock } from "../../server/kernel/clock.ts";
import { databaseState } from "../support/database-state.ts";
import { adorn, deadTokens, identitySettings, newPerson, openIdentities, type Person, signing } from "../support/identity-world.ts"; // biome-ignore format: one line
import { type Aim, aimsOf, type Operation, operationsOf } from "../support/route-inventory.ts";
import { type Answer, call, serviceKey, setupUrl, testServer } from "../support/server.ts";

const server = testServer(identitySettings);
const canary = "kanari-b0b";
let bob: Person;
let living: { readonly [who: string]: string | null };
let dead: { readonly [why: string]: string };
let operations: Operation[];
let targets: Parameters<typeof aimsOf>[1];

beforeAll(async () => {
  const { url, database } = server;
  const secret = setupUrl(server).split("#setup=")[1];
  await server.call("POST", "/v1/setup", { secret, email: "owner@example.com", password: "the owner's password" }, { as: null }); // biome-ignore format: one line
  await openIdentities(url);
  const [ann, staff, unproved] = [await newPerson(url, database.db), await newPerson(url, database.db, "staff"), await newPerson(url, database.db)]; // biome-ignore format: one line
  bob = await newPerson(url, database.db);
  const adorned = await adorn(database.db, bob, canary);
  // Has an address that nobody has proved, and it is almost bob's.
  await database.db.query({ text: `UPDATE landfall.account SET email = $2, "emailKey" = lower($2), anonymous = false WHERE id = $1`, values: [unproved.accountId, "Mallory@example.com"] }); // biome-ignore format: one line
  const key = async (body: object) =>
    (await server.call("POST", "/v1/api-keys", { name: "k", ...body })).json.secret as string;
  const all = { "*": ["list", "get", "create", "update", "delete"] };
  living = {
    nobody: null,
    anonymousUser: ann.accessToken,
    userOfAnotherCollection: staff.accessToken,
    unprovedUser: unproved.accessToken,
    keyOfAnotherUser: await key({ collections: all, actAs: { id: ann.id } }),
    keyOfNoUsers: await key({ collections: { staff: ["list", "get"] } }),
    readOnlyKey: await key({ collections: all, actAs: { id: ann.id }, readOnly: true }),
  };
  dead = await deadTokens(url, database.db);
  operations = await operationsOf(server.call);
  const ids = [bob.id, bob.accountId, bob.sessionId, bob.deviceId, ...adorned];
  targets = {
    records: ids.flatMap((id) => ["users", "staff"].map((collection) => ({ collection, id }))),
    ids,
  };
  // The first cursor of an installation stores its secret.
  await server.call("GET", "/v1/collections/users/records?limit=1");
});

function send(as: string | null, { operation, path, body, headers }: Aim, more = {}): Promise<Answer> {
  const sent = operation.name === "batch" ? batch() : body;
  return call(server.url, operation.method, path, sent, { as, headers: { ...headers, ...more } });
}
const described = (who: string, { operation, path }: Aim, { status, text }: Answer) =>
  `${who}: ${operation.method} ${path} -> ${status} ${text.slice(0, 200)}`;

/** The best try at bob over the batch. */
function batch() {
  const at = { collection: "users", id: bob.id };
  const body = { name: "stolen" };
  return {
    mode: "each",
    operations: [
      ...["get", "delete"].map((op) => ({ op, ...at })),
      ...["patch", "put"].map((op) => ({ op, ...at, body })),
      { op: "create", collection: "staff", body: { id: bob.id, name: "stolen" } },
      { op: "list", collection: "users", body: { filter: `id == '${bob.id}'` } },
    ],
  };
}

/** Everything that names bob, wherever it stands; the rows themselves, so that a difference can be read. */
async function everythingOfBob(): Promise<Record<string, unknown>> {
  const { db } = server.database;
  const tables = await db.query<{ name: string }>({
    text: `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname IN ('public', 'landfall') AND tablename NOT IN ('denial', 'throttle', 'ring', 'tick') ORDER BY 1`,
  });
  const found: Record<string, unknown> = {};
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>({
      text: `SELECT (to_jsonb(t) - '{lastUsedAt,lastSeenAt}'::text[])::text AS row FROM ${name} t WHERE t::text LIKE ANY($1::text[]) ORDER BY 1`,
      values: [[bob.id, bob.accountId, canary].map((text) => `%${text}%`)],
    });
    if (rows.length > 0) found[name] = rows.map(({ row }) => row);
  }
  return found;
}

/** What somebody may rightly do to themselves while they aim at bob, and a number of users that anybody may make. */
const actsOnOneself = new Set(["signOut", "signInAnonymously", "refreshTokens"]);

describe("A26 A21 B03 every route x everybody alive x every id of bob's", () => {
  const transports: readonly (readonly [name: string, headers: Record<string, string>])[] = [
    ["plainly", {}],
    ["replayed by an idempotency key", { "idempotency-key": "swept" }],
    ["explained", { "x-landfall-explain": "1" }],
    ["explained as bob", { "x-landfall-explain": "1" }],
    ["from a proxy nobody trusts", { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "evil.example", forwarded: "for=127.0.0.1;host=evil.example" }],
  ]; // biome-ignore format: a table

  test.each(transports)(
    "%s: nothing read, nothing changed",
    async (transport, given) => {
      const isBob = transport === "explained as bob";
      const headers = isBob ? { ...given, "x-landfall-explain-as": JSON.stringify({ id: bob.id }) } : given;
      // Every id once; how it travels is asked with the two that most doors know.
      const aimed =
        transport === "plainly"
          ? targets
          : { records: targets.records.slice(0, 2), ids: [bob.sessionId, bob.deviceId] };
      const before = { state: await state(), bob: await everythingOfBob() };
      expect(Object.keys(before.bob).length).toBeGreaterThan(10);
      const wrong: string[] = [];
      for (const [who, as] of Object.entries(living))
        for (const operation of operations.filter(({ name }) => !actsOnOneself.has(name)))
          for (const aim of aimsOf(operation, aimed)) {
            const answer = await send(as, aim, headers);
            if (answer.status >= 500 || answer.text.includes(canary)) wrong.push(described(who, aim, answer));
            if (!["GET", "POST"].includes(operation.method) && answer.status < 400)
              wrong.push(described(who, aim, answer));
            if (operation.name === "batch" && answer.status === 200)
              for (const { status, body } of answer.json.results)
                if (status < 400 && body?.items?.length !== 0) wrong.push(described(who, aim, answer));
          }
      expect(wrong).toEqual([]);
      expect(await everythingOfBob()).toEqual(before.bob);
      expect(await state()).toEqual(before.state);
    },
    120_000,
  );

  test("what somebody does to themselves leaves bob's as it is", async () => {
    const before = await everythingOfBob();
    for (const as of [null, (await newPerson(server.url, server.database.db)).accessToken])
      for (const operation of operations.filter(({ name }) => actsOnOneself.has(name)))
        for (const aim of aimsOf(operation, targets)) {
          const stolen = { scope: "all", device: { id: bob.deviceId, name: "stolen" }, refreshToken: bob.sessionId };
          const properties = operation.name === "signOut" ? ["scope"] : operation.name === "refreshTokens" ? ["refreshToken"] : ["device"]; // biome-ignore format: one line
          const body = Object.fromEntries(Object.entries(stolen).filter(([name]) => properties.includes(name)));
          expect((await send(as, { ...aim, body })).text).not.toContain(canary);
        }
    expect(await everythingOfBob()).toEqual(before);
  });
});

/** Whoever may create may begin an import, which is noted, whatever becomes of its lines; so is what a key has answered. */
async function state() {
  // That somebody tried is recorded; it changes nothing.
  const { "landfall.import": _, "landfall.idempotencyKey": __, "landfall.audit": ___, ...rest } = await databaseState(server.database.db); // biome-ignore format: one line
  return rest;
}

test("T13 who has no live credential is refused at every door, open ones too, with one answer", async () => {
  const before = await state();
  const answers = new Set<string>();
  const wrong: string[] = [];
  for (const [why, token] of Object.entries(dead))
    for (const operation of operations)
      for (const aim of aimsOf(operation, { records: targets.records.slice(0, 1), ids: targets.ids.slice(0, 1) })) {
        const answer = await send(token, aim);
        if (answer.status !== 401) wrong.push(described(why, aim, answer));
        answers.add(answer.text.replaceAll(/"requestId":"[^"]*"/g, ""));
      }
  expect(wrong).toEqual([]);
  expect([...answers]).toHaveLength(1);
  expect(await state()).toEqual(before);
}, 120_000);

describe("T30 each kind of secret at every door that takes another", () => {
  /** Members that prove something. A new password is any text, so it is no door. */
  const secretNames = /^(refreshToken|token|flow|code|secret|link|recoveryCode|currentPassword)$/;
  /** Which kind opens which body; a path that names its purpose is told apart here. */
  const rightful: { readonly [path: string]: string } = {
    "/v1/auth/refresh": "refresh",
    "/v1/auth/oauth/exchange": "oauthCode",
    "/v1/auth/sign-up/confirm": "signUp",
    "/v1/auth/sign-in/email/confirm": "signIn",
    "/v1/auth/sign-in/factor": "factor",
    "/v1/auth/password/reset/confirm": "passwordReset",
    "/v1/auth/email/confirm": "emailChange",
    "/v1/auth/email/verify/confirm": "emailVerify",
    "/v1/auth/sign-in/passkey": "passkeySignIn",
    "/v1/setup": "setup",
  };

  async function secrets(): Promise<Record<string, string>> {
    const { db } = server.database;
    const { challenges } = signing(db, systemClock);
    const made: Record<string, string> = { refresh: bob.refreshToken, service: serviceKey, access: bob.accessToken };
    const fresh = { lifeMs: 600_000, accountId: bob.accountId, data: {} };
    for (const purpose of challengePurposes) {
      const one = await challenges.make(db, { ...fresh, purpose, withCode: true, withLink: true }, Date.now());
      made[`${purpose}.flow`] = one.secret;
      made[`${purpose}.link`] = one.link ?? "";
      made[`${purpose}.code`] = one.code ?? "";
      made[`${purpose}.alone`] = (await challenges.make(db, { ...fresh, purpose }, Date.now())).secret;
    }
    const email = "owner@example.com";
    made.session = (await server.call("POST", "/v1/admin/sign-in", { email, password: "the owner's password" }, { as: null })).json.token; // biome-ignore format: one line
    made.key = living.keyOfAnotherUser as string;
    made.setup = setupUrl(server).split("#setup=")[1] as string;
    return made;
  }

  test("as a bearer token: only what is one", async () => {
    const opens: string[] = [];
    for (const [kind, secret] of Object.entries(await secrets())) {
      for (const form of [secret, secret.replace(/^lf_[a-z]+_/, "lf_key_"), secret.replace(/^lf_[a-z]+_/, "lf_ses_"), `${secret}=`]) {
        const { status } = await server.call("GET", "/v1/auth/methods", undefined, { as: form });
        if (status !== 401) opens.push(kind);
      }
    } // biome-ignore format: one line
    expect([...new Set(opens)].sort()).toEqual(["access", "key", "service", "session"]);
  });

  test("in every body that takes a secret: refused, and not spent", async () => {
    const document = (await server.call("GET", "/v1/openapi.json")).json;
    const all = await secrets();
    const made = await rowsOfChallenges();
    const wrong: string[] = [];
    const doors = new Set<string>();
    for (const operation of operations.filter(({ method, path }) => method !== "GET" && !path.includes("{")))
      for (const { names, example } of bodiesOf(document, operation))
        for (const name of names.filter((one) => secretNames.test(one))) {
          doors.add(`${operation.path} ${name}`);
          for (const [kind, secret] of Object.entries(all)) {
            const own = rightful[operation.path];
            if (own === kind || kind.startsWith(`${own}.`)) continue;
            await server.database.db.query({ text: "DELETE FROM landfall.throttle" });
            // A flow of another purpose comes with the code that belongs to it.
            const code = names.includes("code") && name === "flow" ? { code: all[kind.replace(/\.flow$/, ".code")] ?? "000000" } : {}; // biome-ignore format: one line
            const body = { ...example, ...code, [name]: secret };
            const answer = await server.call(operation.method, operation.path, body, { as: null });
            if (answer.status < 400 || answer.status >= 500)
              wrong.push(`${kind} as ${name} of ${operation.name}: ${answer.status} ${answer.text}`);
          }
        }
    expect(wrong).toEqual([]);
    expect(doors).toContain("/v1/auth/refresh refreshToken");
    const left = new Map((await rowsOfChallenges()).map((row) => [row.id, row.triesLeft]));
    expect(made.filter(({ id, triesLeft }) => left.get(id) !== triesLeft)).toEqual([]);
  }, 60_000);

  const rowsOfChallenges = () => server.database.db.query<{ id: string; purpose: string; triesLeft: number }>({ text: `SELECT id, purpose, "triesLeft" FROM landfall.challenge` }); // biome-ignore format: one line
});

interface Body {
  readonly names: readonly string[];
  readonly example: Record<string, unknown>;
}

/** Each form that a body may have, with what the documentation shows of it. */
// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked as plain JSON
function bodiesOf(document: any, { method, path }: Operation): Body[] {
  const content = document.paths[path][method.toLowerCase()].requestBody?.content?.["application/json"];
  const schema = deref(document, content?.schema);
  const example = content?.example ?? schema?.examples?.[0] ?? {};
  const forms = [schema, ...(schema?.anyOf ?? []), ...(schema?.oneOf ?? [])].map((form) => deref(document, form));
  return forms
    .filter((form) => form?.properties !== undefined)
    .map((form) => {
      const names = Object.keys(form.properties);
      return { names, example: Object.fromEntries(Object.entries(example).filter(([name]) => names.includes(name))) };
    });
}

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked as plain JSON
function deref(document: any, schema: any): any {
  if (schema?.$ref === undefined) return schema;
  return deref(document, schema.$ref.slice(2).split("/").reduce((at: Record<string, unknown>, key: string) => at[key], document)); // biome-ignore format: one line
}
