// Where secrets may not turn up: in logs of any level, in tables in clear, in answers other than the one that hands them
// out. Every flow that carries one is driven, the failing ones too, since it is errors that are logged with their context.
import { expect, test } from "vitest";
import { type Answer, masterKey, serviceKey, setupUrl, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_LOG_LEVEL: "debug", LANDFALL_MASTER_KEY: masterKey });
const email = "owner@example.com";

test("X04 A18 passwords, tokens, keys and links are in no log line, no table and no other answer", async () => {
  const password = "canary-password-one";
  const next = "canary-password-two";
  const wrong = "canary-password-wrong";
  const answers: Answer[] = [];
  /** Sends, and keeps the answer for the search unless it is the one that hands a secret out. */
  const send = async (...asked: Parameters<typeof server.call>): Promise<Answer> => {
    const answer = await server.call(...asked);
    answers.push(answer);
    return answer;
  };
  const setup = setupUrl(server).split("#setup=")[1] as string;
  await send("POST", "/v1/setup", { secret: `${setup}x`, email, password }, { as: null });
  await send("POST", "/v1/setup", `{"secret":"${setup}","email":"${email}","password":"${password}"`, { as: null });
  await send("POST", "/v1/setup", { secret: setup, email: { a: password }, password: [password] }, { as: null });
  const made = await server.call("POST", "/v1/setup", { secret: setup, email, password }, { as: null });
  expect(made.status).toBe(201);
  await send("POST", "/v1/setup", { secret: setup, email, password }, { as: null });

  await send("POST", "/v1/admin/sign-in", { email, password: wrong }, { as: null });
  await send("POST", "/v1/admin/sign-in", { email, password: wrong, extra: wrong }, { as: null });
  await send("POST", `/v1/admin/sign-in?password=${wrong}`, { email, password }, { as: null });
  await send("POST", "/v1/admin/sign-in", wrong, { as: null });
  const signedIn = await server.call("POST", "/v1/admin/sign-in", { email, password }, { as: null });
  expect(signedIn.status).toBe(200);
  const token = signedIn.json.token as string;
  await send("GET", "/v1/admin/me", undefined, { as: token });
  await send("GET", "/v1/admin/sessions", undefined, { as: token });
  await send("POST", "/v1/admin/password", { currentPassword: wrong, password: next }, { as: token });
  const changed = await send(
    "POST",
    "/v1/admin/password",
    { currentPassword: password, password: next },
    { as: token },
  );
  expect(changed.status).toBe(204);

  const key = await server.call("POST", "/v1/api-keys", { name: "k", collections: {} }, { as: token });
  expect(key.status).toBe(201);
  const secret = key.json.secret as string;
  const rotated = await server.call("POST", `/v1/api-keys/${key.json.id}:rotate`, undefined, { as: token });
  await send("GET", "/v1/api-keys", undefined, { as: token });
  await send("PATCH", `/v1/api-keys/${key.json.id}`, { name: "renamed" }, { as: token });
  for (const misplaced of [secret, token, serviceKey]) {
    await send("GET", "/v1/api-keys", undefined, { as: `${misplaced}x` });
    await send("GET", `/v1/api-keys?access_token=${misplaced}`, undefined, { as: null });
    await send("DELETE", `/v1/api-keys/${misplaced}`, undefined, { as: token });
    await send("GET", `/v1/${misplaced}`, undefined, { as: null });
    for (const headers of [{ cookie: `session=${misplaced}` }, { "x-api-key": misplaced }, { authorization: `Basic ${btoa(misplaced)}` }, { "idempotency-key": misplaced }, { referer: `https://x.example/#${misplaced}` }, { "user-agent": misplaced }]) // biome-ignore format: one line
      await send("POST", "/v1/api-keys", "{", { as: null, headers });
  }
  await send("POST", "/v1/admin/sign-out", undefined, { as: token });

  const secrets = [
    password,
    next,
    wrong,
    setup,
    made.json.token,
    token,
    secret,
    rotated.json.secret,
    serviceKey,
    masterKey,
  ];
  expect(secrets.every((one) => typeof one === "string" && one.length > 15)).toBe(true);
  const found = (text: string) => secrets.filter((one) => text.includes(one));
  expect(found(server.output())).toEqual([]);
  expect(answers.flatMap(({ text }) => found(text))).toEqual([]);
  expect(found(await everyRow())).toEqual([]);
  expect(server.output().length).toBeGreaterThan(5_000);
});

/** All system tables as text. */
async function everyRow(): Promise<string> {
  const { db } = server.database;
  const tables = await db.query<{ table: string }>({
    text: `SELECT relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'landfall' AND relkind = 'r'`,
  });
  const rows = await Promise.all(
    tables.map(({ table }) => db.query({ text: `SELECT to_jsonb(t)::text AS row FROM landfall."${table}" t` })),
  );
  return JSON.stringify(rows);
}
