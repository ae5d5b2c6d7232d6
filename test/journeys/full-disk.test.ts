// A disk that is too full for the backup before a migration: nothing begins, the line says how much is missing and both ways
// out, and each of them works. Where a file system of a few MB can be mounted without being root, it is a real one.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "@landfall/migrations";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate, schemaState } from "../../server/kernel/db/migrate.ts";
import { exitCodes } from "../../server/kernel/exit.ts";
import { testDatabase } from "../support/database.ts";
import { nodeFlags } from "../support/node-flags.ts";
import { freePort } from "../support/ports.ts";
import { masterKey, startServer } from "../support/server.ts";

const database = testDatabase({ empty: true });
const folder = mkdtempSync(join(tmpdir(), "lf-full-"));
const dataDir = join(folder, "data");
const elsewhere = join(folder, "elsewhere.lfbackup");
const landfall = join(import.meta.dirname, "../../server/bin/landfall.mjs");
const level = migrations().slice(0, -2);
const canMount = (() => {
  try {
    execFileSync("unshare", ["-rm", "sh", "-c", `mount -t tmpfs -o size=1m none ${folder}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

beforeAll(async () => {
  await migrate(database.db, { migrations: level });
  await database.db.query({
    text: `INSERT INTO landfall.admin (id, email, role, "createdAt", "updatedAt") VALUES ('a1', 'a@example.com', 'owner', now(), now())`,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = () => ({
  DATABASE_URL: database.url,
  LANDFALL_DATA_DIR: dataDir,
  LANDFALL_MASTER_KEY: masterKey,
  PORT: "0",
  LANDFALL_LOG_LEVEL: "silent",
});
const state = async () => (await schemaState((text) => database.db.query({ text }))).applied.length;

/** The command, with what the shell does before it. */
function run(args: readonly string[], first = "true") {
  const command = [process.execPath, ...nodeFlags, landfall, ...args].map((word) => `'${word}'`).join(" ");
  const shell = ["sh", "-c", `mkdir -p '${dataDir}' && ${first} && exec ${command}`];
  const [program = "", ...rest] = first.startsWith("mount") ? ["unshare", "-rm", ...shell] : shell;
  return spawnSync(program, rest, { env: { ...process.env, ...settings() }, encoding: "utf8", timeout: 60_000 });
}

const smallDisk = `mount -t tmpfs -o size=8m none '${dataDir}'`;

test.skipIf(!canMount)(
  "on a disk of 8 MB the migration does not begin, and the line says how much is missing",
  async () => {
    const { status, stderr } = run(["start"], smallDisk);
    expect(stderr).toMatch(
      /The schema is as it was: .*No backup was taken: the disk of \S+backups has [78] MB free, and the backup may need \d\d MB: make room there\. Start again then, or .*landfall backup <file>.*LANDFALL_BACKUP_BEFORE_MIGRATION=false\./,
    );
    expect(status).toBe(exitCodes.backup_failed.code);
    expect(await state()).toBe(level.length);
  },
  120_000,
);

test("a disk that fills up while the backup is written leaves no file and no migration", async () => {
  // The shell's limit for a file's length, in blocks of 512 bytes, stands for the disk that was larger a moment ago.
  const { status, stderr } = run(["start"], "ulimit -f 1");
  expect(stderr).toContain("The schema is as it was");
  expect(status).toBe(exitCodes.backup_failed.code);
  expect(await state()).toBe(level.length);
  expect(readdirSync(join(dataDir, "backups"))).toEqual([]);
}, 120_000);

test("the other way out works: a backup taken elsewhere by the new version, then a start without one", async () => {
  const taken = run(["backup", elsewhere]);
  expect(taken.status, taken.stderr).toBe(0);
  expect(await state()).toBe(level.length);
  expect(run(["backup", "verify", elsewhere]).status).toBe(0);
  const server = await startServer({
    ...settings(),
    PORT: String(await freePort()),
    LANDFALL_BACKUP_BEFORE_MIGRATION: "false",
  });
  await server.stop();
  expect(await state()).toBe(migrations().length);
  expect(await database.db.query({ text: "SELECT email FROM landfall.admin" })).toEqual([{ email: "a@example.com" }]);
}, 120_000);
