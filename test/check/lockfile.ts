// Reads package-lock.json once for the steps that judge what is installed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LockedPackage } from "./step.ts";

interface Lockfile {
  packages: Record<
    string,
    {
      version?: string;
      dev?: boolean;
      devOptional?: boolean;
      license?: string;
      link?: boolean;
      dependencies?: Record<string, string>;
    }
  >;
}

export function lockedPackages(root: string): LockedPackage[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lockfile;
  const bundled = bundledByConsole(root, lock);
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes("node_modules/") && entry.link !== true)
    .map(([path, entry]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return {
        path,
        name,
        version: entry.version ?? "",
        dev: entry.dev === true && !bundled.has(name),
        licence: entry.license,
      };
    });
}

/** What the console imports is shipped inside its built files although npm sees only a build-time dependency. */
function bundledByConsole(root: string, lock: Lockfile): Set<string> {
  const own = JSON.parse(readFileSync(join(root, "admin-ui", "package.json"), "utf8")) as {
    devDependencies?: Record<string, string>;
  };
  const tools = /^(vite|@vitejs\/|@types\/|typescript)/;
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const next of Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {})) visit(next);
  };
  for (const name of Object.keys(own.devDependencies ?? {})) if (!tools.test(name)) visit(name);
  return reached;
}
