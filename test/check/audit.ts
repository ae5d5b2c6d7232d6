// Known vulnerabilities, where the registry serves them. A registry that does not is said, and does not fail.
import { spawnSync } from "node:child_process";
import type { Step } from "./step.ts";

interface Audit {
  metadata?: { vulnerabilities: { high: number; critical: number } };
  error?: { code?: string; summary?: string };
  message?: string;
}

export const auditStep: Step = {
  name: "known vulnerabilities",
  run: (root) => {
    const done = spawnSync("npm", ["audit", "--json", "--omit=dev"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    return auditVerdict(done.stdout);
  },
};

/** What `npm audit --json` said. */
export function auditVerdict(text: string): ReturnType<Step["run"]> {
  const found = parse(text)?.metadata?.vulnerabilities;
  if (found === undefined) return { ok: true, details: "  the registry serves no advisories here: not audited" };
  return { ok: found.high + found.critical === 0, details: `  ${found.high} high, ${found.critical} critical` };
}

function parse(text: string): Audit | undefined {
  try {
    return JSON.parse(text) as Audit;
  } catch {
    return undefined;
  }
}
