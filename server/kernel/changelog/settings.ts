// The change log's intervals and bounds. Each is an argument, so that tests can be quick and exact.
import type { PageLimits } from "./types.ts";

export interface ChangeLogSettings {
  /** How long a silent leader stays leader. Fail-over takes at most this plus one `followerPollMs`. */
  readonly leaseMs: number;
  /** The leader looks for entries nobody rang for (psql, other programs) this often. */
  readonly pollMs: number;
  readonly followerPollMs: number;
  /** Instead of `followerPollMs` where LISTEN does not work, behind a transaction pooler. */
  readonly deafPollMs: number;
  /** Two ticks are at least this far apart; also how long a ring to another process waits for company. */
  readonly gapMs: number;
  /** A tick of many changes is followed by a longer gap, a millisecond for each of them up to this. */
  readonly gapMaxMs: number;
  /** How often the leader turns the ring, trims it and checks the epoch. */
  readonly maintainMs: number;
  readonly retentionMs: number;
  /** The log's size on disk, past which old slots go before their time. */
  readonly bytesMax: number;
  readonly cache: PageLimits;
  /** One page handed to a reader. */
  readonly page: PageLimits;
  /** How long a silent process keeps its durable readers. */
  readonly readerLeaseMs: number;
  readonly retryMs: number;
  readonly retryMaxMs: number;
  readonly lockTimeoutMs: number;
}

const minute = 60_000;
const mebibyte = 1024 * 1024;

export const changeLogDefaults: ChangeLogSettings = {
  leaseMs: 3_000,
  pollMs: 300,
  followerPollMs: 1_000,
  deafPollMs: 50,
  gapMs: 5,
  gapMaxMs: 25,
  maintainMs: minute,
  retentionMs: 14 * 24 * 60 * minute,
  bytesMax: 10 * 1024 * mebibyte,
  cache: { entries: 50_000, bytes: 32 * mebibyte },
  page: { entries: 1_000, bytes: mebibyte },
  readerLeaseMs: 10_000,
  retryMs: 100,
  retryMaxMs: 30_000,
  lockTimeoutMs: 200,
};
