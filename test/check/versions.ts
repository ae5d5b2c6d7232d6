// Floors below which a package is known to be unsafe (X15), whoever asks for it.
import { lockedPackages } from "./lockfile.ts";
import type { Step } from "./step.ts";

/** Package → lowest safe version, with the advisory that set it. */
const floors: Readonly<Record<string, { version: string; because: string }>> = {
  ws: { version: "8.21.1", because: "CVE-2024-37890 and later frame floods" },
  qs: { version: "6.14.1", because: "CVE-2025-15284 array limit" },
  multer: { version: "2.1.0", because: "CVE-2025-7338 and later crashes by a request" },
  passport: { version: "0.6.0", because: "CVE-2022-25896 session fixation" },
  "path-to-regexp": { version: "8.0.0", because: "CVE-2024-45296 ReDoS" },
  "body-parser": { version: "2.2.1", because: "CVE-2025-13466" },
  "fast-json-patch": { version: "3.1.1", because: "CVE-2021-4279 prototype pollution" },
};

export const versionStep: Step = {
  name: "version floors",
  run: (root) => {
    const low = lockedPackages(root).flatMap(({ name, version }) => {
      const floor = floors[name];
      return floor === undefined || compare(version, floor.version) >= 0
        ? []
        : [`  ${name} ${version} is below ${floor.version}: ${floor.because}`];
    });
    return { ok: low.length === 0, details: low.join("\n") };
  },
};

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
