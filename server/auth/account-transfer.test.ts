// Users in and out: hashes of elsewhere, lines that are refused, what an export does not say.
import bcrypt from "bcryptjs";
import { beforeEach, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { accountByHandle } from "./account-store.ts";
import { serviceKey } from "./auth.fixture.ts";
import { audited, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database);
const collection = { token: serviceKey, params: { collection: "users" } };

beforeEach(async () => {
  await database.db.query({ text: "TRUNCATE landfall.audit" });
  await database.db.query({ text: "DELETE FROM public.users" });
});

const load = async (...lines: (object | string)[]) => {
  const stream = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  return (await users.call("importAccounts", { ...collection, stream })).json;
};
const exported = async (query = {}) => (await users.call("exportAccounts", { ...collection, query })).text ?? "";
const stored = async (email: string) => {
  const id = users.bed.registry.current().byName.get("users")?.id as number;
  return accountByHandle(database.db, id, { emailKey: email });
};

test("users keep the passwords they had elsewhere, and a record each", async () => {
  const passwordHash = bcrypt.hashSync("correct horse", 4);
  const answer = await load({ email: "Ann@example.com", emailVerified: true, passwordHash, profile: { name: "Ann" }, roles: ["editor"] }); // biome-ignore format: one line
  expect(answer).toEqual({ lines: 1, imported: 1, failed: 0, errors: [] });
  const account = await stored("ann@example.com");
  expect(account).toMatchObject({ email: "Ann@example.com", roles: ["editor"], emailVerifiedAt: expect.any(Date) });
  expect(await users.passwords.verify("correct horse", account?.passwordHash ?? null)).toBe(true);
  expect(await users.passwords.verify("correct horse ", account?.passwordHash ?? null)).toBe(false);
  expect(await database.db.query({ text: "SELECT name FROM public.users" })).toEqual([{ name: "Ann" }]);
  expect(await audited(database, "account_created")).toMatchObject([{ detail: { imported: true } }]);
});

test("a line that cannot be costs itself only, and says why; nothing is left of it", async () => {
  const answer = await load(
    { email: "ann@example.com" },
    { email: "ANN@example.com", profile: { name: "Ghost" } },
    "no json",
    { email: "bob@example.com", passwordHash: "secret" },
    { email: "carl@example.com", profile: { nothing: 1 } },
    { email: "dora@example.com", profile: { id: "chosen" } },
    "",
    { username: "emil" },
  );
  expect(answer).toMatchObject({ lines: 8, imported: 2, failed: 5 });
  expect(answer.errors.map(({ line, code }: { line: number; code: string }) => `${line} ${code}`)).toEqual([
    "2 handle_taken",
    "3 invalid_type",
    "4 custom",
    "5 record_invalid",
    "6 profile_invalid",
  ]);
  expect(JSON.stringify(answer)).not.toContain('"secret"');
  expect(await database.db.query({ text: "SELECT 1 FROM public.users" })).toHaveLength(2);
});

test("a file that is sent again takes in what was missing, over more than one chunk", async () => {
  const lines = Array.from({ length: 230 }, (_, at) => ({ email: `u${at}@example.com` }));
  expect(await load(...lines.slice(0, 120))).toMatchObject({ imported: 120, failed: 0 });
  expect(await load(...lines)).toMatchObject({ lines: 230, imported: 110, failed: 120 });
  expect((await exported()).trim().split("\n")).toHaveLength(230);
});

test("an export says nothing that lets anybody in, and comes in again; suspended users stay out", async () => {
  await load({ email: "ann@example.com", emailVerified: true, passwordHash: bcrypt.hashSync("correct horse", 4), suspendedAt: "2026-01-01T00:00:00.000Z", claims: { plan: "pro" } }); // biome-ignore format: one line
  const text = await exported();
  expect(text).not.toMatch(/\$2b|passwordHash|recordId|emailKey/);
  await database.db.query({ text: "DELETE FROM public.users" });
  expect(await load(text.trim())).toMatchObject({ imported: 1 });
  expect(await stored("ann@example.com")).toMatchObject({ claims: { plan: "pro" }, suspendedAt: expect.any(Date), passwordHash: null }); // biome-ignore format: one line
  expect(await audited(database, "account_exported")).toMatchObject([{ detail: { hashes: false } }]);
});

test("hashes go out with the flag, and the record says so", async () => {
  const passwordHash = bcrypt.hashSync("correct horse", 4);
  await load({ email: "ann@example.com", passwordHash });
  expect(JSON.parse(await exported({ hashes: "true" }))).toMatchObject({ passwordHash });
  expect(await audited(database, "account_exported")).toMatchObject([{ actor: "service", detail: { hashes: true } }]);
});
