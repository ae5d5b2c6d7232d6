// Turns and trims the ring of partitions. Writers always write into `ring.current`; it moves on only into an empty slot,
// and a slot is emptied only when some tick that is kept sees all of it. When none is empty the current one keeps
// filling: the log grows, and an alarm says so, but nothing is lost.
import pg from "pg";
import type { Logger } from "pino";
import type { Db } from "../db/index.ts";
import type { Sql } from "./store.ts";

export interface RingState {
  readonly slots: number;
  readonly current: number;
  readonly used: number;
  readonly bytes: number;
  /** No slot is empty: the current one keeps filling. */
  readonly full: boolean;
}

export interface RingLimits {
  readonly retentionMs: number;
  readonly bytesMax: number;
  readonly lockTimeoutMs: number;
}

interface Slot {
  readonly slot: number;
  readonly bytes: number;
  /** Newest transaction in it; null when empty. */
  readonly xid: string | null;
}

/** One round of upkeep. Any process may run it at any time: every step checks again under its lock. */
export async function maintainRing(db: Db, limits: RingLimits, log: Logger): Promise<RingState> {
  await trim(db, limits, log);
  await advance(db, limits);
  const [ring, slots] = [await readRing(db), await readSlots(db)];
  const full = slots.every((slot) => slot.xid !== null);
  if (full) log.error("change log: every slot of the ring is in use, the current one keeps filling");
  return {
    slots: ring.slots,
    current: ring.current,
    used: slots.filter((slot) => slot.xid !== null).length,
    bytes: total(slots),
    full,
  };
}

/** Moves on when the current slot has had its share of the time or of the bytes, and the next empty slot is known. */
async function advance(db: Db, limits: RingLimits): Promise<void> {
  const ring = await readRing(db);
  const slots = await readSlots(db);
  const current = slots.find((slot) => slot.slot === ring.current);
  // Two slots stay free of the reckoning: the one being filled and the one being emptied.
  const share = Math.max(1, ring.slots - 2);
  const due = ring.ageMs > limits.retentionMs / share || (current?.bytes ?? 0) > limits.bytesMax / share;
  if (!due || current?.xid === null) return;
  const order = [...slots.slice(ring.current + 1), ...slots.slice(0, ring.current)];
  const next = order.find((slot) => slot.xid === null);
  if (!next) return;
  await db.query({
    text: `UPDATE landfall.ring SET current = $1, "advancedAt" = clock_timestamp() WHERE current = $2 RETURNING landfall.aim(current)`,
    values: [next.slot, ring.current],
  });
}

async function trim(db: Db, limits: RingLimits, log: Logger): Promise<void> {
  const ring = await readRing(db);
  let slots = await readSlots(db);
  for (const slot of oldestFirst(slots.filter((s) => s.slot !== ring.current && s.xid !== null))) {
    const tick = await tickCovering(db, slot.xid as string, limits.retentionMs);
    if (!tick) return;
    const over = total(slots) > limits.bytesMax;
    if (!tick.expired && !over) return;
    // A reader that lags for twice the retention, or while the log is over its size, is left behind.
    const waited = await readersBehind(db, tick.id, over ? 0 : limits.retentionMs * 2);
    if (waited.length > 0) {
      log.warn({ readers: waited }, "change log: a durable reader holds up the trimming of the log");
      return;
    }
    if (!(await empty(db, slot, tick.id, limits.lockTimeoutMs))) return;
    slots = await readSlots(db);
  }
}

/** The oldest tick that sees every transaction of the slot: from there on nobody needs it. */
async function tickCovering(
  db: Db,
  xid: string,
  retentionMs: number,
): Promise<{ id: number; expired: boolean } | undefined> {
  const rows = await db.query<{ id: number; expired: boolean }>({
    text: `SELECT id, at < clock_timestamp() - $2 * interval '1 millisecond' AS expired FROM landfall.tick
           WHERE pg_snapshot_xmin(snapshot) > $1::xid8 ORDER BY id LIMIT 1`,
    values: [xid, retentionMs],
  });
  return rows[0];
}

/** Durable readers that still need what lies before the tick; those too far behind are marked lost and not waited for. */
async function readersBehind(db: Db, tick: number, patienceMs: number): Promise<string[]> {
  await db.query({
    text: `UPDATE landfall.reader SET lost = true
           WHERE tick < $1 AND NOT lost
             AND coalesce((SELECT t.at FROM landfall.tick t WHERE t.id > reader.tick ORDER BY t.id LIMIT 1), '-infinity')
                 < clock_timestamp() - $2 * interval '1 millisecond'`,
    values: [tick, patienceMs],
  });
  const rows = await db.query<{ name: string }>({
    text: "SELECT name FROM landfall.reader WHERE tick < $1 AND NOT lost ORDER BY name",
    values: [tick],
  });
  return rows.map((row) => row.name);
}

/**
 * Empties a slot and raises the oldest tick, together. The lock waits briefly and gives up: whoever queues behind it
 * waits too. A transaction that has written here and is still open keeps the lock from being had, rightly.
 */
async function empty(db: Db, slot: Slot, tick: number, lockTimeoutMs: number): Promise<boolean> {
  const table = `landfall.change_${slot.slot}`;
  try {
    return await db.transaction(async (tx) => {
      await tx.query({ text: `SET LOCAL lock_timeout = ${Math.ceil(lockTimeoutMs)}` });
      await tx.query({ text: `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE` });
      const [newest] = await tx.query<{ xid: string }>({
        text: `SELECT xid::text AS xid FROM ${table} ORDER BY ${table}.xid DESC LIMIT 1`,
      });
      if (newest?.xid !== slot.xid) return false;
      await tx.query({ text: `TRUNCATE ${table}` });
      await tx.query({ text: "DELETE FROM landfall.tick WHERE id < $1", values: [tick] });
      await tx.query({
        text: `UPDATE landfall.epoch SET "oldestTick" = greatest("oldestTick", $1::int8) WHERE number = (SELECT max(number) FROM landfall.epoch)`,
        values: [tick],
      });
      return true;
    });
  } catch (error) {
    const lockNotAvailable = "55P03";
    if (error instanceof pg.DatabaseError && error.code === lockNotAvailable) return false;
    throw error;
  }
}

async function readRing(sql: Sql): Promise<{ slots: number; current: number; ageMs: number }> {
  const rows = await sql.query<{ slots: number; current: number; ageMs: number }>({
    text: `SELECT slots, current, extract(epoch FROM clock_timestamp() - "advancedAt")::float8 * 1000 AS "ageMs" FROM landfall.ring`,
  });
  return rows[0] as { slots: number; current: number; ageMs: number };
}

async function readSlots(sql: Sql): Promise<Slot[]> {
  const { slots } = await readRing(sql);
  const one = (slot: number) => `SELECT ${slot} AS slot, pg_total_relation_size('landfall.change_${slot}') AS bytes,
    (SELECT c.xid::text FROM landfall.change_${slot} c ORDER BY c.xid DESC LIMIT 1) AS xid`;
  return sql.query<Slot>({ text: Array.from({ length: slots }, (_, slot) => one(slot)).join(" UNION ALL ") });
}

const oldestFirst = (slots: Slot[]) => slots.sort((a, b) => (BigInt(a.xid ?? 0) < BigInt(b.xid ?? 0) ? -1 : 1));
const total = (slots: readonly Slot[]) => slots.reduce((sum, slot) => sum + slot.bytes, 0);
