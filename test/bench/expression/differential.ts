// 50,000 random expressions (or as many as the first argument says; the second is the seed) through both back ends and the
// plain interpreter: `node test/bench/expression/differential.ts 50000`. A new world of rows every 2,000 expressions.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { migrate } from "../../../server/kernel/db/migrate.ts";
import { createDb, type PooledDb } from "../../../server/kernel/db/pool.ts";
import { startEmbedded } from "../../../server/kernel/postgres/embedded.ts";
import { actors, disagreements } from "../../contracts/expression-compare.ts";
import { generate, params } from "../../contracts/expression-generate.ts";
import { makeWorld, storeWorld, type World } from "../../contracts/expression-world.ts";
import { poolDefaults } from "../../support/pool-defaults.ts";

const perBatch = 50;
const total = Number(process.argv[2] ?? 50_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));

const folder = mkdtempSync(join(tmpdir(), "lf-"));
const postgres = await startEmbedded({
  dataDir: join(folder, "pg"),
  socketDir: join(folder, "s"),
  settings: ["fsync=off", "shared_buffers=64MB"],
});
const db = createDb({
  ...poolDefaults,
  connection: { host: postgres.host, user: "postgres", database: "postgres" },
  max: 1,
});
try {
  await migrate(db);
  const failures = await run(db);
  for (const failure of failures.slice(0, 20)) process.stdout.write(`${failure}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await db.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function run(database: PooledDb): Promise<string[]> {
  const failures: string[] = [];
  const started = performance.now();
  let world: World = {};
  for (let done = 0; done < total; done += perBatch) {
    if (done % 2_000 === 0) {
      world = worldOf(seed + done);
      await storeWorld(database, world);
    }
    const stream = fc.array(fc.nat(), { minLength: 20, maxLength: 160, size: "max" });
    const streams = fc.sample(stream, { seed: seed + done, numRuns: perBatch });
    const relational = done % (2 * perBatch) === 0;
    const exprs = streams.map((numbers) => generate(numbers, { relational, params }));
    const auth = actors[(done / perBatch) % 3 === 0 ? 1 : 0] as (typeof actors)[number];
    try {
      failures.push(...(await disagreements(database, world, exprs, auth)));
    } catch (error) {
      failures.push(`seed ${seed + done}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  process.stdout.write(
    `${JSON.stringify({ expressions: total, rows: 24, seed, disagreements: failures.length, seconds })}\n`,
  );
  return failures;
}

function worldOf(from: number): World {
  const numbers = fc.sample(fc.nat(), { seed: from, numRuns: 4_000 });
  let at = 0;
  return makeWorld((n) => (numbers[at++ % numbers.length] ?? 0) % n);
}
