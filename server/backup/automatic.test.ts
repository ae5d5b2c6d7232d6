// Backups nobody asks for: before a migration, and by the schedule of several processes.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "@landfall/migrations";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fillWorld } from "../../test/support/backup-world.ts";
import { testDatabase } from "../../test/support/database.ts";
import { readConfig } from "../kernel/config/index.ts";
import { migrate } from "../kernel/db/migrate.ts";
import { createMetrics } from "../kernel/metrics.ts";
import { migrateAlone } from "../main.ts";
import { backupFigures, createBackupSchedule, observeBackups } from "./index.ts";
import { backupBeforeMigration, checkArchive, readBackupFile, restoreBackup } from "./tools.ts";

const database = testDatabase();
const bare = testDatabase();
const old = testDatabase({ empty: true });
const upgraded = testDatabase({ empty: true });
const dataDir = mkdtempSync(join(tmpdir(), "lf-auto-"));
const folder = join(dataDir, "backups");
const nowMs = Date.UTC(2026, 10, 20, 3, 15);
const lines: string[] = [];
const log = pino({}, { write: (line: string) => lines.push(line) });

beforeAll(() => fillWorld(database.db, 20));
beforeEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const config = (env: Record<string, string> = {}) => readConfig({ LANDFALL_DATA_DIR: dataDir, ...env }).config;
const names = () => readdirSync(folder).sort();

const before = (at = nowMs, env: Record<string, string> = {}, db = database) =>
  backupBeforeMigration({ config: config(env), db: db.db, connection: db.connection, nowMs: at, progress: (line) => lines.push(line) }); // biome-ignore format: one call

test("before a migration a backup is taken, and the last three are kept", async () => {
  for (let n = 0; n < 5; n++) await before(nowMs + n * 1_000);
  expect(names()).toEqual([2, 3, 4].map((n) => `before-migration-20261120T03150${n}Z.lfbackup`));
  const path = join(folder, names()[2] as string);
  expect(lines).toContain(`Backup   ${path}`);
  const { header } = await checkArchive({ read: () => readBackupFile(path) });
  expect(header.migrations).toEqual(migrations().map(({ name }) => name));
});

test("a database in which nobody made anything yet is migrated without one, and so is one told not to", async () => {
  await before(nowMs, {}, bare);
  await before(nowMs, { LANDFALL_BACKUP_BEFORE_MIGRATION: "false" });
  expect(() => names()).toThrow("ENOENT");
});

test("where the backup cannot be written, nothing is migrated and the line says both ways out", async () => {
  writeFileSync(folder, "a file, no folder");
  await expect(before()).rejects.toMatchObject({
    reason: "backup_failed",
    message: expect.stringMatching(/^The schema is as it was: .*EEXIST.*LANDFALL_BACKUP_BEFORE_MIGRATION=false\.$/),
  });
});

test("an old database is backed up on its old level, migrated, and the backup restores to the new level", async () => {
  const level = migrations().slice(0, -2);
  await migrate(old.db, { migrations: level });
  await old.db.query({
    text: `INSERT INTO landfall.admin (id, email, role, "createdAt", "updatedAt") VALUES ('a1', 'a@example.com', 'owner', now(), now())`,
  });
  await migrateAlone(config(), old.connection, (line) => lines.push(line));
  const file = join(folder, names()[0] as string);
  const { header } = await checkArchive({ read: () => readBackupFile(file) });
  expect(header.migrations).toEqual(level.map(({ name }) => name));
  await restoreBackup({ connection: upgraded.connection, read: () => readBackupFile(file) });
  expect(await upgraded.db.query({ text: "SELECT email FROM landfall.admin" })).toEqual([{ email: "a@example.com" }]);
  expect(await migrate(upgraded.db)).toEqual([]);
});

function schedule(env: Record<string, string> = {}, atMs = nowMs - 60_000) {
  let passedMs = 0;
  const clock = { now: () => atMs + passedMs, monotonicMs: () => passedMs++ };
  const all = config({ LANDFALL_BACKUP_SCHEDULE: "15 3 * * *", LANDFALL_BACKUP_KEEP: "2", ...env });
  return createBackupSchedule({ config: all, db: database.db, connection: database.connection, clock, log });
}

const figures = () => backupFigures(database.db, config({ LANDFALL_BACKUP_SCHEDULE: "15 3 * * *" }), nowMs);

test("three processes with one schedule take one backup a slot, and keep as many as they should", async () => {
  const three = [schedule(), schedule(), schedule()];
  await Promise.all(three.map((one) => one.run()));
  expect(three.map((one) => one.nextAt())).toEqual([nowMs, nowMs, nowMs]);
  for (let day = 0; day < 4; day++) await Promise.all(three.map((one) => one.due(nowMs + day * 86_400_000)));
  await three[1]?.due(nowMs + 86_400_000);
  expect(names()).toEqual(["scheduled-20261122T031500Z.lfbackup", "scheduled-20261123T031500Z.lfbackup"]);
  expect(lines.filter((line) => line.includes('"event":"backup_taken"'))).toHaveLength(4);
  const { lastSuccess, warning } = await figures();
  expect(lastSuccess).toMatchObject({ bytes: expect.any(Number), tookMs: expect.any(Number) });
  expect(warning).toBeNull();
  for (const one of three) await one.drain();
});

test("a failure is logged, counted, told to admins, and the next success ends it", async () => {
  writeFileSync(folder, "a file, no folder");
  const one = schedule({}, nowMs + 10 * 86_400_000);
  await one.due(nowMs + 10 * 86_400_000);
  expect((await figures()).warning).toMatch(
    /^The scheduled backup of .* failed: No backup was taken: .*EEXIST.* The last good one is of /,
  );
  const metrics = createMetrics();
  observeBackups(metrics, database.db);
  expect(await metrics.text()).toMatch(
    /landfall_backup_last_failure_timestamp_seconds 17\d{8}[\s\S]*landfall_backup_last_bytes [1-9]\d+/,
  );
  metrics.stop();
  rmSync(folder);
  const next = schedule({}, nowMs + 11 * 86_400_000);
  await next.due(nowMs + 11 * 86_400_000);
  expect(names()).toEqual(["scheduled-20261201T031500Z.lfbackup"]);
  expect((await figures()).warning).toBeNull();
  const later = (days: number) => backupFigures(database.db, config({ LANDFALL_BACKUP_SCHEDULE: "15 3 * * *" }), nowMs + days * 86_400_000 + 60_000); // biome-ignore format: one call
  expect((await later(12)).warning).toBeNull();
  expect((await later(13)).warning).toMatch("Scheduled backups were missed");
});

test("drafts of killed processes go with the next backup, files of others stay", async () => {
  mkdirSync(folder);
  const stale = join(folder, "scheduled-20261101T031500Z.lfbackup.part");
  const fresh = join(folder, "scheduled-20261102T031500Z.lfbackup.part");
  for (const file of [stale, fresh, join(folder, "mine.lfbackup"), join(folder, "scheduled-x.lfbackup")])
    writeFileSync(file, "x");
  utimesSync(stale, 0, 0);
  utimesSync(fresh, nowMs / 1000 + 12 * 86_400, nowMs / 1000 + 12 * 86_400);
  await schedule({ LANDFALL_BACKUP_KEEP: "1" }).due(nowMs + 12 * 86_400_000);
  expect(names()).toEqual([
    "mine.lfbackup",
    "scheduled-20261102T031500Z.lfbackup.part",
    "scheduled-20261202T031500Z.lfbackup",
    "scheduled-x.lfbackup",
  ]);
});

test.each(["nonsense", "* * * * * *", "61 3 * * *", "0 0 31 2 *"])(
  "the schedule %s is refused at start",
  async (pattern) => {
    await expect(schedule({ LANDFALL_BACKUP_SCHEDULE: pattern }).run()).rejects.toMatchObject({
      reason: "config_invalid",
    });
  },
);

test("without a schedule there is no timer, no warning and no file", async () => {
  const none = createBackupSchedule({ config: config(), db: database.db, connection: database.connection, clock: { now: () => nowMs, monotonicMs: () => 0 }, log }); // biome-ignore format: one call
  await none.run();
  expect(none.nextAt()).toBeUndefined();
  expect(await backupFigures(database.db, config(), nowMs)).toMatchObject({ schedule: null, warning: null });
});
