// Builds the image without Docker: the Dockerfile's own steps, in folders that stand for the stages' file systems. What is
// different from Docker is named here and nowhere else: absolute paths get the stage's folder in front, the image's user
// is `nobody` (or ourselves, when we are not root), and `instead` may put something cheaper in place of a command.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { cpSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs"; // biome-ignore format: one line
import { dirname, join, matchesGlob, relative, resolve } from "node:path";
import { type Dockerfile, readDockerfile, type Stage, type Step } from "./dockerfile.ts";

export interface BuildOptions {
  readonly dockerfile: string;
  readonly context: string;
  /** Where the stages' folders go; must be reachable for every user. */
  readonly into: string;
  /** Replaces one command of a RUN; undefined runs it as it stands. */
  readonly instead?: (command: string, folder: string) => (() => void) | undefined;
}

export interface Image extends Dockerfile {
  /** The last stage's file system. */
  readonly root: string;
  readonly workdir: string;
}

const asRoot = process.getuid?.() === 0;
/** Folders of the image that its commands and settings name. */
const ownPaths = /(?<=^|[\s=:"'])\/(?:app|data|usr\/local\/bin)(?=$|[/\s:"'])/g;

export function buildImage(options: BuildOptions): Image {
  const file = readDockerfile(readFileSync(options.dockerfile, "utf8"));
  const built = new Map<string, { root: string; workdir: string }>();
  for (const stage of file.stages) {
    const root = join(options.into, stage.name);
    const base = built.get(stage.base);
    if (base) hardLink(base.root, root);
    else emptySystem(root);
    const place = { root, workdir: base?.workdir ?? "/" };
    for (const step of stage.steps) take(step, place, { ...options, file, built, stage });
    built.set(stage.name, place);
  }
  return { ...file, ...(built.get((file.stages.at(-1) as Stage).name) as { root: string; workdir: string }) };
}

interface Building extends BuildOptions {
  readonly file: Dockerfile;
  readonly built: ReadonlyMap<string, { root: string; workdir: string }>;
  readonly stage: Stage;
}

function take(step: Step, place: { root: string; workdir: string }, building: Building): void {
  const here = join(place.root, place.workdir);
  switch (step.op) {
    case "WORKDIR":
      place.workdir = step.path;
      mkdirSync(join(place.root, step.path), { recursive: true });
      return;
    case "COPY": {
      const other = step.from === undefined ? undefined : building.built.get(step.from);
      if (step.from !== undefined && !other) throw new Error(`COPY from an unknown stage: ${step.from}`);
      for (const source of step.sources)
        if (other) hardLink(join(other.root, source), join(here, step.target));
        else copyContext(building.context, source, join(here, step.target));
      return;
    }
    case "RUN":
      for (const command of step.command.split(" && ")) {
        const cheaper = building.instead?.(command, here);
        if (cheaper) cheaper();
        else run(command, place.root, here);
      }
  }
}

function run(command: string, root: string, cwd: string): void {
  const own = command.replace(ownPaths, (path) => root + path);
  const words = asRoot ? own.replace("node:node", "nobody:nogroup") : own.replace(/^chown .*/, "true");
  const { status, stdout, stderr } = spawnSync("sh", ["-c", words], {
    cwd,
    env: { ...process.env, PATH: `${root}/usr/local/bin:${process.env.PATH}`, HOME: process.env.HOME ?? root },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}\n${stdout}${stderr}`);
}

/** What stands for the base image: a Node where its image has it. */
function emptySystem(root: string): void {
  const bin = join(root, "usr/local/bin");
  mkdirSync(bin, { recursive: true });
  try {
    linkSync(process.execPath, join(bin, "node"));
  } catch {
    cpSync(process.execPath, join(bin, "node"));
  }
}

/** As COPY does between stages: symlinks stay what they are. Files are hard links here, so that nothing is written twice. */
function hardLink(source: string, target: string): void {
  const kind = lstatSync(source);
  if (kind.isDirectory()) {
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) hardLink(join(source, name), join(target, name));
    return;
  }
  mkdirSync(dirname(target), { recursive: true });
  if (kind.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else linkSync(source, target);
}

/** From the build context, without what .dockerignore names. A folder's content is copied, as COPY does. */
function copyContext(context: string, source: string, target: string): void {
  const from = resolve(context, source);
  const ignored = ignores(context);
  if (!existsSync(from) || ignored(relative(context, from))) throw new Error(`COPY ${source}: not in the context`);
  const to = !statSync(from).isDirectory() && target.endsWith("/") ? join(target, source.split("/").at(-1) as string) : target; // biome-ignore format: one line
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => !ignored(relative(context, path)) });
}

/** .dockerignore: a pattern that matches a path or one of its parents leaves it out. */
export function ignores(context: string): (path: string) => boolean {
  const patterns = readFileSync(join(context, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (patterns.some((pattern) => pattern.startsWith("!"))) throw new Error(".dockerignore: `!` is not replayed");
  return (path) => {
    const parts = path.split("/");
    const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    return prefixes.some((prefix) => patterns.some((pattern) => matchesGlob(prefix, pattern)));
  };
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs in the container instead of CMD. */
  readonly command?: readonly string[];
  readonly input?: Buffer | undefined;
}

/** A command of the image as Docker would start it: its environment alone, its folder, its user, no way to more rights. */
export function imageCommand(image: Image, options: RunOptions = {}) {
  const env = Object.fromEntries(
    Object.entries({ ...image.env, ...options.env }).map(([name, value]) => [name, value.replace(ownPaths, (path) => image.root + path)]), // biome-ignore format: one line
  );
  const drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--"]; // biome-ignore format: one list
  const words = [...(asRoot ? drop : []), ...(options.command ?? image.command)];
  return {
    file: words[0] as string,
    args: words.slice(1),
    cwd: join(image.root, image.workdir),
    env: { PATH: `${image.root}/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: "/nonexistent", ...env }, // biome-ignore format: one line
  };
}

/** One command to its end, as `docker exec` would. */
export function inImage(image: Image, options: RunOptions): SpawnSyncReturns<string> {
  const { file, args, cwd, env } = imageCommand(image, options);
  return spawnSync(file, args, { cwd, env, encoding: "utf8", timeout: 120_000, input: options.input ?? "" });
}

interface Lock {
  readonly packages: Readonly<Record<string, { dev?: boolean }>>;
}

/** What `npm run prepare` makes. */
const built = ["sdk/dist", "admin-ui/dist", "docs/dist"];

/**
 * Cheap stand-ins for the three expensive commands: for both `npm ci` the packages that are installed here already (all of
 * them as links, for building; what `--omit=dev` leaves as files of its own), for `npm run prepare` what it made here, if
 * it did. test/tools/docker/run.ts builds with the true commands.
 */
export function shortcuts(source: string): NonNullable<BuildOptions["instead"]> {
  return (command, folder) => {
    if (command === "npm ci --omit=dev --ignore-scripts") {
      const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as Lock;
      return () => {
        for (const path of productionPackages(packages)) linkPackage(source, folder, path);
      };
    }
    if (command === "npm ci --ignore-scripts")
      return () => linkAll(join(source, "node_modules"), join(folder, "node_modules"));
    if (command === "npm run prepare" && built.every((path) => existsSync(join(source, path))))
      return () => {
        for (const path of built) hardLink(join(source, path), join(folder, path));
      };
    return undefined;
  };
}

/** What stays after `--omit=dev`, parents first. */
export function productionPackages(packages: Lock["packages"]): string[] {
  return Object.entries(packages)
    .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.dev)
    .map(([path]) => path)
    .sort();
}

/** Links to what is installed; the workspace's own packages must be the folder's, not the source's. */
function linkAll(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source))
    if (name === "@landfall") hardLink(join(source, name), join(target, name));
    else symlinkSync(join(source, name), join(target, name));
}

function linkPackage(source: string, folder: string, path: string): void {
  const from = join(source, path);
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined) return; // Of another platform.
  hardLink(from, join(folder, path));
  // Packages below it have entries of their own.
  if (!lstatSync(from).isSymbolicLink()) rmSync(join(folder, path, "node_modules"), { recursive: true, force: true });
}

/** Every package that is installed in a folder, as its path. */
export function installedPackages(folder: string): string[] {
  const found: string[] = [];
  const look = (modules: string, prefix: string) => {
    for (const name of existsSync(modules) ? readdirSync(modules) : []) {
      if (name.startsWith(".")) continue;
      const path = `${prefix}${name}`;
      if (name.startsWith("@")) look(join(modules, name), `${path}/`);
      else {
        found.push(path);
        look(join(modules, name, "node_modules"), `${path}/node_modules/`);
      }
    }
  };
  look(join(folder, "node_modules"), "node_modules/");
  return found.sort();
}
