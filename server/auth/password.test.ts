// Passwords at rest: form, truncation, cost changes, bounded work.
import { expect, test } from "vitest";
import { createPasswordHasher, passwordCost } from "./password.ts";

const cheap = { memoryKiB: 64, passes: 1, lanes: 1 };
const hasher = createPasswordHasher({ cost: cheap });

test("the default cost is OWASP's and stands in the hash", async () => {
  const real = createPasswordHasher();
  const stored = await real.hash("correct horse");
  expect(passwordCost).toEqual({ memoryKiB: 19_456, passes: 2, lanes: 1 });
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await real.verify("correct horse", stored)).toBe(true);
  expect(await real.verify("correct horsE", stored)).toBe(false);
});

test("two hashes of one password differ", async () => {
  expect(await hasher.hash("correct horse")).not.toBe(await hasher.hash("correct horse"));
});

test("T25 a suffix after 72 bytes and a NUL suffix matter, 1,000 characters are taken whole", async () => {
  const long = "x".repeat(72);
  const stored = await hasher.hash(`${long}a`);
  expect(await hasher.verify(`${long}b`, stored)).toBe(false);
  expect(await hasher.verify(long, stored)).toBe(false);
  expect(await hasher.verify("pass\0word", await hasher.hash("pass\0w0rd"))).toBe(false);
  expect(await hasher.verify("password", await hasher.hash("password\0"))).toBe(false);
  const huge = "ü".repeat(999);
  expect(await hasher.verify(`${huge}1`, await hasher.hash(`${huge}2`))).toBe(false);
  expect(await hasher.verify(`${huge}1`, await hasher.hash(`${huge}1`))).toBe(true);
});

test("a hash of another cost verifies and is outdated", async () => {
  const stored = await hasher.hash("correct horse");
  const dearer = createPasswordHasher({ cost: { memoryKiB: 128, passes: 2, lanes: 1 } });
  expect(await dearer.verify("correct horse", stored)).toBe(true);
  expect(dearer.isOutdated(stored)).toBe(true);
  expect(hasher.isOutdated(stored)).toBe(false);
});

test.each([
  null,
  "",
  "plain",
  `$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$${"A".repeat(43)}`,
  `$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$${"A".repeat(43)}`,
])("no usable hash (%s) is false, not an error", async (stored) => {
  expect(await hasher.verify("correct horse", stored)).toBe(false);
});

test("D10 hashing is bounded: those beyond the queue are refused at once, the others all end", async () => {
  const narrow = createPasswordHasher({ cost: cheap, concurrencyMax: 2, waitingMax: 5 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => narrow.hash("correct horse")));
  const refused = results.filter((result) => result.status === "rejected");
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(7);
  expect(refused.map((result) => (result.reason as { code: string }).code)).toEqual(
    Array(13).fill("password_checks_busy"),
  );
  await expect(narrow.hash("correct horse")).resolves.toContain("$argon2id$");
});
