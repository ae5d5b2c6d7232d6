// `landfall doctor`: looks at everything a start needs, changes nothing, and says for each fault how to mend it.
import { accessSync, constants, existsSync, lstatSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Config } from "../kernel/config/index.ts";
import type { Db } from "../kernel/db/index.ts";
import { lacksMigrations, schemaState } from "../kernel/db/migrate.ts";
import { Exit } from "../kernel/exit.ts";
import { hasMasterKey, openMasterKey } from "../kernel/master-key.ts";
import { findPostgres } from "../kernel/postgres/binaries.ts";
import { openDatabase, poolOf, settingsOf } from "../main.ts";
import type { Call, Command } from "./command.ts";
import { clock } from "./local.ts";
import { size } from "./measure.ts";

/** `note`: nothing is broken, but somebody should know. */
interface Finding {
  readonly check: string;
  readonly state: "ok" | "note" | "fault";
  readonly says: string;
}

const freeBytesMin = 1_000_000_000;

export const command: Command = {
  usage: "",
  details: "Changes nothing. Exit code 28 when there is a fault.",
  options: {},
  positionals: { min: 0, max: 0 },
  async run(call) {
    const findings = await examine(call);
    const signs = { ok: "ok   ", note: "note ", fault: "FAULT" };
    const faults = findings.filter((finding) => finding.state === "fault").length;
    call.terminal.answer(
      { ok: faults === 0, findings },
      ...findings.map(({ state, check, says }) => `${signs[state]}  ${check.padEnd(12)}${says}`),
    );
    if (faults > 0) throw new Exit("faults_found", faults === 1 ? "1 fault." : `${faults} faults.`);
  },
};

async function examine(call: Call): Promise<Finding[]> {
  const settings = judged(() => settingsOf(call.env));
  if ("fault" in settings)
    return settings.fault.split("\n").map((says) => ({ check: "settings", state: "fault", says }));
  const { config, warnings } = settings.value;
  return [
    ...warnings.map((says): Finding => ({ check: "settings", state: "note", says })),
    { check: "node", state: "ok", says: process.versions.node },
    ...dataDir(config),
    ...(await schedule(config)),
    ...(await database(config)),
    await port(config),
  ];
}

/** An expected fault as its line; anything else is ours and stays an exception. */
function judged<T>(look: () => T): { value: T } | { fault: string } {
  try {
    return { value: look() };
  } catch (error) {
    if (error instanceof Exit) return { fault: error.message };
    throw error;
  }
}

function dataDir({ dataDir: folder }: Config): Finding[] {
  const check = "data folder";
  if (!existsSync(folder)) {
    const parent = dirname(folder);
    const able = writable(parent);
    const says = able ? `${folder} is made by the first start` : `${folder} is not there and ${parent} cannot be written: set LANDFALL_DATA_DIR`; // biome-ignore format: one line
    return [{ check, state: able ? "note" : "fault", says }];
  }
  const findings: Finding[] = [];
  if (!writable(folder))
    findings.push({ check, state: "fault", says: `${folder} cannot be written: chown it to this user` });
  if ((lstatSync(folder).mode & 0o077) !== 0) findings.push({ check, state: "note", says: `other users may look into ${folder}: chmod 700 ${folder}` }); // biome-ignore format: one line
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < freeBytesMin) findings.push({ check, state: "fault", says: `only ${Math.round(free / 1e6)} MB are free on its disk: make room` }); // biome-ignore format: one line
  return findings.length > 0 ? findings : [{ check, state: "ok", says: folder }];
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What only the start would find out. */
async function schedule({ backupSchedule }: Config): Promise<Finding[]> {
  if (backupSchedule === undefined) return [];
  const { readSchedule } = await import("../backup/index.ts");
  try {
    await readSchedule(backupSchedule);
    return [];
  } catch (error) {
    if (error instanceof Exit) return [{ check: "backups", state: "fault", says: error.message }];
    throw error;
  }
}

async function database(config: Config): Promise<Finding[]> {
  const check = "database";
  const embedded = config.databaseUrl === undefined;
  if (embedded) {
    const binaries = judged(findPostgres);
    if ("fault" in binaries) return [{ check, state: "fault", says: binaries.fault }];
  }
  try {
    const { connection, stop } = await openDatabase({ ...config, dbStartTimeoutMs: 0 }, { create: false });
    const db = poolOf(config, connection, 1);
    try {
      const version = (await db.query<{ v: string }>({ text: "SELECT current_setting('server_version') AS v" }))[0]?.v;
      const says = `Postgres ${version}, ${embedded ? "embedded" : "given by DATABASE_URL"}`;
      return [{ check, state: "ok", says }, ...(await schema(db, config))];
    } finally {
      await db.stop();
      await stop();
    }
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    return [{ check, state: error.reason === "not_set_up" ? "note" : "fault", says: error.message }];
  }
}

async function schema(db: Db, config: Config): Promise<Finding[]> {
  const state = await schemaState((text) => db.query({ text }));
  const missing = lacksMigrations(state).length;
  if (state.schema === "absent") return [{ check: "schema", state: "note", says: "is made by the first start" }];
  const says = missing === 0 ? "up to date" : `${missing} migrations are run by the next start`;
  const own = [
    { check: "schema", state: missing === 0 ? ("ok" as const) : ("note" as const), says },
    await key(db, config),
  ];
  return [...own, await backups(db, config)];
}

async function backups(db: Db, config: Config): Promise<Finding> {
  const check = "backups";
  const { backupFigures } = await import("../backup/index.ts");
  const { schedule: planned, lastSuccess, warning } = await backupFigures(db, config, clock.now());
  if (warning !== null) return { check, state: "fault", says: warning };
  if (planned === null) return { check, state: "note", says: "none is scheduled: set LANDFALL_BACKUP_SCHEDULE, or run landfall backup yourself" }; // biome-ignore format: one line
  const last = lastSuccess ? `the last one is of ${lastSuccess.at}, ${size(lastSuccess.bytes)}` : "none was taken yet";
  return { check, state: "ok", says: `scheduled (${planned}); ${last}` };
}

async function key(db: Db, config: Config): Promise<Finding> {
  const check = "master key";
  if (!(await hasMasterKey(db))) return { check, state: "note", says: "is made by the first start" };
  try {
    await openMasterKey(db, { given: config.masterKey, dataDir: config.dataDir });
    return { check, state: "ok", says: config.masterKey ? "given by LANDFALL_MASTER_KEY" : "in the data folder; keep a copy elsewhere" }; // biome-ignore format: one line
  } catch (error) {
    if (error instanceof Exit) return { check, state: "fault", says: error.message };
    throw error;
  }
}

async function port({ host, port }: Config): Promise<Finding> {
  const check = "port";
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
  if (code === undefined) return { check, state: "ok", says: `${port} on ${host} is free` };
  if (code === "EADDRINUSE" && (await isOurs(host, port))) return { check, state: "ok", says: `${port} is Landfall's, which runs` }; // biome-ignore format: one line
  const mend = code === "EADDRINUSE" ? `is taken by another program: choose another with PORT=${port + 1}` : `cannot be listened on (${code}): check HOST and PORT`; // biome-ignore format: one line
  return { check, state: "fault", says: `${port} on ${host} ${mend}` };
}

async function isOurs(host: string, port: number): Promise<boolean> {
  const place = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  const response = await fetch(`http://${place}:${port}/livez`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  return response?.ok === true;
}
