// What tests of users share: this room on the real collections room, with a collection `users` and a clock by hand.
import { beforeAll } from "vitest";
import type { TestDatabase } from "../../test/support/database.ts";
import { recordTestbed, type Testbed } from "../collections/record-testbed.ts";
import { type ManualClock, manualClock, password, type TestAuth, testAuth } from "./auth.fixture.ts";
import type { AuthOptions } from "./index.ts";

export const usersDefinition = {
  name: "users",
  kind: "auth",
  fields: [
    { name: "name", type: "text", max: 200 },
    { name: "note", type: "text", hidden: true },
  ],
  rules: { list: "id == auth.id", create: "id == auth.id", update: "id == auth.id" },
} as const;

export interface TestUsers extends TestAuth {
  readonly bed: Testbed;
}

/** Call at the top level of a file; ready from beforeAll on. `settings` are those of `users`. */
export function testUsers(
  database: TestDatabase,
  settings: object = {},
  options: () => Omit<Partial<AuthOptions>, "clock"> = () => ({}),
): TestUsers {
  const bed = recordTestbed(database, [usersDefinition as never]);
  const clock: ManualClock = manualClock();
  let users: TestUsers | undefined;
  beforeAll(async () => {
    const records = { read: bed.reader.read, create: bed.writer.create, remove: bed.writer.remove };
    const auth = testAuth(database.db, { clock, collections: bed.registry, records, ...options() });
    users = Object.assign(auth, { bed });
    await changeSettings(database, settings);
  });
  return new Proxy({} as TestUsers, {
    get: (_, name) => Reflect.get(users ?? missing(), name),
    set: (_, name, value) => Reflect.set(users ?? missing(), name, value),
  });
}

const missing = (): never => {
  throw new Error("testUsers() is ready from beforeAll on");
};

/** Replaces the settings of `users`. */
export async function changeSettings(database: TestDatabase, settings: object): Promise<void> {
  await database.db.query({
    text: `INSERT INTO landfall."authSetting" ("collectionId", settings, "updatedAt")
           SELECT id, $1, clock_timestamp() FROM landfall.collection WHERE name = 'users'
           ON CONFLICT ("collectionId") DO UPDATE SET settings = excluded.settings, revision = landfall."authSetting".revision + 1`,
    values: [JSON.stringify(settings)],
  });
}

/** A user with a proved address and this password, and their tokens. */
export async function signedUp(users: TestUsers, email: string, secret = password) {
  const { flow } = (await users.call("signUp", { body: { email, password: secret } })).json;
  return (await users.call("confirmSignUp", { body: { flow, code: users.mailer.to(email).values.code } })).json;
}

/** Rows of the audit of one event, oldest first. */
export async function audited(database: TestDatabase, event: string): Promise<Record<string, unknown>[]> {
  return database.db.query({ text: "SELECT * FROM landfall.audit WHERE event = $1 ORDER BY id", values: [event] });
}
