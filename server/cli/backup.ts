// `landfall backup <file>` writes everything into one file; `landfall backup verify` rehearses its restore.
import { once } from "node:events";
import type { Config } from "../kernel/config/index.ts";
import { connectionFromUrl } from "../kernel/db/connection.ts";
import { Exit } from "../kernel/exit.ts";
import { openDatabase, settingsOf } from "../main.ts";
import { askHidden } from "./ask.ts";
import type { Call, Command, CommandTerminal } from "./command.ts";
import { clock } from "./local.ts";
import { duration, size } from "./measure.ts";

export const command: Command = {
  usage: "<file>|verify [file]",
  details:
    "<file>    one consistent file of all records, definitions, settings, admins and keys, while the server runs. It\n" +
    "          appears under its name only when it is complete; - writes to standard output.\n" +
    "verify    checks every byte of the file, restores it into a database made for this, compares each table, drops it,\n" +
    "          and says how old the backup is and how long a restore takes. Without a file: the newest scheduled backup.\n\n" +
    "Encrypted with LANDFALL_BACKUP_PASSPHRASE when that is set. The master key is not in the file unless asked for:\n" +
    "keep a copy of <data dir>/master.key elsewhere. Not in the file: the change log, sessions, counters.",
  options: {
    encrypt: { type: "boolean", text: "Encrypt; asks for a passphrase unless LANDFALL_BACKUP_PASSPHRASE is set." },
    "with-master-key": { type: "boolean", text: "Put the master key into the file, which must be encrypted." },
  },
  positionals: { min: 1, max: 2 },
  async run(call) {
    const [first, second] = call.positionals as [string, string | undefined];
    if (first === "verify") return verify(call, second);
    if (second !== undefined) throw new Exit("usage", `Usage: landfall backup ${command.usage}`);
    return take(call, first);
  },
};

async function take(call: Call, file: string): Promise<void> {
  const { terminal } = call;
  const { config } = settingsOf(call.env);
  const passphrase = config.backupPassphrase ?? (call.flag("encrypt") ? await newPassphrase(terminal) : undefined);
  const withKey = call.flag("with-master-key");
  if (withKey && passphrase === undefined)
    throw new Exit("usage", "--with-master-key needs an encrypted file: add --encrypt.");
  const { takeBackup, writeBackupFile } = await (await import("../backup/index.ts")).backupTools();
  const masterKey = withKey ? await keyOf(config) : undefined;
  const startedAt = clock.monotonicMs();
  const { connection, stop } = await openDatabase(config, { create: false });
  try {
    const work = (sink: (bytes: Buffer) => Promise<void>) => takeBackup({ connection, sink, passphrase, masterKey, signal: interrupted() }); // biome-ignore format: one line
    const taken = file === "-" ? await work(toStandardOutput(terminal)) : await writeBackupFile(file, work);
    const { rows, fileBytes, sha256, header } = taken;
    const tookMs = clock.monotonicMs() - startedAt;
    for (const notice of header.notices) terminal.err(`Note: ${notice}`);
    if (passphrase === undefined)
      terminal.err("Note: the file is not encrypted. Whoever has it can read every record.");
    if (file === "-") return;
    const document = { file, rows, tables: header.tables.length, bytes: fileBytes, sha256, tookMs: Math.round(tookMs), encrypted: passphrase !== undefined, notices: header.notices }; // biome-ignore format: one line
    terminal.answer(document, `${file}: ${rows} rows of ${header.tables.length} tables, ${size(fileBytes)}, in ${duration(tookMs)}`, `SHA-256 ${sha256}`); // biome-ignore format: one line
  } finally {
    await stop();
  }
}

/** Ctrl-C takes the draft away too. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort(new Exit("broke_off", "Interrupted. Nothing was written."));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  return controller.signal;
}

async function keyOf(config: Config): Promise<Uint8Array> {
  const { givenMasterKey } = await import("../kernel/master-key.ts");
  const key = givenMasterKey({ given: config.masterKey, dataDir: config.dataDir });
  if (!key) throw new Exit("master_key_wrong", "There is no master key here to put into the file.");
  return key;
}

async function newPassphrase(terminal: CommandTerminal): Promise<string> {
  if (!terminal.stdin.isTTY) throw new Exit("usage", "--encrypt takes the passphrase from LANDFALL_BACKUP_PASSPHRASE, or asks at a terminal."); // biome-ignore format: one line
  const first = await askHidden("Passphrase of the backup (at least 12 characters):", terminal);
  if (first.length < 12) throw new Exit("input_refused", "A passphrase needs at least 12 characters.");
  if ((await askHidden("Once more:", terminal)) !== first) throw new Exit("input_refused", "The two differ.");
  return first;
}

function toStandardOutput({ stdout }: CommandTerminal): (bytes: Buffer) => Promise<void> {
  let broken: Error | undefined;
  stdout.on("error", (error: Error) => {
    broken = error;
  });
  return async (bytes) => {
    if (!broken && !stdout.write(bytes)) await Promise.race([once(stdout, "drain"), once(stdout, "close")]).catch(() => {}); // biome-ignore format: one line
    if (broken) throw new Exit("broke_off", `Standard output broke off: ${broken.message}. What was written is no whole backup.`, broken); // biome-ignore format: one line
  };
}

async function verify(call: Call, given: string | undefined): Promise<void> {
  const { terminal } = call;
  const { config } = settingsOf(call.env);
  const { automaticFiles, backupFolder, judgeMasterKey, readBackupFile, runDrill } = await (
    await import("../backup/index.ts")
  ).backupTools();
  const folder = backupFolder(config);
  const file = given ?? automaticFiles(folder, "scheduled")[0]?.path;
  if (file === undefined) throw new Exit("file_unusable", `There is no scheduled backup in ${folder}: name a file.`);
  const drill = await runDrill({
    read: () => readBackupFile(file),
    passphrase: config.backupPassphrase ?? askWhenEncrypted(terminal),
    server: config.databaseUrl === undefined ? undefined : connectionFromUrl(config.databaseUrl),
    nowMs: clock.now(),
  });
  const { contents, tables, rpoMs, rtoMs, where, postgres } = drill;
  const key = keyFinding(() => judgeMasterKey(contents.header, { given: config.masterKey, dataDir: config.dataDir }));
  const { header, trailer, fileBytes, encrypted } = contents;
  const document = { file, createdAt: header.createdAt, version: header.version, encrypted, tables, rows: trailer.rows, bytes: fileBytes, masterKey: key ?? "opens it", rpoMs: Math.round(rpoMs), rtoMs: Math.round(rtoMs), where, postgres }; // biome-ignore format: one line
  terminal.answer(
    document,
    `${file}: whole, restored and compared. ${trailer.rows} rows of ${tables} tables, all equal (Postgres ${postgres}, ${where === "embedded" ? "a temporary embedded one" : "a temporary database on the server of DATABASE_URL"}).`, // biome-ignore format: one line
    `RPO  ${duration(rpoMs)}: the age of this backup, from ${header.createdAt}. Later changes would be lost.`,
    `RTO  ${duration(rtoMs)}: what this restore took, from the first byte to the commit.`,
    ...(key === undefined ? ["The master key here opens its secrets."] : [`Master key: ${key}`]),
  );
}

/** A drill needs no master key, but a restore does; undefined when all is well. */
function keyFinding(judge: () => unknown): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    if (error instanceof Exit) return error.message;
    throw error;
  }
}

/** Asked once, and only for a file that is encrypted. */
export function askWhenEncrypted(terminal: CommandTerminal): (() => Promise<string>) | undefined {
  if (!terminal.stdin.isTTY) return undefined;
  let asked: Promise<string> | undefined;
  return () => (asked ??= askHidden("Passphrase of the backup:", terminal));
}
