// The exact limit, counted in Postgres over all instances: sign-in, one-time codes, set-up. One statement, so that
// parallel attempts cannot slip through between reading and counting.
import type { Db } from "../db/index.ts";

export interface StrictLimitOptions {
  readonly max: number;
  readonly windowMs: number;
}

export interface StrictVerdict {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly retryAfterSeconds: number;
}

/**
 * Counts one attempt under the key, e.g. `signIn:203.0.113.7`. Windows are fixed per key and start with its first attempt.
 * Call it on the pool, not in a transaction that may roll back: the attempt must count even when what follows fails.
 */
export async function strictLimit(db: Db, key: string, options: StrictLimitOptions): Promise<StrictVerdict> {
  const [row] = await db.query<{ count: number; leftMs: number }>({
    name: "landfall_strict_limit",
    text: `INSERT INTO landfall."strictLimit" AS l (key, count, "endsAt")
           VALUES ($1, 1, clock_timestamp() + $2::float8 * interval '1 millisecond')
           ON CONFLICT (key) DO UPDATE SET
             count = CASE WHEN l."endsAt" <= clock_timestamp() THEN 1 ELSE least(l.count + 1, $3::int + 1) END,
             "endsAt" = CASE WHEN l."endsAt" <= clock_timestamp() THEN excluded."endsAt" ELSE l."endsAt" END
           RETURNING count, (extract(epoch FROM "endsAt" - clock_timestamp()) * 1000)::float8 AS "leftMs"`,
    values: [key, options.windowMs, options.max],
  });
  const { count, leftMs } = row as { count: number; leftMs: number };
  return {
    allowed: count <= options.max,
    remaining: Math.max(0, options.max - count),
    retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1000)),
  };
}

/** Forgets a key's attempts, e.g. after a successful sign-in. */
export async function resetStrictLimit(db: Db, key: string): Promise<void> {
  await db.query({ text: `DELETE FROM landfall."strictLimit" WHERE key = $1`, values: [key] });
}

/** Removes at most `max` windows that are over; returns how many. */
export async function removeEndedLimits(db: Db, max: number): Promise<number> {
  const rows = await db.query({
    text: `DELETE FROM landfall."strictLimit" WHERE key IN
             (SELECT key FROM landfall."strictLimit" WHERE "endsAt" <= clock_timestamp() LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING key`,
    values: [max],
  });
  return rows.length;
}
