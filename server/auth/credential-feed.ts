// Tells every process which credentials ended or changed. Triggers write `<kind>:<id>` into a table in the transaction of the
// change, whoever makes it; each process looks about once a second. A credential of any kind is followed by giving its table
// that trigger and naming its subject in its verdict.
//
//   change commits        look            look
//   |--- at most 1 s -----|
//   The look asks for rows of transactions that the look before could not see yet (xid >= its xmin), so a transaction that
//   was long under way is not missed, and a row seen twice is told once.
import type { Logger } from "pino";
import type { Db } from "../kernel/db/index.ts";
import type { Service } from "../kernel/lifecycle.ts";

export interface CredentialFeed extends Service {
  /** Everything committed at this moment of the monotonic clock has been told; undefined before the first look. */
  readonly seenUntilMs: () => number | undefined;
  /** Calls back with the subjects of each look, and with `all` when some may have been missed. */
  onChange(listener: (subjects: readonly string[] | "all") => void): void;
  /** Looks now. */
  look(): Promise<void>;
}

export interface CredentialFeedOptions {
  readonly db: Db;
  readonly log: Logger;
  readonly monotonicMs: () => number;
  readonly everyMs?: number;
}

/** A row is removed after an hour; whoever did not look for this long asks everybody again. */
const gapMaxMs = 30 * 60_000;

export function createCredentialFeed({ db, log, monotonicMs, everyMs = 1_000 }: CredentialFeedOptions): CredentialFeed {
  const listeners: ((subjects: readonly string[] | "all") => void)[] = [];
  let seenUntilMs: number | undefined;
  let xmin: string | undefined;
  let told = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;

  const tell = (subjects: readonly string[] | "all") => {
    for (const listener of listeners) listener(subjects);
  };

  async function lookOnce(): Promise<void> {
    const startedMs = monotonicMs();
    const [row] = await db.query<{ xmin: string; ids: number[] | null; subjects: string[] | null }>({
      name: "auth_credential_changes",
      text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
                    array_agg(c.id::float8) FILTER (WHERE c.id IS NOT NULL) AS ids, array_agg(c.subject) FILTER (WHERE c.id IS NOT NULL) AS subjects
             FROM (SELECT 1) one LEFT JOIN landfall."credentialChange" c ON c.xid >= $1::text::xid8`,
      values: [xmin ?? "9223372036854775807"],
    });
    if (row === undefined) return;
    const { ids, subjects } = { ids: row.ids ?? [], subjects: row.subjects ?? [] };
    const missed = seenUntilMs === undefined || startedMs - seenUntilMs > gapMaxMs;
    const fresh = subjects.filter((_, at) => !told.has(ids[at] as number));
    if (missed) tell("all");
    else if (fresh.length > 0) tell(fresh);
    // What the next look can meet again is what this one met.
    told = new Set(ids);
    xmin = row.xmin;
    seenUntilMs = startedMs;
  }

  const look = () => {
    looking = looking.then(lookOnce);
    const done = looking;
    looking = done.catch((error: unknown) => log.warn({ err: error }, "credential changes could not be read"));
    return done;
  };
  const again = () => {
    if (stopped) return;
    timer = setTimeout(() => void look().catch(() => {}).then(again), everyMs); // biome-ignore format: one line
    timer.unref();
  };
  const end = async () => {
    stopped = true;
    clearTimeout(timer);
    await looking;
  };
  return {
    name: "auth.credentials",
    seenUntilMs: () => seenUntilMs,
    onChange: (listener) => listeners.push(listener),
    look,
    run: async () => {
      await look().catch(() => {});
      again();
    },
    drain: async () => {},
    stop: end,
  };
}

/** Rows that every process has seen long ago. */
export async function sweepCredentialChanges(db: Db, nowMs: number): Promise<void> {
  await db.query({
    text: `DELETE FROM landfall."credentialChange" WHERE at < $1`,
    values: [new Date(nowMs - 3_600_000).toISOString()],
  });
}
