// Builds the console into `dist/` when the files there are missing or older than a source. Runs before `npm start` and
// `npm test`, so that neither needs a step of its own; costs a few milliseconds when nothing changed.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const here = new URL("./", import.meta.url).pathname;
const built = join(here, "dist", "index.html");
const sources = [
  "../brand",
  "src",
  "public",
  "index.html",
  "package.json",
  "vite.config.ts",
  "../sdk/src/cel",
  "../sdk/src/wire",
];

if (isStale()) {
  const { build } = await import("vite");
  process.stdout.write("Building the console …\n");
  await build({ root: here, logLevel: "warn" });
}

function isStale() {
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  return sources.some((source) => newest(join(here, source)) > builtMs);
}

/** Newest modification time below a path; 0 when it is not there. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
