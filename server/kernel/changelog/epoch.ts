// An epoch is one history of the database. A restored dump or a standby that lacks the last commits is another one, in
// which numbers already handed out are handed out again; so a new epoch begins, and everybody starts from a snapshot.
import { newestTick, type Sql, type Tick } from "./store.ts";

export interface Epoch {
  readonly id: string;
  readonly oldestTick: number;
}

export interface EpochRow extends Epoch {
  readonly systemIdentifier: string | null;
  readonly timeline: string | null;
}

export type EpochReason = "first" | "restored" | "promoted" | "forked";

/** Sequences jump this far at a new epoch: further than any history can have run ahead unseen, 2^21 times below 2^53. */
const sequenceLeap = 2 ** 32;

export async function currentEpoch(sql: Sql): Promise<EpochRow | undefined> {
  const rows = await sql.query<EpochRow>({
    text: `SELECT id, "oldestTick", "systemIdentifier", timeline FROM landfall.epoch ORDER BY number DESC LIMIT 1`,
  });
  return rows[0];
}

/** Why the stored epoch is not this database's history, or null when nothing speaks against it. */
export async function epochBreak(sql: Sql, known: Tick | undefined): Promise<EpochReason | null> {
  const epoch = await currentEpoch(sql);
  if (!epoch) return "first";
  const identity = await clusterIdentity(sql);
  const differs = (stored: string | null, now: string | null) => stored !== null && now !== null && stored !== now;
  if (differs(epoch.systemIdentifier, identity.systemIdentifier)) return "restored";
  if (await runsBehindItsTicks(sql)) return "restored";
  if (differs(epoch.timeline, identity.timeline)) return "promoted";
  return known && (await isForgotten(sql, known, epoch)) ? "forked" : null;
}

/** Begins an epoch: an empty log, one tick. The caller holds the lease row, in a transaction. */
export async function beginEpoch(
  sql: Sql,
  reason: EpochReason,
  words: { epoch: string; nonce: string },
): Promise<void> {
  const last = await newestTick(sql);
  if (reason !== "first") {
    // Whoever is writing finishes first, and its entry goes with the old log: it is in the snapshot that all start from.
    await sql.query({ text: "LOCK TABLE landfall.change IN ACCESS EXCLUSIVE MODE" });
    await sql.query({
      text: `SELECT setval('landfall.seq', greatest((SELECT last_value FROM landfall.seq), max(seq)) + $1::int8),
                    setval('landfall.version', greatest((SELECT last_value FROM landfall.version), max(version)) + $1::int8)
             FROM landfall.change`,
      values: [sequenceLeap],
    });
    await sql.query({ text: "TRUNCATE landfall.change" });
    await sql.query({ text: "DELETE FROM landfall.tick" });
  }
  const first = (last?.id ?? 0) + 1;
  await sql.query({
    text: `INSERT INTO landfall.tick (id, snapshot, nonce, changes, total, collections)
           VALUES ($1, pg_current_snapshot(), $2, 0, 0, '{}')`,
    values: [first, words.nonce],
  });
  const identity = await clusterIdentity(sql);
  await sql.query({
    text: `INSERT INTO landfall.epoch (id, reason, "systemIdentifier", timeline, "oldestTick") VALUES ($1, $2, $3, $4, $5)`,
    values: [words.epoch, reason, identity.systemIdentifier, identity.timeline, first],
  });
}

/** A tick this process has seen is gone, though the log reaches further back: this is another history. */
async function isForgotten(sql: Sql, known: Tick, epoch: Epoch): Promise<boolean> {
  if (known.id < epoch.oldestTick) return false;
  const rows = await sql.query({
    text: "SELECT FROM landfall.tick WHERE id = $1 AND nonce = $2",
    values: [known.id, known.nonce],
  });
  return rows.length === 0;
}

/** Ticks or entries of transactions that this cluster has not reached yet: copied from another one. */
async function runsBehindItsTicks(sql: Sql): Promise<boolean> {
  const rows = await sql.query<{ behind: boolean }>({
    text: `SELECT coalesce((SELECT pg_snapshot_xmax(snapshot) FROM landfall.tick ORDER BY id DESC LIMIT 1) > now.xmax, false)
               OR coalesce((SELECT xid FROM landfall.change ORDER BY xid DESC LIMIT 1) >= now.xmax, false) AS behind
           FROM (SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xmax) AS now`,
  });
  return rows[0]?.behind === true;
}

interface Identity {
  readonly systemIdentifier: string | null;
  readonly timeline: string | null;
}

/** Where these functions are refused, snapshot and nonce remain. */
async function clusterIdentity(sql: Sql): Promise<Identity> {
  return {
    systemIdentifier: await readable(
      sql,
      "pg_control_system()",
      "(SELECT system_identifier::text FROM pg_control_system())",
    ),
    timeline: await readable(sql, "pg_walfile_name(pg_lsn)", "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"),
  };
}

async function readable(sql: Sql, signature: string, expression: string): Promise<string | null> {
  const [allowed] = await sql.query<{ yes: boolean }>({
    text: "SELECT has_function_privilege($1, 'EXECUTE') AND NOT pg_is_in_recovery() AS yes",
    values: [signature],
  });
  if (!allowed?.yes) return null;
  const [row] = await sql.query<{ value: string | null }>({ text: `SELECT ${expression} AS value` });
  return row?.value ?? null;
}
