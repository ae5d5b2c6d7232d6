// `npm run bench start`: from starting the process to the first 200 of /readyz, with DATABASE_URL and on the embedded
// Postgres, and the memory of a server nobody uses. `express-lean` beside it says what this machine needs for any server.
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { readPostmaster } from "../../server/kernel/postgres/postmaster.ts";
import { nodeFlags } from "../support/node-flags.ts";
import { answers, freePort, launch } from "./harness/contestants.ts";
import { cpuOfTreeUs, memoryOfTreeMiB } from "./harness/cpu.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const idleSeconds = Number(process.env.IDLE_SECONDS ?? 60);
const compileCache = new URL("../../node_modules/.cache/landfall", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "lfb-"));

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

const postgres = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s") });
const url = await database("landfall_start");
const given = { DATABASE_URL: url, LANDFALL_DATA_DIR: join(folder, "given") };
const figures: Record<string, unknown> = {};
try {
  // The first start makes the schema and fills the compile cache.
  await timed(given);
  await leanStart();
  const [warm, lean] = await together(() => timed(given), leanStart);
  figures.warm = shown("DATABASE_URL, warm compile cache", warm);
  figures.lean = shown("express-lean, warm compile cache", lean);
  figures.cold = shown("DATABASE_URL, no compile cache", await times(() => cold(given)));
  figures.idle = await idle("DATABASE_URL", given);
  figures.embeddedFirst = shown("embedded, first", await times((n) => timed({ LANDFALL_DATA_DIR: join(folder, `first${n}`) }))); // biome-ignore format: one line
  figures.embeddedLater = shown("embedded, later", await times(() => timed({ LANDFALL_DATA_DIR: join(folder, "first0") }))); // biome-ignore format: one line
  figures.embeddedIdle = await idle("embedded", { LANDFALL_DATA_DIR: join(folder, "first0") });
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify({ bench: "start", rounds, idleSeconds, figures })}\n`);

async function database(name: string): Promise<string> {
  const admin = new pg.Client({ host: postgres.host, user: "postgres", database: "postgres" });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(postgres.host)}`;
}

async function times(one: (n: number) => Promise<Start>): Promise<Start[]> {
  const taken: Start[] = [];
  for (let n = 0; n < rounds; n++) taken.push(await one(n));
  return taken;
}

/** Turn by turn, so that what else the machine does falls on both. */
async function together(one: () => Promise<Start>, other: () => Promise<Start>): Promise<[Start[], Start[]]> {
  const taken: [Start[], Start[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    taken[0].push(await one());
    taken[1].push(await other());
  }
  return taken;
}

/** CPU is of the server alone: unlike the time, it hardly depends on what else the machine does. */
async function timed(env: Record<string, string>): Promise<Start> {
  const { child, ms } = await started(env);
  const cpuMs = cpuOfTreeUs(child.pid as number) / 1_000;
  await ended(child, env);
  return { ms, cpuMs };
}

function cold(env: Record<string, string>): Promise<Start> {
  rmSync(compileCache, { recursive: true, force: true });
  return timed(env);
}

async function started(env: Record<string, string>): Promise<{ child: ChildProcess; ms: number; startedMs: number }> {
  const port = await freePort();
  const startedMs = performance.now();
  const child = launch([...nodeFlags, "server/bin/landfall.mjs", "start"], {
    PORT: String(port),
    LANDFALL_LOG_LEVEL: "warn",
    ...env,
  });
  await answers(port, child);
  return { child, startedMs, ms: performance.now() - startedMs };
}

async function leanStart(): Promise<Start> {
  const port = await freePort();
  const startedMs = performance.now();
  const env = { DATABASE_URL: url, PORT: String(port), NODE_COMPILE_CACHE: join(folder, "lean-cache") };
  const child = launch(["test/bench/baselines/express-lean.ts"], env);
  // It has no health page; what is refused is answered too, and needs no database.
  await answers(port, child, 401);
  const ms = performance.now() - startedMs;
  const cpuMs = cpuOfTreeUs(child.pid as number) / 1_000;
  await ended(child, {});
  return { ms, cpuMs };
}

/** Proportional set size, so that what processes share is counted once. */
async function idle(name: string, env: Record<string, string>): Promise<Record<string, number>> {
  const { child, startedMs } = await started(env);
  await sleep(idleSeconds * 1_000 - (performance.now() - startedMs));
  const pid = child.pid as number;
  const figure = { serverRssMiB: Math.round(rssMiB(pid)), treePssMiB: Math.round(memoryOfTreeMiB(pid)) };
  process.stdout.write(`${`${name}, idle`.padEnd(34)} ${JSON.stringify(figure)}\n`);
  await ended(child, env);
  return figure;
}

function rssMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? Number.NaN) / 1024;
}

async function ended(child: ChildProcess, { LANDFALL_DATA_DIR: home }: Record<string, string>): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
  while (home !== undefined && readPostmaster(join(home, "pg", "18"))) await sleep(20);
}

function shown(name: string, taken: readonly Start[]): Record<string, number> {
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const figure = {
    ms: Math.round(median(taken.map(({ ms }) => ms))),
    fastestMs: Math.round(Math.min(...taken.map(({ ms }) => ms))),
    cpuMs: Math.round(median(taken.map(({ cpuMs }) => cpuMs))),
  };
  process.stdout.write(`${name.padEnd(34)} ${JSON.stringify(figure)}\n`);
  return figure;
}
