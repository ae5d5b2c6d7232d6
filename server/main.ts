// The server as a process: configuration, Postgres, migrations, master key, the app, and an orderly end. What the app
// consists of is app.ts' matter.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import type pg from "pg";
import type { Logger } from "pino";
import type { App, AppDeps } from "./app.ts";
import { type Clock, systemClock } from "./kernel/clock.ts";
import { type Config, ConfigError, type Environment, readConfig } from "./kernel/config/index.ts";
import { checkDatabase } from "./kernel/db/check.ts";
import { connectionFromUrl, describeConnection } from "./kernel/db/connection.ts";
import type { Db } from "./kernel/db/index.ts";
import { migrate } from "./kernel/db/migrate.ts";
import { createDb, type PooledDb } from "./kernel/db/pool.ts";
import { Exit } from "./kernel/exit.ts";
import { createLog } from "./kernel/log.ts";
import { openMasterKey } from "./kernel/master-key.ts";
import { openCluster } from "./kernel/postgres/cluster.ts";
import { product } from "./kernel/product.ts";
import { requireVolume } from "./kernel/volume.ts";

/** What app.ts exports. `startApp` rejects with Node's own EADDRINUSE or EACCES when it cannot listen. */
export interface Rooms {
  startApp(config: Config, deps: AppDeps): Promise<App>;
  ensureSetupSecret(db: Db, options: { clock: Clock }): Promise<{ readonly secret: string } | null>;
  takesSetupSecret(db: Db, secret: string, options: { clock: Clock }): Promise<boolean>;
  ensureFirstAdmin(db: Db, input: AdminInput, options: { clock: Clock }): Promise<object | null>;
  createAdmin(db: Db, input: AdminInput, options: { clock: Clock }): Promise<{ readonly email: string }>;
  resetAdmin(db: Db, email: string, options: { clock: Clock }): Promise<{ readonly oneTimePassword: string }>;
}

export interface AdminInput {
  readonly email: string;
  readonly password: string;
}

/** The product's rooms; a test may hand in others. */
export const loadRooms = (): Promise<Rooms> => import("./app.ts");

/** Where a process prints, and whether a person reads it. */
export interface Terminal {
  readonly isTTY: boolean;
  out(line: string): void;
  err(line: string): void;
}

export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts everything; what was started is stopped again when a later step fails. */
export async function startServer(env: Environment, terminal: Terminal, load = loadRooms): Promise<Server> {
  const startedAt = performance.now();
  const rooms = load();
  rooms.catch(() => {}); // Awaited below; a failure before that must not count as unhandled.
  const { config, warnings } = settingsOf(env);
  for (const warning of warnings) terminal.err(warning);
  requireVolume(config);
  const stops: (() => Promise<void>)[] = [];
  try {
    const { log, flush } = createLog({ level: config.logLevel, secrets: secretsOf(config) });
    stops.push(async () => flush());
    announce(config, terminal);
    const { connection, stop } = await openDatabase(config, { create: true, progress: terminal.out, log });
    stops.push(stop);
    const deps = await openDeps(config, connection, { terminal, log, stops });
    const app = await listen(await rooms, config, deps);
    stops.push(() => app.stop());
    await welcome(await rooms, config, deps, { app, terminal, tookMs: performance.now() - startedAt });
    // Compiled code is kept now: a process that is killed later has no chance to.
    module.flushCompileCache();
    return { port: app.port, stop: () => unwind(stops) };
  } catch (error) {
    await unwind(stops).catch(() => {});
    throw error;
  }
}

export function settingsOf(env: Environment): ReturnType<typeof readConfig> {
  try {
    return readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) throw new Exit("config_invalid", error.lines.join("\n"));
    throw error;
  }
}

/** What must never be logged although it has no prefix that gives it away. */
function secretsOf({ serviceKey, masterKey, databaseUrl, smtpUrl, adminPassword, backupPassphrase }: Config): string[] {
  const passwords = [databaseUrl, smtpUrl].map((url) => url && new URL(url).password);
  const key = masterKey && Buffer.from(masterKey);
  const secrets = [
    serviceKey,
    ...passwords,
    ...passwords.map(decoded),
    adminPassword,
    backupPassphrase,
    key?.toString("hex"),
    key?.toString("base64"),
  ];
  return secrets.flatMap((secret) => secret || []);
}

/** As it is sent, where the URL holds it percent-encoded. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function announce(config: Config, terminal: Terminal): void {
  const there = existsSync(config.dataDir);
  terminal.out(`${product.name} ${product.version}`);
  terminal.out(`Data     ${config.dataDir} (${there ? "existing" : "new"})`);
}

export interface DatabaseOptions {
  /** False for commands: an installation that is not there is refused, not made. */
  readonly create: boolean;
  /** Of the embedded Postgres, should it be started here. */
  readonly settings?: readonly string[];
  readonly progress?: (line: string) => void;
  readonly log?: Logger;
}

/** The database of the settings: the given one, checked, or the embedded one, running. */
export async function openDatabase(
  config: Config,
  options: DatabaseOptions,
): Promise<{ connection: pg.ClientConfig; stop: () => Promise<void> }> {
  const { progress, log } = options;
  if (config.databaseUrl !== undefined) {
    const connection = connectionFromUrl(config.databaseUrl);
    await checkDatabase(connection, { startTimeoutMs: config.dbStartTimeoutMs, ...(progress && { progress }) });
    progress?.(`Database ${describeConnection(connection)}`);
    return { connection, stop: async () => {} };
  }
  const cluster = await openCluster({
    dataDir: config.dataDir,
    create: options.create,
    ...(options.settings && { settings: options.settings }),
    ...(progress && { progress }),
    onChange: (event) => {
      if ("error" in event) log?.error({ err: event.error }, "the embedded Postgres cannot be started, trying again");
      else log?.warn({ role: event.role }, "the embedded Postgres was started again");
    },
  });
  progress?.(
    `Postgres embedded, ${cluster.role === "owner" ? "started here" : "shared with the process that started it"}`,
  );
  return { connection: cluster.connection, stop: () => cluster.stop() };
}

/** The pool as the settings want it. */
export function poolOf(config: Config, connection: pg.ClientConfig, max = config.dbPoolSize): PooledDb {
  return createDb({
    connection,
    max,
    statementTimeoutMs: config.dbStatementTimeoutMs,
    lockTimeoutMs: config.dbLockTimeoutMs,
    idleInTransactionTimeoutMs: config.dbIdleInTransactionTimeoutMs,
    acquireTimeoutMs: config.dbAcquireTimeoutMs,
    prepare: config.dbPrepare,
  });
}

interface Opening {
  readonly terminal: Terminal;
  readonly log: Logger;
  readonly stops: (() => Promise<void>)[];
}

async function openDeps(config: Config, connection: pg.ClientConfig, opening: Opening): Promise<AppDeps> {
  await migrateAlone(config, connection, opening.terminal.out);
  const db = poolOf(config, connection);
  opening.stops.push(() => db.stop());
  const masterKey = await openMasterKey(db, { given: config.masterKey, dataDir: config.dataDir });
  return { db, connection, masterKey, clock: systemClock, log: opening.log };
}

/** On a connection of its own, without the pool's silence timeout: a migration may take as long as it needs. */
export async function migrateAlone(
  config: Config,
  connection: pg.ClientConfig,
  say: (line: string) => void,
): Promise<void> {
  const db = createDb({
    connection,
    max: 1,
    statementTimeoutMs: 0,
    lockTimeoutMs: 0,
    idleInTransactionTimeoutMs: 0,
    acquireTimeoutMs: Math.max(5_000, config.dbAcquireTimeoutMs),
    queryTimeoutMs: 0,
    prepare: config.dbPrepare,
  });
  try {
    await migrate(db, {
      progress: (name, done, total) => say(`Schema   ${done + 1} of ${total}: ${name}`),
      waiting: say,
      async before(tx) {
        const { backupTools } = await import("./backup/index.ts");
        const { backupBeforeMigration } = await backupTools();
        await backupBeforeMigration({ config, db: tx, connection, nowMs: systemClock.now(), progress: say });
      },
    });
  } finally {
    await db.stop();
  }
}

async function listen(rooms: Rooms, config: Config, deps: AppDeps): Promise<App> {
  try {
    return await rooms.startApp(config, deps);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new Exit("port_taken", `Port ${config.port} on ${config.host} is taken: stop what listens there, or choose another with PORT=${config.port + 1}.`, error); // biome-ignore format: one line
    if (code === "EACCES")
      throw new Exit("port_taken", `Port ${config.port} is not permitted for this user: choose one above 1023 with PORT=4710.`, error); // biome-ignore format: one line
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new Exit("config_invalid", `HOST: ${JSON.stringify(config.host)} is no address of this machine.`, error);
    throw error;
  }
}

interface Welcome {
  readonly app: App;
  readonly terminal: Terminal;
  readonly tookMs: number;
}

async function welcome(rooms: Rooms, config: Config, { db, clock }: AppDeps, welcome: Welcome): Promise<void> {
  const { app, terminal } = welcome;
  const url = config.publicUrl ?? `http://localhost:${app.port}`;
  const { adminEmail: email, adminPassword: password } = config;
  if (email !== undefined && password !== undefined) await rooms.ensureFirstAdmin(db, { email, password }, { clock });
  const setup = await rooms.ensureSetupSecret(db, { clock });
  const hint = keepSetupUrl(config, setup && setupUrl(url, setup.secret), terminal);
  terminal.out(`Ready in ${(welcome.tookMs / 1_000).toFixed(1)} s`);
  terminal.out("");
  terminal.out(`Console  ${url}/console`);
  terminal.out(`API      ${url}/v1`);
  terminal.out(`Docs     ${url}/docs`);
  if (hint !== undefined) terminal.out(hint);
}

/** In the fragment, which browsers keep to themselves: no log, no proxy and no Referer sees it. */
export const setupUrl = (url: string, secret: string) => `${url}/console/setup#setup=${secret}`;
export const setupUrlFile = (config: Config) => join(config.dataDir, "setup-url");

/**
 * The line that leads to the first admin. To a person at a terminal it is the link itself; otherwise output is a log, where
 * a secret has no place, so the link goes into a private file, which is there before the start is said to be over.
 */
function keepSetupUrl(config: Config, url: string | null, terminal: Terminal): string | undefined {
  const file = setupUrlFile(config);
  if ((url === null || terminal.isTTY) && existsSync(file)) rmSync(file, { force: true });
  if (url === null) return undefined;
  if (terminal.isTTY) return `\nMake the first admin (this link is valid for 24 hours):\n${url}`;
  const kept = keepPrivately(file, `${url}\n`);
  return `Make the first admin: landfall setup-url ${kept ? `shows the link, which is in ${file}` : "makes a link"}`;
}

/** False on a read-only disk, which is fine with a database and a master key from outside. */
function keepPrivately(file: string, text: string): boolean {
  // Renamed into place: another process on this folder may be doing the same, and each link is good.
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
    return true;
  } catch {
    return false;
  }
}

/** Newest first; one that fails does not keep the others from stopping. */
async function unwind(stops: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const stop of stops.splice(0).reverse()) await stop().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
