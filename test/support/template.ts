// A Postgres cluster for tests, with the product's role and a migrated database that others are cloned from.
import { join } from "node:path";
import { migrate } from "../../server/kernel/db/migrate.ts";
import { createDb } from "../../server/kernel/db/pool.ts";
import { type Binaries, postgresOf } from "../../server/kernel/postgres/binaries.ts";
import { type EmbeddedPostgres, startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { poolDefaults } from "./pool-defaults.ts";

/** Its socket lies in `<folder>/s`. */
export async function startTemplate(folder: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbedded({
    dataDir: join(folder, "pg"),
    socketDir: join(folder, "s"),
    settings: ["fsync=off", "max_connections=300", "shared_buffers=64MB"],
    ...chosenBinaries(),
  });
  const connected = (user: string, database: string) =>
    createDb({ ...poolDefaults, connection: { host: postgres.host, user, database }, max: 1 });
  const admin = connected("postgres", "postgres");
  await admin.query({ text: "CREATE ROLE landfall LOGIN" });
  await admin.query({ text: "CREATE DATABASE landfall_template OWNER landfall" });
  await admin.stop();
  const template = connected("landfall", "landfall_template");
  await migrate(template);
  await template.stop();
  return postgres;
}

/** `npm run majors` runs the suites on other Postgres versions than the embedded one, by their package's folder. */
function chosenBinaries(): { binaries: Binaries } | Record<never, never> {
  const folder = process.env.LANDFALL_TEST_POSTGRES;
  if (folder === undefined) return {};
  const binaries = postgresOf(folder);
  if (!binaries) throw new Error(`LANDFALL_TEST_POSTGRES=${folder} holds no Postgres that runs here`);
  return { binaries };
}
