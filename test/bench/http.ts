// `npm run bench http`: every operation against the baselines, interleaved rounds, requests/s and CPU per request of the
// server and Postgres together. Ratios are to `express-lean`: capacity = its CPU per request / ours.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { baseline, type Contestant, landfall, type Operation } from "./harness/contestants.ts";
import { cpuOfTreeUs } from "./harness/cpu.ts";
import type { LoadOptions, LoadResult } from "./harness/load.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 3);
const wanted = (process.env.OPERATIONS ?? "read,list,create,update,mixed,bulk").split(",");
const names = (process.env.AGAINST ?? "express-lean,http-pg,express-knex").split(",");
/** The product's default is `info`, a line per request; the baselines log nothing. */
const logging = { LANDFALL_LOG_LEVEL: process.env.LOG_LEVEL ?? "warn" };
const connections = 32;

interface Sample {
  readonly perSecond: number;
  /** CPU of all processes per request, and the part of it that is the server's own. */
  readonly cpuUs: number;
  readonly serverUs: number;
  readonly p99Ms: number;
}

const folder = mkdtempSync(join(tmpdir(), "lfb-"));
const postgres = await startEmbedded({
  dataDir: join(folder, "pg"),
  socketDir: join(folder, "s"),
  settings: ["max_connections=100", "shared_buffers=256MB", "max_wal_size=4GB"],
});
const contestants: Contestant[] = [];
try {
  for (const name of names) contestants.push(await baseline(name, await database(name.replaceAll("-", "_"))));
  contestants.push(await landfall(await database("landfall_bench"), join(folder, "data"), logging));
  const figures: Record<string, unknown> = {};
  for (const operation of wanted) figures[operation] = await measure(operation as Operation | "mixed");
  process.stdout.write(`${JSON.stringify({ bench: "http", rounds, seconds, connections, figures })}\n`);
} finally {
  await Promise.all(contestants.map((contestant) => contestant.stop()));
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function database(name: string): Promise<string> {
  const admin = new pg.Client({ host: postgres.host, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(postgres.host)}`;
}

async function measure(operation: Operation | "mixed"): Promise<Record<string, unknown>> {
  const samples = new Map<string, Sample[]>(contestants.map((contestant) => [contestant.name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const contestant of contestants) {
      if (operation === "bulk" && contestant.name === "http-pg") continue;
      const sample = await once(contestant, operation);
      // Round -1 warms plans, caches and the JIT.
      if (round >= 0) samples.get(contestant.name)?.push(sample);
    }
  }
  const lean = samples.get("express-lean") ?? [];
  const figures: Record<string, unknown> = {};
  for (const [name, taken] of samples) {
    if (taken.length === 0) continue;
    const figure = {
      perSecond: Math.round(median(taken.map((sample) => sample.perSecond))),
      cpuUs: Math.round(median(taken.map((sample) => sample.cpuUs))),
      serverUs: Math.round(median(taken.map((sample) => sample.serverUs))),
      p99Ms: Number(median(taken.map((sample) => sample.p99Ms)).toFixed(1)),
      capacityOfLean: Number(
        median(taken.map((sample, k) => (lean[k]?.cpuUs ?? Number.NaN) / sample.cpuUs)).toFixed(2),
      ),
      rateOfLean: Number(
        median(taken.map((sample, k) => sample.perSecond / (lean[k]?.perSecond ?? Number.NaN))).toFixed(2),
      ),
    };
    figures[name] = figure;
    process.stdout.write(`${operation.padEnd(7)} ${name.padEnd(13)} ${JSON.stringify(figure)}\n`);
  }
  return figures;
}

async function once(contestant: Contestant, operation: Operation | "mixed"): Promise<Sample> {
  const count = operation === "bulk" ? 4 : 2_000;
  const requests = Array.from({ length: count }, (_, k) => {
    const n = Math.floor(Math.random() * 1_000_000);
    return contestant.request(operation === "mixed" ? mixed(k) : operation, n);
  });
  const before = [cpuOfTreeUs(contestant.pid), cpuOfTreeUs(postgres.pid)] as const;
  const result = await load({
    host: "127.0.0.1",
    port: contestant.port,
    connections: operation === "bulk" ? 2 : connections,
    seconds,
    requests,
  });
  if (result.errors > 0)
    throw new Error(`${contestant.name} ${operation}: ${result.errors} errors, e.g. ${result.samples.join("; ")}`);
  const serverUs = (cpuOfTreeUs(contestant.pid) - before[0]) / result.requests;
  const postgresUs = (cpuOfTreeUs(postgres.pid) - before[1]) / result.requests;
  return {
    perSecond: result.requests / result.seconds,
    cpuUs: serverUs + postgresUs,
    serverUs,
    p99Ms: result.p99Ms,
  };
}

/** 80 % reads (half of them lists of 30), 20 % writes. */
function mixed(k: number): Operation {
  return (["read", "read", "list", "read", "create", "read", "list", "read", "update", "read"] as const)[
    k % 10
  ] as Operation;
}

function load(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "harness", "load.ts"), "run"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify(options));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`load ended with ${code}`)),
    );
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
