// `npm run bench [name …]`: runs the benchmarks named, or lists them. Each ends with one JSON line of figures.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nodeFlags } from "../support/node-flags.ts";

/** Programs by name: `test/bench/http.ts` is `http`, `test/bench/changelog/latency.ts` is `changelog/latency`. */
const folder = import.meta.dirname;
const helpers = new Set(["run.ts", "baselines", "harness"]);
const programs = globSync(["*.ts", "*/*.ts"], { cwd: folder })
  .filter((file) => !helpers.has(basename(file)) && !helpers.has(dirname(file)) && !file.endsWith(".test.ts"))
  .map((file) => file.slice(0, -".ts".length))
  .sort();

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !programs.includes(name));
if (wanted.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) process.stdout.write(`No benchmark named ${unknown.join(", ")}.\n`);
  process.stdout.write(`Benchmarks: ${programs.join(", ")}\n`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
}
for (const name of unknown.length > 0 ? [] : wanted) {
  const { status } = spawnSync(process.execPath, [...nodeFlags, join(folder, `${name}.ts`)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
