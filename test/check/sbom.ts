// The bill of materials can be made from the lockfile at any time; it is made here to prove it, and not committed.
import { spawnSync } from "node:child_process";
import type { Step } from "./step.ts";

export const sbomStep: Step = {
  name: "software bill of materials",
  run: (root) => {
    const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only"];
    const made = spawnSync("npm", args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
    if (made.status !== 0) return { ok: false, details: made.stderr };
    const count = (JSON.parse(made.stdout) as { components: unknown[] }).components.length;
    return { ok: count > 0, details: `  ${count} components` };
  },
};
