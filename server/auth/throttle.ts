// Exact limits that all processes share, for what must not be guessed: one row per key in Postgres, one statement per try.
// The HTTP pipeline's general rate limits are per process and approximate; these are neither.
//
// A key's budget is a bucket of `burst` tries that refills one try every `refillMs` (GCRA). The row holds only the
// moment at which the bucket is whole again; a try moves it `refillMs` on and is refused if it would pass now + burst * refillMs.
// Concurrent tries queue at the row's lock and each sees what the one before it left, so n parallel tries never exceed the burst.
import { createHash } from "node:crypto";
import type { Db } from "../kernel/db/index.ts";

export interface Limit {
  readonly name: string;
  /** Tries allowed at once. */
  readonly burst: number;
  /** One try comes back after this time. */
  readonly refillMs: number;
}

export interface Verdict {
  readonly allowed: boolean;
  /** Until the next try is allowed; 0 when allowed. */
  readonly retryAfterMs: number;
}

/**
 * Spends one try of `subject` under `limit`. Must not run inside a transaction that may roll back: the try would be given back.
 * A stored moment that no clock of ours can have written (the clock stepped back) counts as a spent bucket with one try left.
 */
export async function strictLimit(db: Db, limit: Limit, subject: string, nowMs: number): Promise<Verdict> {
  const key = throttleKey(limit, subject);
  const span = limit.burst * limit.refillMs;
  const spent = await db.query({
    name: "auth_throttle_spend",
    text: `INSERT INTO landfall.throttle AS t (key, "fullAtMs") VALUES ($1, $2::float8 + $3::float8)
           ON CONFLICT (key) DO UPDATE SET "fullAtMs" =
             CASE WHEN t."fullAtMs" > $2::float8 + $4::float8 + $3::float8 THEN $2::float8 + $4::float8
                  ELSE greatest(t."fullAtMs", $2::float8) + $3::float8 END
           WHERE t."fullAtMs" <= $2::float8 + $4::float8 - $3::float8 OR t."fullAtMs" > $2::float8 + $4::float8 + $3::float8
           RETURNING 1`,
    values: [key, nowMs, limit.refillMs, span],
  });
  if (spent.length > 0) return { allowed: true, retryAfterMs: 0 };
  const [row] = await db.query<{ fullAtMs: number }>({
    name: "auth_throttle_read",
    text: `SELECT "fullAtMs" FROM landfall.throttle WHERE key = $1`,
    values: [key],
  });
  const wait = (row?.fullAtMs ?? nowMs) - nowMs - span + limit.refillMs;
  return { allowed: false, retryAfterMs: Math.min(span, Math.max(1, wait)) };
}

/** Gives one try back: the guarded thing succeeded, so it was no guess. */
export async function refundLimit(db: Db, limit: Limit, subject: string): Promise<void> {
  await db.query({
    name: "auth_throttle_refund",
    text: `UPDATE landfall.throttle SET "fullAtMs" = "fullAtMs" - $2::float8 WHERE key = $1`,
    values: [throttleKey(limit, subject), limit.refillMs],
  });
}

/** Forgets what was spent, for an operator who resets an account. */
export async function clearLimit(db: Db, limit: Limit, subject: string): Promise<void> {
  await db.query({ text: "DELETE FROM landfall.throttle WHERE key = $1", values: [throttleKey(limit, subject)] });
}

/** Removes rows whose bucket is whole again: they say the same as no row. */
export async function sweepLimits(db: Db, nowMs: number): Promise<void> {
  await db.query({
    text: `DELETE FROM landfall.throttle WHERE key IN
             (SELECT key FROM landfall.throttle WHERE "fullAtMs" < $1::float8 LIMIT 10000)
             AND "fullAtMs" < $1::float8`,
    values: [nowMs],
  });
}

/** Hashed, so that rows have one size and hold nobody's address. */
function throttleKey(limit: Limit, subject: string): string {
  return `${limit.name}:${createHash("sha256").update(subject).digest("base64url")}`;
}

/** One subscriber is one subject: IPv6 hands out /64s, and a v4 address mapped into v6 is that v4 address. */
export function addressSubject(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  if (!ip.includes(":")) return ip;
  const [head = "", tail] = (ip.split("%")[0] ?? "").toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
