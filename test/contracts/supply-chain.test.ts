// X15: what `npm run check` says about the packages we build on, each step shown to fail where it must.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { auditVerdict } from "../check/audit.ts";
import { installScriptStep } from "../check/install-scripts.ts";
import { integrityStep } from "../check/integrity.ts";
import { licenceStep } from "../check/licences.ts";
import { sbomStep } from "../check/sbom.ts";
import { versionStep } from "../check/versions.ts";

const root = new URL("../../", import.meta.url).pathname;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

interface Package {
  readonly version?: string;
  readonly [member: string]: unknown;
}

/** A workspace with these packages in its lockfile. */
function workspace(
  packages: Record<string, Package>,
  { manifest = {}, tool }: { manifest?: object; tool?: Record<string, Package> } = {},
): string {
  // biome-ignore format: one line
  const folder = mkdtempSync(join(tmpdir(), "lf-check-"));
  folders.push(folder);
  const write = (file: string, value: unknown) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify(value));
  };
  const locked = (given: Record<string, Package>) => {
    const all = Object.entries(given).map(([name, entry]) => [`node_modules/${name}`, { version: "1.0.0", integrity: "sha512-x", license: "MIT", ...entry }]); // biome-ignore format: one line
    return {
      name: "t",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: { "": { name: "t" }, ...Object.fromEntries(all) },
    };
  };
  write("package.json", { name: "t", version: "1.0.0", ...manifest });
  write("admin-ui/package.json", { name: "ui" });
  write("package-lock.json", locked(packages));
  if (tool) {
    write("test/tools/peers/package.json", { name: "peers" });
    write("test/tools/peers/package-lock.json", locked(tool));
  }
  return folder;
}

test.each([integrityStep, installScriptStep, licenceStep, versionStep, sbomStep])(
  "X15 $name: holds for the product",
  (step) => {
    const { ok, details } = step.run(root);
    expect(ok, details).toBe(true);
  },
);

test.each([
  [{ a: { resolved: "https://registry.example.com/a.tgz" } }, "names where it was got from"],
  [{ a: { resolved: "git+ssh://git@example.com/a.git#1" } }, "names where it was got from"],
  [{ a: { integrity: undefined } }, "has no SHA-512"],
  [{ a: { integrity: "sha1-x" } }, "has no SHA-512"],
])("X15 a lockfile with %j is refused", (packages, why) => {
  const { ok, details } = integrityStep.run(workspace(packages));
  expect([ok, details]).toEqual([false, expect.stringContaining(`node_modules/a ${why}`)]);
  expect(integrityStep.run(workspace({}, { tool: packages })).ok).toBe(false);
});

test.each([
  "*",
  "latest",
  "",
  "github:a/b",
  "git+https://example.com/a.git",
  "https://example.com/a.tgz",
  "file:../a",
  "x",
])("X15 a dependency asked for as %j is refused", (wanted) => {
  expect(integrityStep.run(workspace({}, { manifest: { dependencies: { a: wanted } } })).ok).toBe(false);
  expect(integrityStep.run(workspace({}, { manifest: { devDependencies: { a: "^1.2.3" } } })).ok).toBe(true);
});

test("X15 a package with an install script that nobody allowed is refused, and so is a list that has grown stale", () => {
  const scripted = { a: { hasInstallScript: true } };
  expect(installScriptStep.run(workspace(scripted)).details).toContain("a runs a script");
  expect(installScriptStep.run(workspace(scripted, { manifest: { allowScripts: { a: false } } })).ok).toBe(false);
  expect(installScriptStep.run(workspace(scripted, { manifest: { allowScripts: { a: true } } })).ok).toBe(true);
  expect(installScriptStep.run(workspace({}, { manifest: { allowScripts: { a: true } } })).details).toContain("has no script"); // biome-ignore format: one line
  expect(installScriptStep.run(workspace({}, { tool: scripted })).details).toContain("peers is installed with");
});

test.each([
  [{ license: "GPL-3.0" }, false],
  [{ license: "MIT OR GPL-3.0" }, true],
  [{ license: "MIT AND GPL-3.0" }, false],
  [{ license: "MPL-2.0" }, false],
  [{ license: "MPL-2.0", dev: true }, true],
  [{ license: "AGPL-3.0", dev: true }, false],
  [{ license: undefined }, false],
])("X15 a package under %j may be used: %s", (entry, allowed) => {
  expect(licenceStep.run(workspace({ a: entry })).ok).toBe(allowed);
});

test.each([
  ["ws", "8.21.0", "8.21.1"],
  ["qs", "6.14.0", "6.14.1"],
  ["multer", "2.0.2", "2.1.0"],
  ["passport", "0.5.3", "0.6.0"],
  ["path-to-regexp", "0.1.10", "8.0.0"],
  ["body-parser", "2.2.0", "2.2.1"],
])("X15 %s below its floor is refused, deep in the tree too", (name, low, floor) => {
  expect(versionStep.run(workspace({ [`x/node_modules/${name}`]: { version: low } })).details).toContain(`${name} ${low} is below`); // biome-ignore format: one line
  expect(versionStep.run(workspace({ [name]: { version: floor } })).ok).toBe(true);
});

test("X15 a known high or critical vulnerability closes the gate; a registry without advisories is said", () => {
  const report = (high: number, critical: number) => auditVerdict(JSON.stringify({ metadata: { vulnerabilities: { high, critical } } })); // biome-ignore format: one line
  expect([report(0, 0).ok, report(1, 0).ok, report(0, 1).ok]).toEqual([true, false, false]);
  for (const text of ["", "{}", '{"message":"404 Not Found"}'])
    expect(auditVerdict(text)).toEqual({ ok: true, details: "  the registry serves no advisories here: not audited" });
});

test("X15 a bill of materials that cannot be made is a failure", () => {
  const folder = mkdtempSync(join(tmpdir(), "lf-check-"));
  folders.push(folder);
  expect(sbomStep.run(folder).ok).toBe(false);
});
