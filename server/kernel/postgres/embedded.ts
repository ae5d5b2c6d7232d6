// A bare Postgres from the npm package, with a superuser anyone at the socket may be: for tests. The product runs
// `openCluster` (cluster.ts), which trusts nobody.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Binaries, childEnvironment, findPostgres } from "./binaries.ts";
import { type Launch, launchFor } from "./launch.ts";
import { startPostmaster } from "./postmaster.ts";

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
  /** Default: the one that `findPostgres` finds. */
  readonly binaries?: Binaries;
}

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  mkdirSync(options.socketDir, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(options.dataDir), { recursive: true, mode: 0o700 });
  const launch = launchFor(options.binaries ?? findPostgres(), dirname(options.dataDir));
  if (!existsSync(join(options.dataDir, "PG_VERSION"))) {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    await initialise(launch, options.dataDir);
  }
  launch.own(options.socketDir);
  const { dataDir: cluster, socketDir, settings = [] } = options;
  const { pid, stop } = await startPostmaster(launch, { cluster, socketDir, settings, lock: false });
  return { host: socketDir, pid, stop };
}

/** Runs initdb into an empty folder. Local connections are trusted until somebody writes a stricter pg_hba.conf. */
export async function initialise(launch: Launch, folder: string): Promise<void> {
  launch.own(folder);
  const icu = launch.major >= 15 ? ["--locale-provider=icu", "--icu-locale=und"] : [];
  const flags = ["-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", ...icu, "-N"];
  await runProgram([...launch.prefix, join(launch.bin, "initdb"), ...flags, "--no-instructions"]);
}

/** Not the synchronous form: while initdb works on one core, the other loads the server's modules. */
export function runProgram(command: readonly string[], input = ""): Promise<void> {
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: "/",
    env: childEnvironment,
    stdio: ["pipe", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-4_000);
  });
  // A program that ends early closes its input; its exit code says why.
  child.stdin.on("error", () => {}).end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`${command.find((word) => /\/(initdb|postgres)$/.test(word))} ended with ${code}: ${complaints}`),
        );
    });
  });
}
