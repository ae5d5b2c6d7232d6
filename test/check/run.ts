// `npm run check`: everything about the source that needs no running product. Each step is one line; all run, then it fails.
import { spawnSync } from "node:child_process";
import { auditStep } from "./audit.ts";
import { dockerStep } from "./docker.ts";
import { installScriptStep } from "./install-scripts.ts";
import { integrityStep } from "./integrity.ts";
import { licenceStep } from "./licences.ts";
import { sbomStep } from "./sbom.ts";
import type { Step } from "./step.ts";
import { versionStep } from "./versions.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A step that is a command of a tool installed in the workspace. */
function tool(name: string, command: string, ...args: string[]): Step {
  return spawned(name, `${root}node_modules/.bin/${command}`, args);
}

/** A step that is a script of ours, with tools of its own. */
function script(name: string, file: string): Step {
  return spawned(name, process.execPath, [file]);
}

function spawned(name: string, command: string, args: readonly string[]): Step {
  return {
    name,
    run: () => {
      const done = spawnSync(command, args, { cwd: root, encoding: "utf8" });
      return { ok: done.status === 0, details: done.status === 0 ? "" : `${done.stdout}${done.stderr}` };
    },
  };
}

const steps: readonly Step[] = [
  tool("format and lint", "biome", "check", "."),
  tool("promises and switches", "oxlint", "--type-aware", "."),
  tool("types of server and tests", "tsc", "-p", "."),
  tool("types of the SDK without DOM or Node", "tsc", "-p", "sdk"),
  tool("types of the console", "tsc", "-p", "admin-ui"),
  tool("types of the docs' scripts", "tsc", "-p", "docs/site/client"),
  tool("types of the API reference", "tsc", "-p", "docs/reference/client"),
  tool("import directions and cycles", "vitest", "run", "test/contracts/rooms.test.ts"),
  tool("dead code", "knip"),
  script("the client as a package", "test/tools/package/run.ts"),
  integrityStep,
  installScriptStep,
  licenceStep,
  versionStep,
  sbomStep,
  auditStep,
  dockerStep,
];

let failed = 0;
for (const step of steps) {
  const startedMs = performance.now();
  const { ok, details } = step.run(root);
  if (!ok) failed += 1;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${ok ? "ok    " : "FAILED"} ${step.name} (${seconds} s)${details === "" ? "" : `\n${details}`}\n`,
  );
}
process.stdout.write(failed === 0 ? "check: all steps hold\n" : `check: ${failed} of ${steps.length} steps fail\n`);
process.exitCode = failed === 0 ? 0 : 1;
