// `landfall restore <file>`: a backup into an empty database. Nothing is touched before every byte of the file was checked.
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Exit } from "../kernel/exit.ts";
import { openDatabase, settingsOf } from "../main.ts";
import { askWhenEncrypted } from "./backup.ts";
import type { Call, Command, CommandTerminal } from "./command.ts";
import { duration } from "./measure.ts";

export const command: Command = {
  usage: "<file>",
  details:
    "The database is the one of DATABASE_URL, or a new embedded one in LANDFALL_DATA_DIR; it must be empty. The file is\n" +
    "checked whole before anything is touched (- reads standard input), and all of it goes in or nothing does. The\n" +
    "backup's master key must be here: LANDFALL_MASTER_KEY, <data dir>/master.key, or in the file itself. Clients that\n" +
    "hold cursors start anew; API keys stay valid, admins sign in again.",
  options: {},
  positionals: { min: 1, max: 1 },
  async run(call) {
    const [file] = call.positionals as [string];
    if (file !== "-") return restore(call, file);
    const folder = await mkdtemp(join(tmpdir(), "landfall-restore-"));
    try {
      await restore(call, await spool(call.terminal, folder));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** A stream can be read only once, and a backup is read twice. */
async function spool({ stdin }: CommandTerminal, folder: string): Promise<string> {
  const file = join(folder, "stdin.lfbackup");
  try {
    await pipeline(stdin, createWriteStream(file, { mode: 0o600 }));
    return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Exit("file_unusable", `Standard input cannot be kept in ${folder} (${code ?? "it broke off"}). Nothing was changed.`, error); // biome-ignore format: one line
  }
}

async function restore(call: Call, file: string): Promise<void> {
  const { terminal } = call;
  const { config } = settingsOf(call.env);
  const { checkArchive, judgeMasterKey, lockSettings, readBackupFile, restoreBackup } = await (
    await import("../backup/index.ts")
  ).backupTools();
  const { keepMasterKey } = await import("../kernel/master-key.ts");
  const opening = {
    read: () => readBackupFile(file),
    passphrase: config.backupPassphrase ?? askWhenEncrypted(terminal),
  };
  const checked = await checkArchive(opening);
  const { key, fromFile } = judgeMasterKey(checked.header, { given: config.masterKey, dataDir: config.dataDir });
  const { connection, stop } = await openDatabase(config, { create: true, settings: lockSettings(checked.header) });
  try {
    const { contents, totalMs } = await restoreBackup({
      ...opening,
      connection,
      checked,
      beforeCommit: async () => {
        if (fromFile && key) keepMasterKey(config.dataDir, key);
      },
    });
    const { header, trailer } = contents;
    for (const notice of header.notices) terminal.err(`Note: ${notice}`);
    if (fromFile) terminal.err(`Note: the master key came with the file and is in ${join(config.dataDir, "master.key")} now.`); // biome-ignore format: one line
    const document = { createdAt: header.createdAt, version: header.version, rows: trailer.rows, tables: header.tables.length, tookMs: Math.round(totalMs) }; // biome-ignore format: one line
    terminal.answer(
      document,
      `Restored ${trailer.rows} rows of ${header.tables.length} tables, as of ${header.createdAt}, in ${duration(totalMs)}. Every table was read back and is equal.`, // biome-ignore format: one line
      "Start the server with landfall start. Admins sign in again; API keys are valid; clients begin with a new snapshot.",
    );
  } finally {
    await stop();
  }
}
