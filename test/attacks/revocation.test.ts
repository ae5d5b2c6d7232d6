// T13: what ends or changes a credential is known within two seconds in the process that was told, and within five in every other,
// with verdicts warm in both. Each ending is waited for by asking, and the time it took is asserted.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { identitySettings, newPerson, openIdentities, type Person } from "../support/identity-world.ts";
import { call, type ServerProcess, startServer } from "../support/server.ts";

const database = testDatabase();
const servers: ServerProcess[] = [];
const hereMs = 2_000;
const elsewhereMs = 5_000;

beforeAll(async () => {
  const settings = { ...identitySettings, DATABASE_URL: database.url, LANDFALL_LOG_LEVEL: "warn" };
  servers.push(await startServer(settings), await startServer(settings));
  await openIdentities(url(0));
  await database.db.query({ text: "INSERT INTO landfall.team SELECT 'red', id, 'Red', now(), now() FROM landfall.collection WHERE name = 'users'" }); // biome-ignore format: one line
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop("SIGKILL")));
});

const url = (n: number) => (servers[n] as ServerProcess).url;
const sql = (text: string, ...values: unknown[]) => database.db.query({ text, values });
const remove = (path: string, as: string) => call(url(0), "DELETE", path, undefined, { as });

/** How long after `startedMs` something became true; it is asked again and again. */
async function took(startedMs: number, limitMs: number, isSo: () => Promise<boolean>): Promise<number> {
  while (!(await isSo())) {
    if (performance.now() - startedMs > 2 * limitMs) return Number.POSITIVE_INFINITY;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - startedMs;
}

const statusOf = async (n: number, token: string) => (await call(url(n), "GET", "/v1/auth/methods", undefined, { as: token })).status; // biome-ignore format: one line
const refreshed = async (n: number, refreshToken: string) => (await call(url(n), "POST", "/v1/auth/refresh", { refreshToken }, { as: null })).status; // biome-ignore format: one line

interface Ending {
  readonly name: string;
  /** Ends what `victim` has; `other` is a second session of the same account. */
  readonly end: (victim: Person, other: Person) => Promise<unknown>;
  /** What a refresh token is answered by then; absent: 401. */
  readonly refresh?: number;
}

const endings: readonly Ending[] = [
  { name: "signed out", end: (victim) => call(url(0), "POST", "/v1/auth/sign-out", {}, { as: victim.accessToken }) },
  { name: "signed out everywhere", end: (victim) => call(url(0), "POST", "/v1/auth/sign-out", { scope: "all" }, { as: victim.accessToken }) },
  { name: "signed out elsewhere, by another session", end: (_, other) => call(url(0), "POST", "/v1/auth/sign-out", { scope: "others" }, { as: other.accessToken }) },
  { name: "session ended by another session", end: (victim, other) => remove(`/v1/auth/sessions/${victim.sessionId}`, other.accessToken) },
  { name: "device revoked by another session", end: (victim, other) => remove(`/v1/auth/devices/${victim.deviceId}`, other.accessToken) },
  { name: "record deleted by its own user", end: (victim) => remove(`/v1/collections/users/records/${victim.id}`, victim.accessToken) },
  { name: "record deleted by an admin", end: (victim) => call(url(0), "DELETE", `/v1/collections/users/records/${victim.id}`) },
  { name: "record deleted by SQL", end: (victim) => sql("DELETE FROM public.users WHERE id = $1", victim.id) },
  { name: "record deleted and made again with its id", end: async (victim) => { await sql("DELETE FROM public.users WHERE id = $1", victim.id); await sql("INSERT INTO public.users (id) VALUES ($1)", victim.id); } },
  { name: "record given another id", end: (victim) => sql("UPDATE public.users SET id = $2 WHERE id = $1", victim.id, `${victim.id}-2`) },
  { name: "account suspended", end: (victim) => sql(`UPDATE landfall.account SET "suspendedAt" = now() WHERE id = $1`, victim.accountId), refresh: 403 },
  { name: "session row gone", end: (victim) => sql(`DELETE FROM landfall."userSession" WHERE id = $1`, victim.sessionId) },
  { name: "device row gone", end: (victim) => sql("DELETE FROM landfall.device WHERE id = $1", victim.deviceId) },
]; // biome-ignore format: a table

describe("T13 A23 endings x {access token, refresh token} x {this process, another}", () => {
  test.each(endings)("$name", async ({ end, refresh = 401 }) => {
    const victim = await newPerson(url(0), database.db);
    const bystander = await newPerson(url(0), database.db);
    const other = await secondSession(victim);
    for (const n of [0, 1]) for (const { accessToken } of [victim, bystander, other]) expect(await statusOf(n, accessToken)).toBe(200); // biome-ignore format: one line
    const startedMs = performance.now();
    await end(victim, other);
    const times = await Promise.all([
      took(startedMs, hereMs, async () => (await statusOf(0, victim.accessToken)) === 401),
      took(startedMs, elsewhereMs, async () => (await statusOf(1, victim.accessToken)) === 401),
      took(startedMs, hereMs, async () => (await refreshed(0, victim.refreshToken)) === refresh),
      took(startedMs, elsewhereMs, async () => (await refreshed(1, victim.refreshToken)) === refresh),
    ]);
    expect(times.map((ms, n) => ms <= (n % 2 === 0 ? hereMs : elsewhereMs)), String(times)).toEqual([true, true, true, true]); // biome-ignore format: one line
    // It stays dead, and nobody else is touched.
    for (const n of [0, 1]) {
      expect(await statusOf(n, victim.accessToken)).toBe(401);
      expect(await statusOf(n, bystander.accessToken)).toBe(200);
    }
  });
});

/** Opened beside the first one, as by a sign-in on another device. */
async function secondSession(person: Person): Promise<Person> {
  const other = await newPerson(url(0), database.db);
  await sql(`UPDATE landfall.device SET "accountId" = $2 WHERE id = $1`, other.deviceId, person.accountId);
  await sql(`UPDATE landfall."userSession" SET "accountId" = $2 WHERE id = $1`, other.sessionId, person.accountId);
  const { json } = await call(url(0), "POST", "/v1/auth/refresh", { refreshToken: other.refreshToken }, { as: null });
  return { ...other, id: person.id, accountId: person.accountId, accessToken: json.accessToken, refreshToken: json.refreshToken }; // biome-ignore format: one line
}

describe("T13 what a user is changes under their rules, in both processes", () => {
  beforeAll(async () => {
    const rules = {
      list: "'editor' in auth.roles || 'red' in auth.teams || 'red:lead' in auth.teams || auth.claims.plan == 'gold'",
    };
    expect((await call(url(0), "POST", "/v1/collections", { name: "papers", rules })).status).toBe(201);
    expect((await call(url(0), "POST", "/v1/collections/papers/records", { id: "p1" })).status).toBe(201);
  });
  const sees = async (n: number, token: string) => (await call(url(n), "GET", "/v1/collections/papers/records/p1", undefined, { as: token })).status === 200; // biome-ignore format: one line

  const changes: readonly (readonly [name: string, give: string, take: string])[] = [
    ["role dropped", "UPDATE landfall.account SET roles = '{editor}' WHERE id = $1", "UPDATE landfall.account SET roles = '{}' WHERE id = $1"],
    ["claim dropped", `UPDATE landfall.account SET claims = '{"plan":"gold"}' WHERE id = $1`, "UPDATE landfall.account SET claims = '{}' WHERE id = $1"],
    ["team left", `INSERT INTO landfall."teamMember" VALUES ('red', $1, '{}', now())`, `DELETE FROM landfall."teamMember" WHERE "accountId" = $1`],
    ["team role dropped", `INSERT INTO landfall."teamMember" VALUES ('red', $1, '{lead}', now())`, `UPDATE landfall."teamMember" SET "teamId" = 'blue', roles = '{}' WHERE "accountId" = $1`],
    ["team removed", `INSERT INTO landfall."teamMember" VALUES ('red', $1, '{}', now())`, `DELETE FROM landfall.team WHERE id = 'red' AND $1 <> ''`],
  ]; // biome-ignore format: a table
  test.each(changes)("%s", async (_, give, take) => {
    await sql("INSERT INTO landfall.team SELECT 'blue', id, 'Blue', now(), now() FROM landfall.collection WHERE name = 'users' ON CONFLICT DO NOTHING"); // biome-ignore format: one line
    const person = await newPerson(url(0), database.db);
    for (const n of [0, 1]) expect(await sees(n, person.accessToken)).toBe(false);
    for (const [text, wanted] of [[give, true], [take, false]] as const) {
      const startedMs = performance.now();
      await sql(text, person.accountId);
      const times = await Promise.all([0, 1].map((n) => took(startedMs, hereMs, async () => (await sees(n, person.accessToken)) === wanted))); // biome-ignore format: one line
      for (const ms of times) expect(ms).toBeLessThanOrEqual(hereMs);
    } // biome-ignore format: two lines
  });
});

describe("T13 keys and admins x {this process, another}", () => {
  const key = async () => (await call(url(0), "POST", "/v1/api-keys", { name: "k", collections: { users: ["list"] } })).json; // biome-ignore format: one line
  const lists = async (n: number, token: string) => (await call(url(n), "GET", "/v1/collections/users/records", undefined, { as: token })).status; // biome-ignore format: one line

  const ends: readonly (readonly [name: string, end: (id: string) => Promise<unknown>, status: number])[] = [
    ["key deleted", (id) => call(url(0), "DELETE", `/v1/api-keys/${id}`), 401],
    ["key deleted by SQL", (id) => sql(`DELETE FROM landfall."apiKey" WHERE id = $1`, id), 401],
    ["key narrowed", (id) => call(url(0), "PATCH", `/v1/api-keys/${id}`, { collections: { staff: ["list"] } }), 404],
    ["key expired by an admin", (id) => sql(`UPDATE landfall."apiKey" SET "expiresAt" = now() - interval '1 s' WHERE id = $1`, id), 401],
    ["collection of its scope dropped", async () => { await call(url(0), "DELETE", "/v1/collections/users?confirm=loss"); }, 404],
  ]; // biome-ignore format: a table
  test.each(ends)("%s", async (_, end, status) => {
    const { id, secret } = await key();
    for (const n of [0, 1]) expect(await lists(n, secret)).toBe(200);
    const startedMs = performance.now();
    await end(id);
    const times = await Promise.all([0, 1].map((n) => took(startedMs, n === 0 ? hereMs : elsewhereMs, async () => (await lists(n, secret)) === status))); // biome-ignore format: one line
    expect(times[0]).toBeLessThanOrEqual(hereMs);
    expect(times[1]).toBeLessThanOrEqual(elsewhereMs);
  });
});
