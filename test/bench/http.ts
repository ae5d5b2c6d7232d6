// `npm run bench http`: every operation against the baselines, interleaved rounds, requests/s and CPU per request of the
// server and Postgres together. Ratios are to `express-lean`: capacity = its CPU per request / ours.
import { join } from "node:path";
import { baseline, type Contestant, landfall } from "./harness/contestants.ts";
import { benchPostgres } from "./harness/postgres.ts";
import { connections, inRounds, type Measured, median, rounded } from "./harness/rounds.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 3);
const wanted = (process.env.OPERATIONS ?? "read,list,create,update,mixed,bulk").split(",");
const names = (process.env.AGAINST ?? "express-lean,http-pg,express-knex").split(",");
/** The product's default is `info`, a line per request; the baselines log nothing. */
const logging = { LANDFALL_LOG_LEVEL: process.env.LOG_LEVEL ?? "warn" };

const postgres = await benchPostgres(["max_connections=100", "shared_buffers=256MB", "max_wal_size=4GB"]);
const contestants: Contestant[] = [];
try {
  for (const name of names) contestants.push(await baseline(name, await postgres.database(name.replaceAll("-", "_"))));
  contestants.push(await landfall(await postgres.database("landfall_bench"), join(postgres.folder, "data"), logging));
  const figures: Record<string, unknown> = {};
  for (const operation of wanted) figures[operation] = await measure(operation as Measured);
  process.stdout.write(`${JSON.stringify({ bench: "http", rounds, seconds, connections, figures })}\n`);
} finally {
  await Promise.all(contestants.map((contestant) => contestant.stop()));
  await postgres.stop();
}

async function measure(operation: Measured): Promise<Record<string, unknown>> {
  // `http-pg` has no bulk route.
  const able = contestants.filter(({ name }) => operation !== "bulk" || name !== "http-pg");
  const samples = await inRounds(able, operation, { rounds, seconds, postgresPid: postgres.pid });
  const lean = samples.get("express-lean") ?? [];
  const figures: Record<string, unknown> = {};
  for (const [name, taken] of samples) {
    const figure = {
      perSecond: rounded(median(taken.map((sample) => sample.perSecond))),
      cpuUs: rounded(median(taken.map((sample) => sample.cpuUs))),
      serverUs: rounded(median(taken.map((sample) => sample.serverUs))),
      p99Ms: rounded(median(taken.map((sample) => sample.p99Ms)), 1),
      capacityOfLean: rounded(median(taken.map((sample, k) => (lean[k]?.cpuUs ?? Number.NaN) / sample.cpuUs)), 2),
      rateOfLean: rounded(median(taken.map((sample, k) => sample.perSecond / (lean[k]?.perSecond ?? Number.NaN))), 2),
    };
    figures[name] = figure;
    process.stdout.write(`${operation.padEnd(7)} ${name.padEnd(13)} ${JSON.stringify(figure)}\n`);
  }
  return figures;
}
