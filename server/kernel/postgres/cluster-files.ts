// The embedded cluster on disk: `<data dir>/pg/<major>`, made complete under another name and then renamed, so that a
// folder with its real name is never half made. Nobody can sign in as its superuser (`postgres --single` by the
// folder's owner is the way); the role `landfall` signs in with a generated password kept beside the cluster's files.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs"; // biome-ignore format: one line
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Exit } from "../exit.ts";
import { initialise, runProgram } from "./embedded.ts";
import type { Launch } from "./launch.ts";

export interface ClusterFiles {
  readonly folder: string;
  readonly socketDir: string;
  readonly password: string;
}

const note = "landfall.json";
/** A socket's path holds 107 bytes; `/.s.PGSQL.5432.lock` takes 19 of them. */
const socketDirBytesMax = 107 - 19;

/** `<data dir>/pg`, with symlinks resolved, so that two names of one folder are one cluster. */
export function clusterHome(dataDir: string): string {
  mkdirSync(join(dataDir, "pg"), { recursive: true, mode: 0o700 });
  return realpathSync(join(dataDir, "pg"));
}

/** Refuses what is not ours before anything is created. True when a cluster is there. */
export function inspectCluster(dataDir: string, major: number): boolean {
  const home = join(dataDir, "pg");
  if (!existsSync(home)) return false;
  const folder = join(home, String(major));
  if (!existsSync(folder)) {
    const other = readdirSync(home).find((name) => existsSync(join(home, name, "PG_VERSION")) && !name.startsWith("."));
    if (other === undefined) return false;
    throw refused(`${home} holds a cluster of Postgres ${other} and this is Postgres ${major}. Dump it with that Landfall and load it into a new LANDFALL_DATA_DIR, or set DATABASE_URL.`); // biome-ignore format: one line
  }
  const found = versionOf(folder);
  if (found === undefined) throw refused(`${folder} is there but is no Postgres cluster: move it away, or choose another LANDFALL_DATA_DIR.`); // biome-ignore format: one line
  if (found !== String(major))
    throw refused(`${folder} was made by Postgres ${found} and this is Postgres ${major}: move it away and load a dump, or set DATABASE_URL.`); // biome-ignore format: one line
  if (!existsSync(join(folder, note)) || !existsSync(join(folder, "global", "pg_control")))
    throw refused(`${folder} is incomplete or was not made by Landfall: restore it, or choose another LANDFALL_DATA_DIR.`); // biome-ignore format: one line
  return true;
}

function versionOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "PG_VERSION"), "utf8").trim();
  } catch {
    return undefined;
  }
}

const refused = (line: string) => new Exit("data_dir_refused", line);

/** Makes the cluster unless another process was faster. */
export async function createCluster(launch: Launch, home: string): Promise<void> {
  clearDrafts(home);
  const draft = join(home, `.new-${process.pid}-${randomBytes(4).toString("hex")}`);
  const password = randomBytes(24).toString("base64url");
  mkdirSync(draft, { mode: 0o700 });
  try {
    await initialise(launch, draft);
    await runProgram(
      [...launch.prefix, join(launch.bin, "postgres"), "--single", "-F", "-D", draft, "template1"],
      `CREATE ROLE landfall LOGIN PASSWORD '${password}';\nCREATE DATABASE landfall OWNER landfall;\n`,
    );
    // No line for `postgres`: the superuser cannot connect at all.
    writeFileSync(join(draft, "pg_hba.conf"), "# Written by Landfall.\nlocal all landfall scram-sha-256\n");
    const socketName = `landfall-${randomBytes(8).toString("hex")}`;
    writeFileSync(join(draft, note), JSON.stringify({ password, socketName }), { mode: 0o600 });
    launch.own(draft);
    // Until here nothing was flushed. `sync -f` would also wait for everybody else's writes on that disk.
    await runProgram([...launch.prefix, join(launch.bin, "initdb"), "-S", "-D", draft]);
    renameSync(draft, join(home, String(launch.major)));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const taken = ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!taken) throw error;
  }
}

/** Drafts whose makers are gone. */
function clearDrafts(home: string): void {
  for (const name of readdirSync(home)) {
    const pid = Number(/^\.new-(\d+)-/.exec(name)?.[1]);
    if (pid && !lives(pid)) rmSync(join(home, name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Where the cluster's socket is: beside it, or in a private folder of the temp dir when that path is too long. */
export function clusterFiles(home: string, major: number): ClusterFiles {
  const folder = join(home, String(major));
  const { password, socketName } = JSON.parse(readFileSync(join(folder, note), "utf8")) as Record<string, string>;
  const beside = join(home, "run");
  const socketDir = Buffer.byteLength(beside) <= socketDirBytesMax ? beside : join(tmpdir(), socketName as string);
  return { folder, socketDir, password: password as string };
}

/** The name in the temp dir is unguessable at first, but not for ever: whoever holds it must be us. */
export function prepareSocketDir(launch: Launch, socketDir: string): void {
  mkdirSync(socketDir, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(socketDir);
  const ours = uid === process.getuid?.() || process.getuid?.() === 0;
  if (!ours || (mode & 0o077) !== 0 || !lstatSync(socketDir).isDirectory())
    throw refused(`${socketDir} must be a private folder of this user: remove it and start again.`);
  launch.own(socketDir);
}
