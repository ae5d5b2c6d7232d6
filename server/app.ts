// The table of contents: which rooms there are, and how they hang together. Nothing is decided here.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import type { Logger } from "pino";
import { adminRoomRoutes } from "./admin/index.ts";
import { createAuth, provideUsers } from "./auth/index.ts";
import { backupFigures, backupRoutes, createBackupSchedule, createBackupWork, createShelf, observeBackups } from "./backup/index.ts"; // biome-ignore format: one line
import { createCollections } from "./collections/index.ts";
import { type ChangeLog, createChangeLog } from "./kernel/changelog/index.ts";
import type { Clock } from "./kernel/clock.ts";
import { type Config, projectRoot } from "./kernel/config/index.ts";
import type { PooledDb } from "./kernel/db/pool.ts";
import { createHttp, defaultHttpSettings, type HttpSettings } from "./kernel/http/index.ts";
import { createInstances } from "./kernel/instances.ts";
import type { Service } from "./kernel/lifecycle.ts";
import type { MasterKey } from "./kernel/master-key.ts";
import { createMetrics, observeReaderLag } from "./kernel/metrics.ts";
import { createOutbound } from "./kernel/outbound.ts";
import { product } from "./kernel/product.ts";
import { createMail } from "./mail/index.ts";
import { createProvider } from "./provider/index.ts";

export { createAdmin, ensureFirstAdmin, ensureSetupSecret, resetAdmin, takesSetupSecret } from "./auth/index.ts";

/** The running app: HTTP server, readers, everything that long lives. */
export interface App {
  /** The port it listens on, which differs from the setting when that is 0. */
  readonly port: number;
  /** Drains and stops everything it started, within `config.drainDeadlineMs`. */
  stop(): Promise<void>;
}

export interface AppDeps {
  /** Stopped by main, after the app. */
  readonly db: PooledDb;
  /** For connections of one's own, such as LISTEN. */
  readonly connection: pg.ClientConfig;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts every room and listens. Rejects with Node's own error when it cannot listen; what had started is stopped again. */
export async function startApp(config: Config, deps: AppDeps): Promise<App> {
  const { db, clock, log, masterKey } = deps;
  const metrics = createMetrics();
  const publicUrl = config.publicUrl ?? `http://localhost:${config.port}`;

  const changeLog = createChangeLog({
    db,
    clock,
    log,
    connect: () => connected({ ...deps.connection, pipeline: true } as pg.ClientConfig),
  });
  const instances = createInstances({
    db,
    id: randomUUID(),
    version: product.version,
    everyMs: 5_000,
    onError: (error) => log.warn({ err: error }, "instances could not be counted"),
  });
  const collections = createCollections({ db, clock, log, masterKey, changeLog });
  const { dataDir, smtpUrl, mailFrom } = config;
  const mail = createMail({ db, clock, log, masterKey, publicUrl, dataDir, smtpUrl, mailFrom });
  const auth = createAuth({
    ...{ db, clock, log, masterKey, publicUrl, serviceKey: config.serviceKey },
    outbound: createOutbound({ publicUrl, allow: config.outboundAllow }),
    ...{ collections: collections.registry, records: collections.records },
    mailer: mail.mailer,
  });
  const provider = createProvider({ db, clock, log, masterKey, publicUrl, shared: auth.shared, collections: collections.registry }); // biome-ignore format: parts
  auth.addKind(provider.kind);
  const backups = createBackupSchedule({ config, db, connection: deps.connection, clock, log });
  const shelf = createShelf(config);
  const backupWork = createBackupWork({ config, db, connection: deps.connection, clock, log, shelf });
  const http = createHttp({
    settings: httpSettings(config, publicUrl),
    db,
    clock,
    log,
    metrics,
    random: Math.random,
    authenticate: auth.authenticate,
    namedActor: auth.namedActor,
    routes: [
      ...collections.routes,
      ...auth.routes,
      ...mail.routes,
      ...backupRoutes({ config, clock, masterKey, shelf, work: backupWork, schedule: backups, owners: auth.owners }),
      ...provider.routes,
      ...adminRoomRoutes({
        clock,
        publicUrl,
        collections: collections.registry,
        figures: {
          changeLog: async () => changeLog.stats(),
          backups: () => backupFigures(db, config, clock.now()),
          mail: mail.figures,
        },
      }),
    ],
    protocols: [provider.mount],
    mounts: [
      { path: "/console", folder: join(projectRoot, "admin-ui", "dist"), policy: "console", fallback: "index.html" },
      { path: "/docs", folder: join(projectRoot, "docs", "dist"), policy: "docs", notFound: "not-found.html" },
    ],
    files: [{ path: "/sdk.tgz", file: join(projectRoot, "sdk", "dist", "sdk.tgz"), contentType: "application/gzip" }],
    committed: () => changeLog.ring(),
    home: "/console/",
    instances: instances.count,
    extendOpenApi: collections.extendOpenApi,
    ready: () => isReady(deps, changeLog),
  });
  observeReaderLag(metrics, async () => lagOf(changeLog));
  observeBackups(metrics, db);

  const services: readonly (Service | readonly Service[])[] = [
    [changeLog, collections.registry, instances],
    [collections.denials, auth.feed, auth.sweeper, provider.sweeper, mail.sender, backups, backupWork],
    [once("auth.users", () => provideUsers(db, collections.provide)), once("auth.keys", auth.prepare)],
    http,
  ];
  const started: Service[] = [];
  try {
    for (const step of services) {
      const together = [step].flat();
      started.push(...together);
      await Promise.all(together.map((service) => service.run()));
    }
  } catch (error) {
    await end(started);
    throw error;
  }
  collections.refreshCapture().catch((error: unknown) => log.warn({ err: error }, "capture could not be refreshed"));
  return { port: http.address.port, stop: () => end(started) };
}

/** A step of the start that leaves nothing running. */
function once(name: string, work: () => Promise<void>): Service {
  return { name, run: work, drain: async () => {}, stop: async () => {} };
}

/** Newest first: the door closes before what stands behind it. */
async function end(services: readonly Service[]): Promise<void> {
  const order = [...services].reverse();
  for (const service of order) await service.drain();
  for (const service of order) await service.stop();
}

function httpSettings(config: Config, publicUrl: string): HttpSettings {
  const given = Object.entries(config).filter(([name, value]) => name in defaultHttpSettings && value !== undefined);
  return { ...defaultHttpSettings, ...Object.fromEntries(given), publicUrl };
}

async function connected(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connection);
  await client.connect();
  return client;
}

async function isReady({ db }: AppDeps, changeLog: ChangeLog): Promise<boolean> {
  if (!changeLog.stats().connected) return false;
  await db.query({ name: "ready", text: "SELECT 1 AS ok" });
  return true;
}

function lagOf(changeLog: ChangeLog): ReadonlyMap<string, number> {
  return new Map(changeLog.stats().readers.map((reader) => [reader.name, reader.lagEntries]));
}
