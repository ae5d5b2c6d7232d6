// `npm run bench backup`: how fast and in how much memory a backup is taken and restored, 100 damaged files, all refused, and
// 20 restores with checksums. BACKUP_MB says how much there is to save (200), DAMAGES and RESTORES how many.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkArchive, readBackupFile, restoreBackup, takeBackup, writeBackupFile } from "../../server/backup/tools.ts";
import { migrate } from "../../server/kernel/db/migrate.ts";
import { createDb } from "../../server/kernel/db/pool.ts";
import { Exit } from "../../server/kernel/exit.ts";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { accidents, foreign, lies } from "../support/archive-damage.ts";
import { checksums, fillWorld } from "../support/backup-world.ts";
import { poolDefaults } from "../support/pool-defaults.ts";
import { seeded } from "../support/random.ts";

const megabytes = Number(process.env.BACKUP_MB ?? 200);
const seed = Number(process.env.SEED ?? 1);
const damages = Number(process.env.DAMAGES ?? 100);
const restores = Number(process.env.RESTORES ?? 20);
const passphrase = "a passphrase of a backup";

const folder = mkdtempSync(join(tmpdir(), "lfb-"));
const postgres = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s") });
const connectionOf = (database: string) => ({ host: postgres.host, user: "postgres", database });
const admin = createDb({ ...poolDefaults, connection: connectionOf("postgres"), max: 1 });
try {
  const figures = { stream: await stream(), damage: await damage(), restores: await chain() };
  process.stdout.write(`${JSON.stringify({ bench: "backup", seed, figures })}\n`);
  if (figures.damage.accepted > 0 || figures.restores.mismatches > 0) process.exitCode = 1;
} finally {
  await admin.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function database(name: string, work?: (db: ReturnType<typeof createDb>) => Promise<void>): Promise<void> {
  await admin.query({ text: `CREATE DATABASE ${name} TEMPLATE template0` });
  const db = createDb({ ...poolDefaults, statementTimeoutMs: 600_000, connection: connectionOf(name), max: 2 });
  await work?.(db);
  await db.stop();
}

/** Half of the bytes are words, half do not compress. */
async function stream() {
  await database("big", async (db) => {
    await migrate(db);
    await fillWorld(db, 100);
    await db.query({ text: "ALTER TABLE public.empty DISABLE TRIGGER USER" });
    await db.query({
      text: `INSERT INTO public.empty (id, a) SELECT 'e' || n, repeat('some words ' || n || ' ', 30) || (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 16) k)
             FROM generate_series(1, $1::int) n`,
      values: [megabytes * 900],
    });
    await db.query({ text: "ALTER TABLE public.empty ENABLE TRIGGER USER" });
  });
  const results: Record<string, unknown> = {};
  for (const [kind, secret] of [
    ["plain", undefined],
    ["encrypted", passphrase],
  ] as const) {
    // biome-ignore format: one table
    const file = join(folder, `${kind}.lfbackup`);
    const peak = watchMemory();
    const took = stopwatch();
    const { bytes } = await writeBackupFile(file, (sink) => takeBackup({ connection: connectionOf("big"), sink, passphrase: secret })); // biome-ignore format: one call
    const backupMs = took();
    const check = stopwatch();
    await checkArchive({ read: () => readBackupFile(file), passphrase: secret });
    const checkMs = check();
    await database(`big_${kind}`);
    const { totalMs } = await restoreBackup({ connection: connectionOf(`big_${kind}`), read: () => readBackupFile(file), passphrase: secret }); // biome-ignore format: one call
    await admin.query({ text: `DROP DATABASE big_${kind}` });
    const perSecond = (ms: number) => Math.round(bytes / 1e6 / (ms / 1_000));
    results[kind] = { megabytes: Math.round(bytes / 1e6), fileMegabytes: Math.round(statSync(file).size / 1e6), backupMbPerSecond: perSecond(backupMs), checkMbPerSecond: perSecond(checkMs), restoreMbPerSecond: perSecond(totalMs), memoryGrewMegabytes: peak() }; // biome-ignore format: one line
    rmSync(file);
  }
  await admin.query({ text: "DROP DATABASE big" });
  return results;
}

async function damage() {
  await database("small", async (db) => {
    await migrate(db);
    await fillWorld(db, 300);
  });
  const file = join(folder, "small.lfbackup");
  await writeBackupFile(file, (sink) => takeBackup({ connection: connectionOf("small"), sink }));
  const bytes = readFileSync(file);
  await database("never");
  const given = [...foreign, ...lies(bytes)];
  for (const one of accidents(bytes, seeded(seed))) {
    if (given.length >= damages) break;
    if (!one.bytes.equals(bytes)) given.push(one);
  }
  let accepted = 0;
  for (const { name, bytes: bad } of given) {
    try {
      await restoreBackup({ connection: connectionOf("never"), read: () => once(bad) });
      process.stdout.write(`accepted: ${name}\n`);
      accepted += 1;
    } catch (error) {
      if (error instanceof Exit && error.reason === "archive_refused") continue;
      process.stdout.write(`another end: ${name}: ${String(error)}\n`);
      accepted += 1;
    }
  }
  return { damaged: given.length, accepted };
}

async function chain() {
  let mismatches = 0;
  let from = "small";
  let wanted = "";
  for (let n = 0; n < restores; n++) {
    const next = `chain_${n}`;
    const file = join(folder, `${next}.lfbackup`);
    await writeBackupFile(file, (sink) => takeBackup({ connection: connectionOf(from), sink, passphrase: n % 4 === 0 ? passphrase : undefined })); // biome-ignore format: one call
    await database(next);
    await restoreBackup({ connection: connectionOf(next), read: () => readBackupFile(file), passphrase });
    const db = createDb({ ...poolDefaults, connection: connectionOf(next), max: 1 });
    const sums = JSON.stringify(await checksums(db));
    await db.stop();
    wanted ||= sums;
    if (sums !== wanted) mismatches += 1;
    from = next;
  }
  return { restores, mismatches };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function stopwatch(): () => number {
  const startedAt = performance.now();
  return () => performance.now() - startedAt;
}

/** How far the process grew beyond what it had at the start, in MB. */
function watchMemory(): () => number {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  return () => {
    clearInterval(timer);
    return Math.round((most - before) / 1e6);
  };
}
