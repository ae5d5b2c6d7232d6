// For commands that work on the database itself. They never own the embedded Postgres for longer than their own run: a
// running server's is shared; without one it is started for the command and stopped with it, and a server that starts
// meanwhile is a guest that takes over. They make no installation.
import { systemClock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config/index.ts";
import type { PooledDb } from "../kernel/db/pool.ts";
import { migrateAlone, openDatabase, poolOf, settingsOf } from "../main.ts";
import type { Call } from "./command.ts";

export const clock = systemClock;

export async function withDatabase<T>(call: Call, work: (db: PooledDb, config: Config) => Promise<T>): Promise<T> {
  const { config } = settingsOf(call.env);
  const { connection, stop } = await openDatabase(config, { create: false });
  const db = poolOf(config, connection, 2);
  try {
    await migrateAlone(config, connection, call.terminal.err);
    return await work(db, config);
  } finally {
    await db.stop();
    await stop();
  }
}
