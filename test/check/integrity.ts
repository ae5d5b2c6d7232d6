// Every lockfile says of every package what its bytes must hash to and never where to get it: any registry may serve it,
// none can change it, and nothing comes from a git host, an address or a folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Step } from "./step.ts";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

type Ranges = Readonly<Record<string, string>>;
const dependencyKinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;
/** A version, a range of them, or another package under this name. */
const range = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?[\^~]?\d[\w.+-]*$|^>=\d[\w.+-]*$/;

export const integrityStep: Step = {
  name: "lockfiles and where packages come from",
  run: (root) => {
    const locks = lockfiles(root);
    const wrong = [...locks.flatMap((file) => lockFaults(root, file)), ...manifests(root, locks).flatMap((file) => rangeFaults(root, file))]; // biome-ignore format: one list
    return { ok: locks.length > 0 && wrong.length === 0, details: wrong.join("\n") };
  },
};

/** The workspace's, and those of the tools that are installed on demand. */
export function lockfiles(root: string): string[] {
  const tools = join(root, "test", "tools");
  const folders = existsSync(tools) ? readdirSync(tools).map((name) => join(tools, name)) : [];
  return [root, ...folders].map((folder) => join(folder, "package-lock.json")).filter((file) => existsSync(file));
}

function lockFaults(root: string, file: string): string[] {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Locked> };
  return Object.entries(packages).flatMap(([path, { resolved, integrity, link, inBundle }]) => {
    if (!path.includes("node_modules/") || link === true) return [];
    const faults: string[] = [];
    if (resolved !== undefined) faults.push(`names where it was got from (${resolved})`);
    if (inBundle !== true && !/^sha512-/.test(integrity ?? "")) faults.push("has no SHA-512");
    return faults.map((fault) => `  ${relative(root, file)}: ${path} ${fault}`);
  });
}

function manifests(root: string, locks: readonly string[]): string[] {
  const { workspaces = [] } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces?: string[] };
  const own = workspaces.map((folder) => join(root, folder, "package.json")).filter((file) => existsSync(file));
  return [...locks.map((file) => file.replace(/package-lock\.json$/, "package.json")), ...own];
}

function rangeFaults(root: string, file: string): string[] {
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Partial<Record<(typeof dependencyKinds)[number], Ranges>>;
  return dependencyKinds.flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, wanted]) => !range.test(wanted))
      .map(([name, wanted]) => `  ${relative(root, file)}: ${name} is asked for as ${JSON.stringify(wanted)}`),
  );
}
