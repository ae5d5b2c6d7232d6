// The exact limiter: its arithmetic, its exactness under parallel tries, and what it takes for one address.
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { addressSubject, type Limit, refundLimit, strictLimit, sweepLimits } from "./throttle.ts";

const database = testDatabase();
const limit: Limit = { name: "test", burst: 10, refillMs: 60_000 };
const t0 = Date.UTC(2026, 0, 1);

test("100 parallel tries spend exactly the burst", async () => {
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => strictLimit(database.db, limit, "p", t0)));
  expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(10);
});

test("a try comes back after refillMs and not before, and Retry-After says when", async () => {
  for (let i = 0; i < 10; i++) await strictLimit(database.db, limit, "r", t0);
  const refused = await strictLimit(database.db, limit, "r", t0 + 20_000);
  expect(refused).toEqual({ allowed: false, retryAfterMs: 40_000 });
  expect((await strictLimit(database.db, limit, "r", t0 + 59_999)).allowed).toBe(false);
  expect((await strictLimit(database.db, limit, "r", t0 + 60_000)).allowed).toBe(true);
  expect((await strictLimit(database.db, limit, "r", t0 + 60_000)).allowed).toBe(false);
});

test("a refund gives one try back; subjects do not share a budget", async () => {
  for (let i = 0; i < 10; i++) await strictLimit(database.db, limit, "a", t0);
  expect((await strictLimit(database.db, limit, "b", t0)).allowed).toBe(true);
  await refundLimit(database.db, limit, "a");
  expect((await strictLimit(database.db, limit, "a", t0)).allowed).toBe(true);
  expect((await strictLimit(database.db, limit, "a", t0)).allowed).toBe(false);
});

test("G01 a clock that stepped back a day neither locks the key for a day nor gives a new burst", async () => {
  for (let i = 0; i < 10; i++) await strictLimit(database.db, limit, "c", t0 + 86_400_000);
  expect((await strictLimit(database.db, limit, "c", t0)).allowed).toBe(true);
  expect((await strictLimit(database.db, limit, "c", t0)).allowed).toBe(false);
  expect((await strictLimit(database.db, limit, "c", t0 + 60_000)).allowed).toBe(true);
});

test("the sweep removes only whole buckets", async () => {
  await strictLimit(database.db, limit, "old", t0 - 86_400_000);
  for (let i = 0; i < 10; i++) await strictLimit(database.db, limit, "young", t0);
  await sweepLimits(database.db, t0);
  expect((await strictLimit(database.db, limit, "young", t0)).allowed).toBe(false);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:1:2::9", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("T20 %s counts as %s", (ip, subject) => {
  expect(addressSubject(ip)).toBe(subject);
});
