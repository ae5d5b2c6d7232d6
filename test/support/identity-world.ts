// People to attack with and to attack: two users who know of each other, one of another collection, and everybody whose
// credential should open nothing any more. What is bob's holds the canary, a text that stands nowhere else. Whatever the server
// would sign is signed here with its own keys, so that a forged token differs from an honest one in one point only.
import { createAccessTokens } from "../../server/auth/access-token.ts";
import { createChallenges } from "../../server/auth/challenge.ts";
import { createTokenKeys } from "../../server/auth/token-key.ts";
import type { Clock } from "../../server/kernel/clock.ts";
import type { Db } from "../../server/kernel/db/index.ts";
import { masterKey as openMasterKey } from "../../server/kernel/master-key.ts";
import { call, masterKey, serviceKey } from "./server.ts";

export const publicUrl = "http://localhost:4999";
/** For every server that such a world is made on. */
export const identitySettings = {
  LANDFALL_MASTER_KEY: masterKey,
  LANDFALL_PUBLIC_URL: publicUrl,
  LANDFALL_RATE_PER_ADDRESS: "0",
  LANDFALL_RATE_PER_CREDENTIAL: "0",
} as const;

export interface Person {
  readonly id: string;
  readonly accountId: string;
  readonly sessionId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** One more user of a collection, signed in anonymously; no budget of an address stands in the way. */
export async function newPerson(url: string, db: Db, collection = "users"): Promise<Person> {
  await db.query({ text: "DELETE FROM landfall.throttle" });
  const answer = await call(url, "POST", "/v1/auth/sign-in/anonymous", { collection }, { as: null });
  if (answer.status !== 201) throw new Error(answer.text);
  const { user, session, accessToken, refreshToken } = answer.json;
  const [row] = await db.query<{ id: string }>({ text: `SELECT id FROM landfall.account WHERE "recordId" = $1`, values: [user.id] }); // biome-ignore format: one line
  return { id: user.id, accountId: row?.id ?? "", sessionId: session.id, deviceId: session.deviceId, accessToken, refreshToken }; // biome-ignore format: one line
}

/** A second collection of users, and anonymous sign-in in both. */
export async function openIdentities(url: string): Promise<void> {
  const must = async (method: string, path: string, body: unknown) => {
    const answer = await call(url, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  };
  const fields = [
    { name: "name", type: "text", max: 200 },
    { name: "note", type: "text", hidden: true },
  ];
  const rules = { list: "id == auth.id", create: "id == auth.id", update: "id == auth.id", delete: "id == auth.id" };
  await must("POST", "/v1/collections", { name: "staff", kind: "auth", fields, rules });
  await must("PATCH", "/v1/collections/users", { fields, rules });
  for (const collection of ["users", "staff"])
    await must("PATCH", `/v1/collections/${collection}/auth`, {
      settings: { methods: { anonymous: { enabled: true } } },
    });
}

/** Gives an account everything that an account can have, each with the canary in it. The ids of what was made. */
export async function adorn(db: Db, person: Person, canary: string): Promise<readonly string[]> {
  const { accountId, id, deviceId } = person;
  const own = (what: string) => `${what}-${id}`;
  const statements: readonly (readonly [text: string, values: readonly unknown[]])[] = [
    [`UPDATE landfall.account SET email = $2, "emailKey" = $2, "emailVerifiedAt" = now(), username = $3, "usernameKey" = $3, phone = $4, anonymous = false, "passwordHash" = $5 WHERE id = $1`, [accountId, `${canary}@example.com`, `${canary}-name`, `+49${canary}`, canary]],
    ["UPDATE public.users SET name = $2, note = $2 WHERE id = $1", [id, canary]],
    ["UPDATE landfall.device SET name = $2, place = $2 WHERE id = $1", [deviceId, canary]],
    [`INSERT INTO landfall.identity (id, "accountId", "collectionId", provider, issuer, subject, email, "createdAt", "lastUsedAt") SELECT $2, id, "collectionId", 'google', 'https://accounts.google.com', $3, $3, now(), now() FROM landfall.account WHERE id = $1`, [accountId, own("identity"), canary]],
    [`INSERT INTO landfall.factor (id, "accountId", kind, name, sealed, "createdAt", "confirmedAt") VALUES ($2, $1, 'totp', $3, $3, now(), now())`, [accountId, own("factor"), canary]],
    [`INSERT INTO landfall."recoveryCode" ("codeHash", "accountId", "createdAt") VALUES ($2, $1, now())`, [accountId, own("code")]],
    [`INSERT INTO landfall.passkey (id, "accountId", "collectionId", name, "publicKey", "userHandle", counter, transports, "backedUp", aaguid, "createdAt") SELECT $2, id, "collectionId", $3, ''::bytea, $2, 0, '{}', false, '', now() FROM landfall.account WHERE id = $1`, [accountId, own("passkey"), canary]],
    [`INSERT INTO landfall.team (id, "collectionId", name, "createdAt", "updatedAt") SELECT $2, "collectionId", $3, now(), now() FROM landfall.account WHERE id = $1`, [accountId, own("team"), canary]],
    [`INSERT INTO landfall."teamMember" ("teamId", "accountId", roles, "createdAt") VALUES ($2, $1, '{owner}', now())`, [accountId, own("team")]],
  ]; // biome-ignore format: a table
  for (const [text, values] of statements) await db.query({ text, values: [...values] });
  return ["identity", "factor", "passkey", "team"].map(own);
}

/** The server's own signing, with a clock by hand. */
export function signing(db: Db, clock: Clock) {
  const key = openMasterKey(Buffer.from(masterKey, "hex"));
  const keys = createTokenKeys(db, key, clock);
  return { keys, accessTokens: createAccessTokens({ keys, clock, publicUrl }), challenges: createChallenges(key) };
}

/** Bearer tokens of those whose time is over, by why it is. */
export async function deadTokens(url: string, db: Db): Promise<{ readonly [why: string]: string }> {
  const person = () => newPerson(url, db);
  const [suspended, deleted, signedOut, expired] = [await person(), await person(), await person(), await person()];
  const [bound, elsewhere, ended] = [await person(), await person(), await person()];
  const { accessTokens } = signing(db, atTime(Date.now()));
  const past = signing(db, atTime(Date.now() - 3_600_000)).accessTokens;
  const claims = ({ id, sessionId }: Person) => ({ subject: id, sessionId, roles: [], collection: "users", clientId: "landfall" }); // biome-ignore format: one line
  await db.query({
    text: `UPDATE landfall.account SET "suspendedAt" = now() WHERE id = $1`,
    values: [suspended.accountId],
  });
  await call(url, "DELETE", `/v1/collections/users/records/${deleted.id}`);
  await call(url, "POST", "/v1/auth/sign-out", {}, { as: signedOut.accessToken });
  await db.query({ text: `UPDATE landfall."userSession" SET "expiresAt" = now() - interval '1 s' WHERE id = $1`, values: [ended.sessionId] }); // biome-ignore format: one line
  return {
    suspended: suspended.accessToken,
    deleted: deleted.accessToken,
    signedOut: signedOut.accessToken,
    sessionExpired: ended.accessToken,
    expired: (await past.issue(claims(expired), 600_000)).token,
    boundToAKey: (await accessTokens.issue({ ...claims(bound), keyThumbprint: "x".repeat(43) }, 600_000)).token,
    otherSubject: (await accessTokens.issue({ ...claims(elsewhere), subject: bound.id }, 600_000)).token,
    noSession: (await accessTokens.issue({ ...claims(elsewhere), sessionId: crypto.randomUUID() }, 600_000)).token,
    wrongKey: `${serviceKey.slice(0, -1)}x`,
  };
}

export const atTime = (ms: number): Clock => ({ now: () => ms, monotonicMs: () => performance.now() });
