// What npm's own judges say of the client as a package: publint of its files and manifest, Are the Types Wrong of what each
// way of importing finds. Part of `npm run check`; by itself `node test/tools/package/run.ts`.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const root = join(here, "../../..");
const bin = (name: string) => join(here, "node_modules", ".bin", name);

run(process.execPath, ["sdk/build.mjs"]);
if (!existsSync(bin("publint"))) run("npm", ["ci", "--prefix", here, "--no-audit", "--no-fund", "--ignore-scripts"]);
run(bin("publint"), ["sdk/dist/package", "--strict"]);
// ESM only on purpose: what a `require` before Node 22.12 would find is not asked.
run(bin("attw"), ["sdk/dist/sdk.tgz", "--profile", "esm-only", "--no-emoji", "--format", "ascii"]);

function run(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}\n`);
  process.exit(1);
}
