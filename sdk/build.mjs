// Builds `@landfall/client` as others install it: `dist/package/` (JavaScript, declarations, sources for the debugger, a
// manifest of its own) and `dist/sdk.tgz`, which the server hands out at `/sdk.tgz`. The package it depends on lies inside,
// with its licence, so that installing it asks no registry. Inside the workspace the sources themselves run, so nothing here
// waits for this. Runs when a source is newer than the last build.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));
const root = join(here, "..");
const target = join(here, "dist");
// Made aside and renamed into place: whoever reads meanwhile, and another build of the same moment, finds one or the other.
const draft = join(target, `draft-${process.pid}`);
const folder = join(draft, "package");
const tarball = join(target, "sdk.tgz");
const sources = ["src", "bin", "package.json", "README.md", "tsconfig.json", "tsconfig.build.json", "build.mjs"];

const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

if (isStale()) build();

function build() {
  process.stdout.write("Building the client package …\n");
  try {
    make();
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function make() {
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, "src"), join(folder, "src"), {
    recursive: true,
    filter: (path) => !/\.(test|types)\.ts$/.test(path),
  });
  compile();
  declareAsJavaScript(join(folder, "dist"));
  for (const name of Object.keys(manifest.dependencies)) takeIn(name);
  for (const file of filesIn(join(folder, "dist"))) refuseForeignImports(file);
  cpSync(join(here, "bin"), join(folder, "bin"), { recursive: true });
  cpSync(join(here, "README.md"), join(folder, "README.md"));
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(published(), null, 2)}\n`);
  const packed = pack();
  replaceFolder(join(target, "package"));
  renameSync(packed, tarball);
}

/** A folder cannot be renamed over another: the old one goes aside first, and so does one that another build puts there meanwhile. */
function replaceFolder(place) {
  for (let tries = 0; ; tries++) {
    if (existsSync(place)) tried(() => renameSync(place, join(draft, `old-${tries}`)), "ENOENT");
    if (tried(() => renameSync(folder, place), tries < 20 ? "ENOTEMPTY" : "")) return;
  }
}

/** False when it failed in the way that was expected. */
function tried(work, expected) {
  try {
    work();
    return true;
  } catch (error) {
    if (error.code !== expected) throw error;
    return false;
  }
}

/** The manifest of the package: the workspace's, with the built files instead of the sources, and without what lies inside. */
function published() {
  const { exports, dependencies: _, ...rest } = manifest;
  const built = (source) => source.replace("./src/", "./dist/").replace(/\.ts$/, "");
  const entries = Object.entries(exports).map(([entry, source]) => [
    entry,
    { types: `${built(source)}.d.ts`, default: `${built(source)}.js` },
  ]);
  return {
    ...rest,
    engines: { node: ">=20" },
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    // For bundlers that do not read `exports`, such as Metro before React Native 0.79.
    main: "./dist/index.js",
    types: "./dist/index.d.ts",
    bin: { landfall: "bin/landfall.mjs" },
    files: ["dist", "src", "bin"],
  };
}

/** From the copy of the sources, so that the maps point at what the package itself holds. */
function compile() {
  const compilerOptions = { rootDir: "package/src", outDir: "package/dist" };
  const project = { extends: "../../tsconfig.build.json", compilerOptions, include: ["package/src"] };
  writeFileSync(join(draft, "tsconfig.json"), JSON.stringify(project));
  const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
  const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
  run(process.execPath, [join(dirname(manifest), bin.tsc), "-p", draft], root);
}

/** The compiler rewrites `./x.ts` to `./x.js` in what runs, but not in declarations. */
function declareAsJavaScript(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const file = join(path, entry.name);
    if (entry.isDirectory()) declareAsJavaScript(file);
    else if (entry.name.endsWith(".d.ts")) {
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(/^(?!\s*\*)(.*?(?:from|import\()\s*"\.{1,2}\/[^"]*)\.ts"/gm, '$1.js"'));
    }
  }
}

/**
 * Copies a dependency's modules to `dist/vendor/<name>`, unchanged, and points the imports of ours there. Not as a bundled
 * `node_modules`: not every package manager unpacks those.
 */
function takeIn(name) {
  const entry = createRequire(import.meta.url).resolve(name);
  let source = dirname(entry);
  while (!existsSync(join(source, "package.json"))) source = dirname(source);
  const { version, license, homepage } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const inside = join(folder, "dist", "vendor", basename(name));
  const modules = (path) => statSync(path).isDirectory() || path.endsWith(".js");
  const ours = filesIn(join(folder, "dist")).filter((file) => file.endsWith(".js"));
  cpSync(dirname(entry), inside, { recursive: true, filter: modules });
  cpSync(join(source, "LICENSE"), join(inside, "LICENSE"));
  writeFileSync(join(inside, "README.md"), `${name} ${version} (${license}), unchanged: ${homepage}\n`);
  for (const file of ours) {
    const path = relative(dirname(file), join(inside, basename(entry))).replaceAll("\\", "/");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(`from "${name}"`, `from "${path}"`));
  }
}

/** What only a registry could bring must not be asked for, by code or by types. */
function refuseForeignImports(file) {
  if (!/\.(js|d\.ts)$/.test(file)) return;
  const foreign = /^(?!\s*\*).*\b(?:from|import\() ?["']([^."'][^"']*)["']/m.exec(readFileSync(file, "utf8"))?.[1];
  if (foreign && foreign !== manifest.name)
    throw new Error(`${relative(folder, file)} imports ${foreign}, which the package does not hold.`);
}

function filesIn(path) {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)],
  );
}

/** By npm itself, so that what it leaves out and how it sorts is what every registry would get. */
function pack() {
  const args = ["pack", folder, "--pack-destination", draft, "--json", "--ignore-scripts"];
  const [{ filename }] = JSON.parse(run("npm", args, draft));
  return join(draft, filename);
}

function run(command, args, cwd) {
  const done = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32" && command === "npm",
  });
  if (done.status === 0) return done.stdout;
  throw new Error(`${command} ${args.join(" ")} failed:\n${done.error ?? ""}${done.stdout}${done.stderr}`);
}

function isStale() {
  if (!existsSync(tarball)) return true;
  const builtMs = statSync(tarball).mtimeMs;
  return sources.some((source) => newest(join(here, source)) > builtMs);
}

/** Newest modification time below a path; 0 when it is not there. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
