// `npm run bench surface`: what people meet first. A fresh clone to its first answer, what an install leaves on disk, the
// first visit to docs and console, `landfall --help`, and what the client adds to an app. `PARTS=cli,sdk` runs some of it;
// `SAVE=1` writes docs/benchmarks/surface.json for `npm run bench report`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { launchChromium } from "../browser/chromium.ts";
import { ended, startLandfall } from "./harness/contestants.ts";
import { cpuOfTreeUs } from "./harness/cpu.ts";
import { freshClone, plainShell } from "./harness/fresh-clone.ts";
import { pageLoad } from "./harness/page-load.ts";
import { benchPostgres } from "./harness/postgres.ts";
import { median, rounded } from "./harness/rounds.ts";
import { conditions, save } from "./harness/saved.ts";

const root = new URL("../../", import.meta.url).pathname;
const rounds = Number(process.env.ROUNDS ?? 9);
const parts: Readonly<Record<string, () => unknown>> = { cli: commandLine, sdk: client, pages, clone };
const wanted = (process.env.PARTS ?? Object.keys(parts).join(",")).split(",");

const figures: Record<string, unknown> = {};
for (const name of wanted) {
  const part = parts[name];
  if (part === undefined) throw new Error(`There is no part ${name}; there are ${Object.keys(parts).join(", ")}.`);
  figures[name] = await part();
  process.stdout.write(`${name.padEnd(6)} ${JSON.stringify(figures[name])}\n`);
}
const result = { bench: "surface", ...conditions(), rounds, figures };
if (process.env.SAVE !== undefined) save("surface", result);
process.stdout.write(`${JSON.stringify(result)}\n`);

async function clone() {
  const folder = mkdtempSync(join(tmpdir(), "lfs-"));
  try {
    return await freshClone(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Wall clock in turn with a Node that does nothing, which is the floor. The system's Node, when older, hands over to ours. */
function commandLine() {
  const help = [join(root, "server/bin/landfall.mjs"), "--help"];
  const commands = {
    help: [process.execPath, ...help],
    helpBySystemNode: ["node", ...help],
    bareNode: [process.execPath, "-e", ""],
  };
  type Name = keyof typeof commands;
  const taken: Record<Name, number[]> = { help: [], helpBySystemNode: [], bareNode: [] };
  const cpuUs: Record<Name, number> = { help: 0, helpBySystemNode: 0, bareNode: 0 };
  for (let round = -1; round < rounds * 2; round++)
    for (const [name, [program, ...args]] of Object.entries(commands) as [Name, string[]][]) {
      const before = cpuOfTreeUs(process.pid);
      const startedMs = performance.now();
      const { status } = spawnSync(program as string, args, { cwd: root, env: plainShell(), stdio: "ignore" });
      if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
      // The first fills the compile cache.
      if (round < 0) continue;
      taken[name].push(performance.now() - startedMs);
      cpuUs[name] += cpuOfTreeUs(process.pid) - before;
    }
  const shown = (name: Name) => ({
    ms: rounded(median(taken[name])),
    fastestMs: rounded(Math.min(...taken[name])),
    cpuMs: rounded(cpuUs[name] / taken[name].length / 1_000),
  });
  return { help: shown("help"), helpBySystemNode: shown("helpBySystemNode"), bareNode: shown("bareNode") };
}

/** What a bundler leaves of the client in an app, minified: by what the app imports. */
async function client() {
  const { rolldown } = await import("rolldown");
  const folder = mkdtempSync(join(root, "node_modules", ".bench-"));
  try {
    const sizes: Record<string, { minified: number; gzip: number; brotli: number }> = {};
    const apps = {
      createClient: 'import { createClient } from "@landfall/client"; globalThis.it = createClient;',
      "everything of the core": 'import * as all from "@landfall/client"; globalThis.it = all;',
      "the expression language": 'import * as all from "@landfall/client/cel"; globalThis.it = all;',
    };
    for (const [name, source] of Object.entries(apps)) {
      const input = join(folder, "app.js");
      writeFileSync(input, source);
      const bundle = await rolldown({ input, platform: "browser", logLevel: "silent" });
      const { output } = await bundle.generate({ format: "esm", minify: true });
      await bundle.close();
      const code = output.map((chunk) => ("code" in chunk ? chunk.code : "")).join("");
      const gzip = gzipSync(code, { level: 9 }).length;
      sizes[name] = { minified: Buffer.byteLength(code), gzip, brotli: brotliCompressSync(code).length };
    }
    return sizes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pages() {
  const builds = spawnSync("npm", ["run", "prepare", "--silent"], { cwd: root, stdio: ["ignore", 2, "inherit"] });
  if (builds.status !== 0) throw new Error(`npm run prepare ended with ${builds.status}`);
  const postgres = await benchPostgres(["max_connections=50"]);
  try {
    const { child, port } = await startLandfall(await postgres.database("surface"), join(postgres.folder, "data"));
    const browser = await launchChromium();
    try {
      const loads: Record<string, unknown> = {};
      for (const page of ["/docs", "/console"])
        loads[page] = await pageLoad(browser, `http://127.0.0.1:${port}${page}`, rounds);
      return loads;
    } finally {
      await browser.close();
      await ended(child);
    }
  } finally {
    await postgres.stop();
  }
}
