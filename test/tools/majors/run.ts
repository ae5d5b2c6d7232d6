// `npm run majors`: the suites that talk to Postgres, on every major we support beside the embedded one. `npm run majors
// -- 14 unit` runs some. The older versions are installed here when asked for; linux x64 only, as their packages are.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const root = join(here, "../../..");
const defaultSuites = ["unit", "contracts", "journeys"];

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const known = Object.keys(dependencies).map((name) => name.replace("postgres-", ""));
const words = process.argv.slice(2);
const majors = known.filter((major) => words.length === 0 || !words.some((word) => known.includes(word)) || words.includes(major)); // biome-ignore format: one question
const suites = words.filter((word) => !known.includes(word));

run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], here, {});
const failed = majors.filter((major) => {
  process.stdout.write(`\nPostgres ${major} (${dependencies[`postgres-${major}`]?.split("@").at(-1)})\n`);
  const folder = join(here, "node_modules", `postgres-${major}`);
  const args = ["test/run.ts", ...(suites.length > 0 ? suites : defaultSuites)];
  return run(process.execPath, args, root, { LANDFALL_TEST_POSTGRES: folder }) !== 0;
});
process.stdout.write(failed.length === 0 ? `\nall hold: ${majors.join(", ")}\n` : `\nfailed: ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run(command: string, args: readonly string[], cwd: string, extra: Record<string, string>): number | null {
  return spawnSync(command, args, { cwd, stdio: "inherit", env: { ...process.env, ...extra } }).status;
}
