// One run of the `postgres` program on one cluster folder, and what its postmaster.pid tells others.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Exit } from "../exit.ts";
import { childEnvironment } from "./binaries.ts";
import type { Launch } from "./launch.ts";

export interface Postmaster {
  readonly pid: number;
  /** Resolves when it is gone, however it went. */
  readonly gone: Promise<void>;
  /** Fast shutdown; immediate when that takes too long, which the WAL survives. */
  stop(): Promise<void>;
}

export interface PostmasterOptions {
  readonly cluster: string;
  readonly socketDir: string;
  /** `name=value` */
  readonly settings: readonly string[];
  /** `flock` is there: the lock lives as long as any process of this Postgres, also across containers. */
  readonly lock: boolean;
}

/** Somebody else runs, or is still ending, on this cluster. */
export class ClusterBusy extends Error {}

export interface RunningPostmaster {
  readonly pid: number;
  readonly socketDir: string;
  readonly ready: boolean;
}

const lockConflict = 75;
const stopPatienceMs = 15_000;

export async function startPostmaster(launch: Launch, options: PostmasterOptions): Promise<Postmaster> {
  const command = [
    ...launch.prefix,
    ...(options.lock ? locked(options.cluster) : []),
    join(launch.bin, "postgres"),
    ...["-D", options.cluster, "-k", options.socketDir, "-c", "listen_addresses="],
    ...options.settings.flatMap((setting) => ["-c", setting]),
  ];
  // Detached: Ctrl-C in a terminal reaches the whole foreground group, and Postgres must outlive the last request.
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: "/",
    env: childEnvironment,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  if (!launch.diesWithParent) watchParent(child);
  await ready(child, options.cluster);
  return { pid: child.pid as number, gone, stop: () => stop(child, gone) };
}

/**
 * Holds a lock on the cluster folder and clears a postmaster.pid that is surely stale: its process is gone or is no
 * Postgres (pids start over in a container). Postgres itself would take such a process for its rival and refuse.
 */
function locked(cluster: string): string[] {
  const file = join(cluster, "postmaster.pid");
  const left = readPostmaster(cluster);
  const stale = left !== undefined && !isPostgres(left.pid) ? String(left.pid) : "";
  const script = 'if [ -n "$1" ] && read -r pid < "$2" && [ "$pid" = "$1" ]; then rm -f "$2"; fi; shift 2; exec "$@"';
  return ["flock", "-n", "-F", "-E", String(lockConflict), cluster, "sh", "-c", script, "sh", stale, file];
}

/** What the folder says about its postmaster; undefined when it says nothing. The process may be gone already. */
export function readPostmaster(cluster: string): RunningPostmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, socketDir: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
}

/** Whether the process lives and, where the system tells, is Postgres and not a later holder of the number. */
export function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "postgres";
  } catch (error) {
    // No /proc mounted: believe the signal.
    return (error as NodeJS.ErrnoException).code === "ENOENT" && !hasProc();
  }
}

function hasProc(): boolean {
  try {
    readFileSync("/proc/self/comm");
    return true;
  } catch {
    return false;
  }
}

/** Without pdeathsig: a shell that reads from us until we are gone, then asks Postgres to stop. */
function watchParent(child: ChildProcess): void {
  const watcher = spawn("sh", ["-c", 'read -r _; kill -INT "$1"', "sh", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: childEnvironment,
  });
  child.once("exit", () => watcher.kill("SIGKILL"));
}

async function stop(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const impatient = setTimeout(() => child.kill("SIGQUIT"), stopPatienceMs);
  child.kill("SIGINT");
  await gone;
  clearTimeout(impatient);
}

function ready(child: ChildProcess, cluster: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
      if (/database system is ready to accept (read-only )?connections/.test(output)) resolve();
    });
    child.once("error", reject);
    // `close`, not `exit`: the reason stands in what is still in the pipe.
    child.once("close", (code) => reject(code === lockConflict ? new ClusterBusy() : whyEnded(code, output, cluster)));
  });
}

export function whyEnded(code: number | null, output: string, cluster: string): Error {
  if (/lock file .* already exists|pre-existing shared memory block/.test(output)) return new ClusterBusy();
  if (/FATAL.*No space left on device/.test(output))
    return new Exit("data_dir_refused", `The disk of ${cluster} is full, and Postgres cannot start. Make room there and start again; the data is unchanged.`); // biome-ignore format: one line
  const line = output.split("\n").findLast((text) => /FATAL|PANIC/.test(text)) ?? output.trim().split("\n").at(-1);
  return new Error(`Postgres ended with code ${code}: ${line?.replace(/^.*?(FATAL|PANIC)/, "$1") ?? "no output"}`);
}
