// How a Postgres program is started by whoever we are. It refuses to run as root, and it must die with us.
//
//   not root                 setpriv --pdeathsig            as ourselves
//   root, user namespaces    unshare -U, then the same      sees itself as nobody, files stay root's, a 0700 home works
//   root without them        setpriv --reuid nobody         chroot, default Docker: files belong to nobody, the binaries
//                                                           move to a readable place, CAP_DAC_READ_SEARCH opens a 0700 home
import { spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Exit } from "../exit.ts";
import { type Binaries, childEnvironment } from "./binaries.ts";

export interface Launch {
  /** Words before the program. */
  readonly prefix: readonly string[];
  readonly bin: string;
  readonly major: number;
  /** Hands a folder to the user Postgres runs as; does nothing when it belongs to it already. */
  own(folder: string): void;
  /** True when the kernel ends Postgres with us; else a watcher must. */
  readonly diesWithParent: boolean;
}

const works = (command: readonly string[]) =>
  spawnSync(command[0] as string, command.slice(1), { stdio: "ignore", env: childEnvironment }).status === 0;

const die = ["setpriv", "--pdeathsig", "INT", "--"];
const mapped = ["unshare", "-U", "--map-user=65534", "--map-group=65534", "--"];

/** `home` is the folder the cluster lives in; it must exist. */
export function launchFor(binaries: Binaries, home: string): Launch {
  const uid = process.getuid?.() ?? 0;
  const diesWithParent = process.platform === "linux" && works([...die, "true"]);
  const own = (folder: string) => give(folder, uid, process.getgid?.() ?? 0);
  const dying = diesWithParent ? die : [];
  if (uid !== 0) return { ...binaries, prefix: dying, own, diesWithParent };
  if (process.platform === "linux" && works([...mapped, ...dying, "true"]))
    return { ...binaries, prefix: [...mapped, ...dying], own, diesWithParent };
  return asNobody(binaries, home);
}

function asNobody(binaries: Binaries, home: string): Launch {
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8", env: childEnvironment }).stdout),
  ) as [number, number];
  const drop = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  if (!uid || !works([...drop, "true"]))
    throw new Exit("postgres_missing", "Postgres refuses to run as root and there is no way to another user here: start as an ordinary user or set DATABASE_URL."); // biome-ignore format: one line
  const bin = works([...drop, "test", "-x", join(binaries.bin, "postgres")]) ? binaries.bin : readableCopy(binaries);
  const searching = ["dac_read_search", "dac_override"].map((cap) => [`--inh-caps=+${cap}`, `--ambient-caps=+${cap}`]);
  // Not `test -x`: access(2) asks for the real user and forgets capabilities.
  const reach = [[], ...searching].find((caps) => works([...drop, ...caps, "--", "stat", join(home, ".")]));
  if (!reach)
    throw new Exit("data_dir_refused", `User nobody, whom Postgres must run as here, cannot reach ${home}: set LANDFALL_DATA_DIR to a folder outside a private home.`); // biome-ignore format: one line
  return {
    prefix: [...drop, ...reach, "--pdeathsig", "INT", "--"],
    bin,
    major: binaries.major,
    own: (folder) => give(folder, uid, gid),
    diesWithParent: true,
  };
}

/** The package's folder copied to where every user may read it; root's own, renamed into place when complete. */
function readableCopy(binaries: Binaries): string {
  const shelf = "/var/cache/landfall";
  const stamp = lstatSync(join(binaries.bin, "postgres"));
  const place = join(shelf, `postgres-${binaries.major}-${stamp.size}-${Math.trunc(stamp.mtimeMs)}`);
  mkdirSync(shelf, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(shelf);
  if (uid !== 0 || (mode & 0o022) !== 0)
    throw new Exit("postgres_missing", `${shelf} must belong to root alone: chown root ${shelf} && chmod 755 ${shelf}`);
  if (!existsSync(place)) {
    const draft = `${place}.${process.pid}`;
    cpSync(binaries.root, draft, { recursive: true, verbatimSymlinks: false, dereference: true });
    try {
      renameSync(draft, place);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(place)) throw error;
    }
  }
  return join(place, "bin");
}

function give(folder: string, uid: number, gid: number): void {
  if (lstatSync(folder).uid === uid) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chownSync(path, uid, gid);
  }
  // The folder itself last: an interrupted hand-over is repeated from the start.
  chownSync(folder, uid, gid);
}
