// General limits: a token bucket per credential or address in this process's memory. With N instances each gives out an
// Nth, which is right on average and costs no round trip. Sign-in and one-time codes need an exact one,
// which the auth room keeps in Postgres.
import type { Clock } from "../clock.ts";

export interface RateVerdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until one request is possible again, when refused; else until the bucket is full. */
  readonly waitSeconds: number;
}

export interface RateLimit {
  /** `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). */
  readonly policy: string;
  /** Takes `amount` requests (default 1) out of the bucket, all or none; never more than a full one holds. */
  take(key: string, amount?: number): RateVerdict;
  /** `RateLimit` for this verdict. */
  header(verdict: RateVerdict): string;
}

export interface RateLimitOptions {
  readonly name: string;
  /** Over all instances; 0 switches the limit off. */
  readonly perMinute: number;
  readonly instances: () => number;
  readonly clock: Clock;
}

const windowMs = 60_000;
const keysMax = 50_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export function createRateLimit({ name, perMinute, instances, clock }: RateLimitOptions): RateLimit | undefined {
  if (perMinute === 0) return undefined;
  // Two generations instead of one map with timers: a key unused for two windows is full again, so it may be forgotten.
  let young = new Map<string, Bucket>();
  let old = new Map<string, Bucket>();
  let turnedMs = clock.monotonicMs();

  const turn = (nowMs: number) => {
    if (nowMs - turnedMs < windowMs && young.size < keysMax) return;
    old = nowMs - turnedMs >= 2 * windowMs ? new Map() : young;
    young = new Map();
    turnedMs = nowMs;
  };
  const bucket = (key: string, share: number, nowMs: number): Bucket => {
    const found = young.get(key) ?? old.get(key) ?? { tokens: share, atMs: nowMs };
    young.set(key, found);
    return found;
  };
  return {
    policy: `"${name}";q=${perMinute};w=60`,
    header: ({ remaining, waitSeconds }) => `"${name}";r=${remaining};t=${waitSeconds}`,
    take(key, amount = 1) {
      const nowMs = clock.monotonicMs();
      turn(nowMs);
      const share = Math.max(1, perMinute / Math.max(1, instances()));
      const perMs = share / windowMs;
      const mine = bucket(key, share, nowMs);
      mine.tokens = Math.min(share, mine.tokens + (nowMs - mine.atMs) * perMs);
      mine.atMs = nowMs;
      const wanted = Math.min(amount, share);
      if (mine.tokens < wanted)
        return {
          allowed: false,
          remaining: Math.floor(mine.tokens),
          waitSeconds: Math.max(1, Math.ceil((wanted - mine.tokens) / perMs / 1000)),
        };
      mine.tokens -= wanted;
      const remaining = Math.floor(mine.tokens);
      return { allowed: true, remaining, waitSeconds: Math.ceil((share - mine.tokens) / perMs / 1000) };
    },
  };
}
