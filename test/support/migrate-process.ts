// `node migrate-process.ts <root>`: only the migrations of a release, as its start runs them, so that a test can afford to
// kill many. DATABASE_URL says where.
import { join } from "node:path";
import { connectionFromUrl } from "../../server/kernel/db/connection.ts";
import { createDb } from "../../server/kernel/db/pool.ts";
import { poolDefaults } from "./pool-defaults.ts";

const { migrate } = (await import(join(process.argv[2] as string, "server/kernel/db/migrate.ts"))) as typeof import("../../server/kernel/db/migrate.ts"); // biome-ignore format: one line
const db = createDb({ ...poolDefaults, connection: connectionFromUrl(process.env.DATABASE_URL as string), max: 1 });
await migrate(db, {
  progress: (name, done, total) => process.stdout.write(`Schema   ${done + 1} of ${total}: ${name}\n`),
});
await db.stop();
