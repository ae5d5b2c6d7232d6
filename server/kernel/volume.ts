// Refuses to put what must last where a container would lose it: an image without a volume starts, works for months, and
// has nothing left after the next `docker rm`. Only asked where LANDFALL_EPHEMERAL is set, as the Docker image does.
import { readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "./config/index.ts";
import { Exit } from "./exit.ts";

const inMemory = new Set(["tmpfs", "ramfs"]);

type Asked = Pick<Config, "ephemeral" | "dataDir" | "databaseUrl" | "masterKey">;

/** `mounts` is the text of Linux' mountinfo; without it nothing can be told apart, which counts as no volume. */
export function requireVolume(config: Asked, mounts: () => string = mountinfo): void {
  if (config.ephemeral !== false) return;
  // With a database and a master key from outside, the folder holds nothing that is needed again.
  if (config.databaseUrl !== undefined && config.masterKey !== undefined) return;
  if (onVolume(nearestReal(config.dataDir), mounts())) return;
  throw new Exit("data_not_kept", `${config.dataDir} is on no volume, so ${atStake(config)} would go with this container: mount one (docker run -v landfall:${config.dataDir}), or set LANDFALL_EPHEMERAL=1.`); // biome-ignore format: one line
}

const atStake = ({ databaseUrl }: Asked) => (databaseUrl === undefined ? "all data" : "the master key");

/** Whether the mount that holds the path is another one than the container's own root, and on a disk. */
export function onVolume(path: string, mounts: string): boolean {
  let best: { point: string; kind: string } | undefined;
  for (const line of mounts.split("\n")) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
    const point = unescaped(line.split(" ")[4] ?? "");
    const kind = line.split(" - ")[1]?.split(" ")[0] ?? "";
    if (point === "" || !holds(point, path)) continue;
    // Of two mounts on one point the later one is seen.
    if (best === undefined || point.length >= best.point.length) best = { point, kind };
  }
  return best !== undefined && best.point !== "/" && !inMemory.has(best.kind);
}

const holds = (point: string, path: string) => point === "/" || path === point || path.startsWith(`${point}/`);

/** Spaces, tabs, newlines and backslashes stand as octal. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The folder with symlinks resolved, or its nearest ancestor that is there. */
function nearestReal(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : nearestReal(dirname(path));
  }
}

function mountinfo(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
