// Applies the system migrations under one advisory lock, so that N processes starting together run them once.
import { migrations } from "@landfall/migrations";
import type { Db } from "./index.ts";

const lockKey = 7_104_710_001;

/** Brings the `landfall` schema up to date and returns the names of the migrations applied now. */
export async function migrate(db: Db): Promise<string[]> {
  return db.transaction(async (tx) => {
    await tx.query({ text: `SELECT pg_advisory_xact_lock(${lockKey})` });
    await tx.query({ text: "CREATE SCHEMA IF NOT EXISTS landfall" });
    await tx.query({
      text: `CREATE TABLE IF NOT EXISTS landfall.migration (
               name text PRIMARY KEY, "appliedAt" timestamptz NOT NULL DEFAULT clock_timestamp())`,
    });
    const done = new Set(
      (await tx.query<{ name: string }>({ text: "SELECT name FROM landfall.migration" })).map((r) => r.name),
    );
    const applied: string[] = [];
    for (const migration of migrations()) {
      if (done.has(migration.name)) continue;
      await tx.query({ text: migration.sql });
      await tx.query({ text: "INSERT INTO landfall.migration (name) VALUES ($1)", values: [migration.name] });
      applied.push(migration.name);
    }
    return applied;
  });
}
