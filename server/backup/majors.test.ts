// A backup moves between majors of Postgres, both ways. Part of `npm run majors`, which runs the suites on an older Postgres;
// elsewhere both clusters are the embedded one and there is nothing to see.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checksums, fillWorld, shape } from "../../test/support/backup-world.ts";
import { testDatabase } from "../../test/support/database.ts";
import { poolDefaults } from "../../test/support/pool-defaults.ts";
import { createDb } from "../kernel/db/pool.ts";
import { type EmbeddedPostgres, startEmbedded } from "../kernel/postgres/embedded.ts";
import { restoreBackup, takeBackup } from "./tools.ts";

const source = testDatabase();
const back = testDatabase({ empty: true });
const folder = mkdtempSync(join(tmpdir(), "lf-maj-"));
let newest: EmbeddedPostgres | undefined;

beforeAll(async () => {
  if (process.env.LANDFALL_TEST_POSTGRES === undefined) return;
  await fillWorld(source.db);
  newest = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s"), settings: ["fsync=off"] });
});
afterAll(async () => {
  await newest?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(process.env.LANDFALL_TEST_POSTGRES === undefined)(
  "an older Postgres to the newest and back: nothing differs",
  async () => {
    const there = { host: newest?.host as string, user: "postgres", database: "postgres" };
    const wanted = await checksums(source.db);
    await restoreBackup({ connection: there, read: reading(await taken(source.connection)) });
    const db = createDb({ ...poolDefaults, connection: there, max: 1 });
    try {
      expect(await checksums(db)).toEqual(wanted);
      await restoreBackup({ connection: back.connection, read: reading(await taken(there)) });
    } finally {
      await db.stop();
    }
    expect(await checksums(back.db)).toEqual(wanted);
    expect(await shape(back.db)).toEqual(await shape(source.db));
  },
);

async function taken(connection: Parameters<typeof takeBackup>[0]["connection"]): Promise<Buffer> {
  const parts: Buffer[] = [];
  await takeBackup({ connection, sink: async (bytes) => void parts.push(bytes) });
  return Buffer.concat(parts);
}

function reading(bytes: Buffer) {
  return async function* () {
    yield bytes;
  };
}
