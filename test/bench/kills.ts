// `npm run bench kills`: K01 and K02 at length. 300 kill -9 of the server beside its Postgres and 100 of the embedded
// Postgres under the server, fsync on, 16 writers. SERVER_KILLS and POSTGRES_KILLS say how many.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres } from "../../server/kernel/postgres/binaries.ts";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { type KillLoopResult, type KillTarget, killLoop, prepareKillLoop } from "../support/kill-loop.ts";
import { postgresUnderKill, serverUnderKill } from "../support/kill-targets.ts";
import { seeded } from "../support/random.ts";
import { startServer } from "../support/server.ts";

const seed = Number(process.env.SEED ?? 1);
const quiet = { LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "error" };
const folder = mkdtempSync(join(tmpdir(), "lfk-"));
try {
  const figures = { server: await killServer(), postgres: await killPostgres() };
  process.stdout.write(`${JSON.stringify({ bench: "kills", seed, figures })}\n`);
  if (Object.values(figures).some(({ lost, torn, duplicated, wrong }) => lost + torn + duplicated + wrong > 0))
    process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function killServer() {
  const postgres = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s") });
  const connection = { host: postgres.host, user: "postgres", database: "postgres" };
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(postgres.host)}`;
  const target = await serverUnderKill({ ...quiet, DATABASE_URL: url }, connection);
  try {
    return await run(target, Number(process.env.SERVER_KILLS ?? 300));
  } finally {
    await target.stop();
    await postgres.stop();
  }
}

async function killPostgres() {
  const server = await startServer({ ...quiet, LANDFALL_DATA_DIR: join(folder, "data") });
  try {
    return await run(postgresUnderKill(server, findPostgres().major), Number(process.env.POSTGRES_KILLS ?? 100));
  } finally {
    await server.stop();
  }
}

async function run(target: KillTarget, kills: number) {
  await prepareKillLoop(target.url);
  return counted(await killLoop(target, { kills, writers: 16, random: seeded(seed), acksBetweenMax: 200 }));
}

/** Says what went wrong, by name, and returns figures. */
function counted(result: KillLoopResult) {
  const { lost, torn, duplicated, wrong, returnMsMax, ...counts } = result;
  for (const [name, found] of Object.entries({ lost, torn, duplicated, wrong }))
    for (const one of found.slice(0, 20)) process.stdout.write(`${name}: ${one}\n`);
  const sizes = { lost: lost.length, torn: torn.length, duplicated: duplicated.length, wrong: wrong.length };
  return { ...counts, ...sizes, returnMsMax: Math.round(returnMsMax) };
}
