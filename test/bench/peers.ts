// `npm run bench peers`: Landfall beside Parse Server and Directus on one Postgres, each with a database of its own. The
// peers are installed when this runs (`test/tools/peers`). Capacity = their CPU per request / ours, Postgres included.
// `SAVE=1` writes docs/benchmarks/peers.json, from which `npm run bench report` draws the tables and the picture.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { type Candidate, type Place, peersFolder, versionOf } from "./harness/candidate.ts";
import {
  type Contestant,
  ended,
  type Operation,
  prepareLandfall,
  type Started,
  startLandfall,
} from "./harness/contestants.ts";
import { directus } from "./harness/directus.ts";
import { parse } from "./harness/parse.ts";
import { type BenchPostgres, benchPostgres } from "./harness/postgres.ts";
import { connections, inRounds, type Measured, median, rounded, type Sample } from "./harness/rounds.ts";
import { conditions, save } from "./harness/saved.ts";
import { starts } from "./harness/starts.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 2);
const idleSeconds = Number(process.env.IDLE_SECONDS ?? 20);
const wanted = (process.env.OPERATIONS ?? "read,list,create,update,mixed,bulk")
  .split(",")
  .filter((word) => word !== "");
const names = (process.env.AGAINST ?? "parse,directus,directus-cached").split(",");

const makers: Readonly<Record<string, (place: Place) => Promise<Candidate>>> = {
  landfall: async ({ databaseUrl, folder }) => ({
    name: "landfall",
    version: versionOf(new URL("../../server", import.meta.url).pathname),
    start: () => startLandfall(databaseUrl, join(folder, "landfall")),
    prepare: (started) => prepareLandfall(started, databaseUrl),
  }),
  parse: (place) => parse(place),
  directus: (place) => directus(place, { name: "directus", dataCache: false }),
  "directus-cached": (place) => directus(place, { name: "directus-cached", dataCache: true }),
};

if (!isInstalled()) install();
const postgres = await benchPostgres(["max_connections=200", "shared_buffers=256MB", "max_wal_size=4GB"]);
try {
  const candidates: Candidate[] = [];
  for (const name of ["landfall", ...names]) candidates.push(await made(name, postgres));
  const running: Started[] = [];
  const figures: Record<string, unknown> = {};
  try {
    const contestants: Contestant[] = [];
    for (const one of candidates) {
      const started = await one.start();
      running.push(started);
      contestants.push(await one.prepare(started));
    }
    for (const contestant of contestants) await checkFair(contestant);
    for (const operation of wanted) figures[operation] = await measure(contestants, operation as Measured);
  } finally {
    await Promise.all(running.map(({ child }) => ended(child)));
  }
  if (rounds > 0) figures.start = await starts(candidates, { rounds, idleSeconds });
  const versions = Object.fromEntries(candidates.map(({ name, version }) => [name, version]));
  const result = { bench: "peers", ...conditions(), rounds, seconds, connections, idleSeconds, versions, figures };
  if (process.env.SAVE !== undefined) save("peers", result);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await postgres.stop();
}

/** What npm writes last into node_modules is newer than the lockfile. */
function isInstalled(): boolean {
  const changedMs = (file: string) => statSync(join(peersFolder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return changedMs("node_modules/.package-lock.json") > changedMs("package-lock.json");
}

/** On demand and from the lockfile; no package runs a script of its own. */
function install(): void {
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", flags, { cwd: peersFolder, stdio: ["ignore", 2, "inherit"] });
  if (status !== 0) throw new Error(`npm ci in ${peersFolder} ended with ${status}`);
}

async function made(name: string, { database, folder }: BenchPostgres): Promise<Candidate> {
  const make = makers[name];
  if (make === undefined) throw new Error(`There is no peer ${name}; there are ${Object.keys(makers).join(", ")}.`);
  return make({ databaseUrl: await database(`bench_${name.replaceAll("-", "_")}`), folder });
}

/** All do the same work, and none of them for strangers. */
async function checkFair(contestant: Contestant): Promise<void> {
  const records: Readonly<Record<Operation, number>> = { read: 1, list: 30, create: 1, update: 1, bulk: 1_000 };
  for (const operation of Object.keys(records) as Operation[]) {
    // Parse answers an update with nothing but its time; a batch is 200 also where its parts failed.
    const mark = operation === "update" ? '"updatedAt"' : '"createdAt"';
    const user = await contestant.ask(operation, "user");
    const stranger = await contestant.ask(operation, "stranger");
    const found = [user, stranger].map(({ text }) => text.split(mark).length - 1);
    if (user.status < 300 && found[0] === records[operation] && found[1] === 0) continue;
    const texts = [user, stranger].map(({ status, text }) => `${status} ${text.slice(0, 300)}`);
    throw new Error(`${contestant.name} ${operation}: ${found.join(" and ")} records\n${texts.join("\n")}`);
  }
}

async function measure(contestants: readonly Contestant[], operation: Measured): Promise<Record<string, unknown>> {
  const samples = await inRounds(contestants, operation, { rounds, seconds, postgresPid: postgres.pid });
  const ours = samples.get("landfall") as Sample[];
  const of = (taken: readonly Sample[], what: (sample: Sample) => number, digits = 0) =>
    rounded(median(taken.map(what)), digits);
  const figures: Record<string, unknown> = {};
  for (const [name, taken] of samples) {
    const perRound = taken.map((sample, k) => sample.cpuUs / (ours[k] as Sample).cpuUs);
    const figure = {
      perSecond: of(taken, (sample) => sample.perSecond, 1),
      cpuUs: of(taken, (sample) => sample.cpuUs),
      serverUs: of(taken, (sample) => sample.serverUs),
      p99Ms: of(taken, (sample) => sample.p99Ms, 1),
      oursOverTheirs: rounded(median(perRound), 2),
    };
    figures[name] = figure;
    process.stdout.write(`${operation.padEnd(7)} ${name.padEnd(16)} ${JSON.stringify(figure)}\n`);
  }
  return { load: rounded(loadavg()[0] as number, 1), ...figures };
}
