// A project of `landfall init` with its packages, as `npm install` would put them, but from the workspace.
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../../../", import.meta.url).pathname;
export const clientFolder = join(root, "sdk/dist/package");

export function install(project: string): void {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as Record<string, object>; // biome-ignore format: one line
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    const target = name === "@landfall/client" ? clientFolder : join(root, "node_modules", name);
    const link = join(project, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(target, link);
  }
}
