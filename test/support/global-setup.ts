// Starts one embedded Postgres for the whole vitest run, with a migrated template database that each test file clones.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../../server/kernel/db/migrate.ts";
import { createDb } from "../../server/kernel/db/pool.ts";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { poolDefaults } from "./pool-defaults.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresHost: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "lf-"));
  const postgres = await startEmbedded({
    dataDir: join(folder, "pg"),
    socketDir: join(folder, "s"),
    settings: ["fsync=off", "max_connections=300", "shared_buffers=64MB"],
  });
  const admin = createDb({
    ...poolDefaults,
    connection: { host: postgres.host, user: "postgres", database: "postgres" },
    max: 1,
  });
  await admin.query({ text: "CREATE ROLE landfall LOGIN" });
  await admin.query({ text: "CREATE DATABASE landfall_template OWNER landfall" });
  await admin.stop();
  const template = createDb({
    ...poolDefaults,
    connection: { host: postgres.host, user: "landfall", database: "landfall_template" },
    max: 1,
  });
  await migrate(template);
  await template.stop();
  project.provide("postgresHost", postgres.host);
  return async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
