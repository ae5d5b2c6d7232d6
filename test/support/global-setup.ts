// Starts one Postgres for the whole vitest run, with a migrated template database that each test file clones. Builds the
// client package when a source is newer, so that no test meets another's half-built one.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startTemplate } from "./template.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresHost: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [join(import.meta.dirname, "../../sdk/build.mjs")]);
  const folder = mkdtempSync(join(tmpdir(), "lf-"));
  const postgres = await startTemplate(folder);
  project.provide("postgresHost", postgres.host);
  return async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
