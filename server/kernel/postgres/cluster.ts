// The running embedded Postgres as the processes on one data folder share it.
//
//   process A  join ── no postmaster ── starts it ── owner ──── kill -9 ✗ (the kernel ends Postgres too)
//   process B       join ── socket answers ── guest ── watches ──┴─ postmaster gone ── join again ── owner
//
// Who starts at the same instant competes for the lock Postgres and flock hold on the folder; the loser is a guest.
// The socket's place never changes, so a pool simply reconnects. An owner whose Postgres crashes joins again as well.
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Exit } from "../exit.ts";
import { childEnvironment, findPostgres } from "./binaries.ts";
import { type ClusterFiles, clusterFiles, clusterHome, createCluster, inspectCluster, prepareSocketDir } from "./cluster-files.ts"; // biome-ignore format: one line
import { type Launch, launchFor } from "./launch.ts";
import { ClusterBusy, isPostgres, type Postmaster, readPostmaster, startPostmaster } from "./postmaster.ts";

export interface ClusterOptions {
  readonly dataDir: string;
  /** False for the command line: a folder without a cluster is refused instead of filled. */
  readonly create: boolean;
  /** Further `-c name=value` settings, should this process be the one that starts Postgres. */
  readonly settings?: readonly string[];
  /** One line about what takes a moment. */
  readonly progress?: (line: string) => void;
  /** Told when Postgres came back, by whom, and when it could not be started. */
  readonly onChange?: (event: { role: "owner" | "guest" } | { error: Error }) => void;
  /** How often a guest looks whether the postmaster lives. */
  readonly watchEveryMs?: number;
  /** How long to wait for another process's Postgres that starts or ends. */
  readonly patienceMs?: number;
}

export interface Cluster {
  readonly connection: pg.ClientConfig;
  readonly role: "owner" | "guest";
  /** The cluster was made just now. */
  readonly created: boolean;
  /** The owner stops Postgres, a guest only stops watching. */
  stop(): Promise<void>;
}

// Small on purpose: one app's server beside it, under 200 MB together. Every value may be raised in postgresql.conf's
// place by using one's own Postgres.
const tuning = ["wal_level=replica", "max_wal_senders=2", "max_connections=100", "shared_buffers=64MB", "jit=off",
  "max_wal_size=512MB", "autovacuum_max_workers=2", "autovacuum_naptime=15s", "huge_pages=off", "unix_socket_permissions=0700"]; // biome-ignore format: one list
/** I/O workers are three more processes; one app's reads come from the page cache anyway. */
const tuning18 = ["io_method=sync"];

export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { launch, home, created } = await prepare(options);
  const files = clusterFiles(home, launch.major);
  let seat = await takeSeat(launch, files, options);
  let stopping = false;
  const controller = new AbortController();
  const supervise = async () => {
    while (!stopping) {
      await left(seat, options.watchEveryMs ?? 200, controller.signal);
      if (stopping) return;
      try {
        seat = await takeSeat(launch, files, options, controller.signal);
        options.onChange?.({ role: seat.server ? "owner" : "guest" });
      } catch (error) {
        if (stopping) return;
        options.onChange?.({ error: error as Error });
        await sleep(1_000, undefined, { signal: controller.signal }).catch(() => {});
      }
    }
  };
  const supervised = supervise();
  return {
    connection: connectionOf(files),
    get role() {
      return seat.server ? "owner" : "guest";
    },
    created,
    async stop() {
      stopping = true;
      controller.abort();
      await supervised;
      await seat.server?.stop();
    },
  };
}

async function prepare(options: ClusterOptions): Promise<{ launch: Launch; home: string; created: boolean }> {
  const binaries = findPostgres();
  const there = inspectCluster(options.dataDir, binaries.major);
  if (!there && !options.create)
    throw new Exit("not_set_up", `There is no installation in ${options.dataDir} yet: run landfall start, or set LANDFALL_DATA_DIR.`); // biome-ignore format: one line
  try {
    const home = clusterHome(options.dataDir);
    const launch = launchFor(binaries, home);
    if (!there) {
      options.progress?.(`Making the embedded Postgres ${launch.major} …`);
      await createCluster(launch, home);
    }
    return { launch, home, created: !there };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR"].includes(code ?? "")) throw error;
    throw new Exit("data_dir_refused", `${options.dataDir} cannot be written (${code}): set LANDFALL_DATA_DIR.`, error);
  }
}

interface Seat {
  readonly pid: number;
  /** Only the owner holds it. */
  readonly server?: Postmaster;
}

/** Uses the Postgres that runs on the folder, or starts it. */
async function takeSeat(
  launch: Launch,
  files: ClusterFiles,
  options: ClusterOptions,
  signal?: AbortSignal,
): Promise<Seat> {
  const deadline = performance.now() + (options.patienceMs ?? 30_000);
  let told = false;
  while (performance.now() < deadline) {
    const running = readPostmaster(files.folder);
    if (running && isPostgres(running.pid)) {
      if (running.ready && (await answers(files))) return { pid: running.pid };
      if (!told) options.progress?.("Waiting for the Postgres of another process on this folder …");
      told = true;
    } else {
      try {
        const server = await start(launch, files, options.settings ?? []);
        return { pid: server.pid, server };
      } catch (error) {
        if (!(error instanceof ClusterBusy)) throw error;
      }
    }
    await sleep(50, undefined, signal ? { signal } : {});
  }
  throw new Exit("data_dir_refused", `Another Postgres holds ${files.folder} and does not answer: end it, or restart the machine.`); // biome-ignore format: one line
}

async function start(launch: Launch, files: ClusterFiles, extra: readonly string[]): Promise<Postmaster> {
  launch.own(files.folder);
  prepareSocketDir(launch, files.socketDir);
  return startPostmaster(launch, {
    cluster: files.folder,
    socketDir: files.socketDir,
    settings: [...tuning, ...(launch.major >= 18 ? tuning18 : []), ...extra],
    lock: hasFlock(),
  });
}

let flock: boolean | undefined;
/** util-linux's flock; busybox' cannot stay out of the way (`-F`). */
function hasFlock(): boolean {
  flock ??= spawnSync("flock", ["-n", "-F", "-E", "75", "/", "true"], { env: childEnvironment }).status === 0;
  return flock;
}

const connectionOf = (files: ClusterFiles): pg.ClientConfig => ({
  host: files.socketDir,
  user: "landfall",
  password: files.password,
  database: "landfall",
});

async function answers(files: ClusterFiles): Promise<boolean> {
  const client = new pg.Client({ ...connectionOf(files), connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Resolves when the Postgres of this seat is gone, or at the signal. */
async function left(seat: Seat, everyMs: number, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  if (seat.server) return Promise.race([seat.server.gone, aborted]);
  while (!signal.aborted && isPostgres(seat.pid))
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => {});
}
