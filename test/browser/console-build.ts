// The console as it is served: built when the built files are missing or older than their sources.
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");
const sources = ["admin-ui/src", "admin-ui/public", "sdk/src/cel"];
const single = ["admin-ui/index.html", "admin-ui/vite.config.ts", "admin-ui/package.json"];

export async function buildConsole(): Promise<void> {
  if (builtAtMs() > newestSourceMs()) return;
  const vite = join(root, "node_modules/vite/bin/vite.js");
  await promisify(execFile)(process.execPath, [vite, "build"], { cwd: join(root, "admin-ui") });
}

function builtAtMs(): number {
  return statSync(join(root, "admin-ui/dist/index.html"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSourceMs(): number {
  const inFolders = sources.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  return Math.max(...[...inFolders, ...single].map((path) => statSync(join(root, path)).mtimeMs));
}
