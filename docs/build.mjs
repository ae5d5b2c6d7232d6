// Builds the site at `/docs` into `docs/dist/` when a page, the site or the colours are newer than what stands there. Runs
// before `npm start` and `npm test`; costs a few milliseconds when nothing changed.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const here = new URL("./", import.meta.url).pathname;
const built = join(here, "dist", ".built");
const brand = join(here, "../brand");
/** The one thing that the docs' scripts have from the console. */
const copyText = join(here, "../admin-ui/src/parts/copy-text.ts");

if (
  !existsSync(built) ||
  newest(here) > statSync(built).mtimeMs ||
  [brand, copyText].some((path) => newest(path) > statSync(built).mtimeMs)
) {
  const { buildSite } = await import("./site/build.ts");
  const { buildReference } = await import("./reference/build.ts");
  process.stdout.write("Building the docs …\n");
  // The site marks the whole as built, so it comes last.
  await buildReference(join(here, "dist", "reference"));
  await buildSite(join(here, "dist"));
}

/** Newest modification time below a path, folders included: a page that was taken away counts too. 0 when it is not there. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = readdirSync(path).filter((name) => name !== "dist");
  // `dist` is written into this folder: its own time says nothing.
  return Math.max(path === here ? 0 : own.mtimeMs, ...inside.map((name) => newest(join(path, name))));
}
