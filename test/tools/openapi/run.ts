// `npm run openapi`: what programs of other people make of the OpenAPI document. Two linters read it, two generators make
// clients of it, and those are compiled strictly and call a real server. The programs are installed here when asked for.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const here = import.meta.dirname;
const root = join(here, "../../..");
const run = (command: string, args: readonly string[], cwd: string) =>
  spawnSync(command, args, { cwd, stdio: "inherit" }).status ?? 1;

process.exitCode =
  run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], here) ||
  run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", join(here, "vitest.config.ts")], root); // biome-ignore format: one line
