// `npm run bench overload`: O01. The server and its Postgres on one core, the generator alone on the other. First how many
// clients bring the peak; then ROUNDS (3) times the peak's load, three times that offered for SECONDS (20), and the peak's load
// again until it is answered as before. Each round's figures are ratios to the peaks on both sides of it, so that what else the
// machine does falls on both alike; beside the goodput stands what it is for the CPU that server and Postgres got.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { type Contestant, landfall } from "./harness/contestants.ts";
import { cpuOfTreeUs } from "./harness/cpu.ts";
import type { LoadOptions, LoadResult } from "./harness/load.ts";
import { median, rounded } from "./harness/rounds.ts";

const seconds = Number(process.env.SECONDS ?? 20);
const rounds = Number(process.env.ROUNDS ?? 3);
const times = 3;
const peakSeconds = 5;
const folder = mkdtempSync(join(tmpdir(), "lfo-"));
const postgres = await startEmbedded({
  dataDir: join(folder, "pg"),
  socketDir: join(folder, "s"),
  settings: ["max_connections=100", "shared_buffers=256MB"],
});
let server: Contestant | undefined;
try {
  // What it starts from now on stands there too; its own processes do little.
  await pin(postgres.pid, 0);
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(postgres.host)}`;
  // Each refusal is a warning in the log; here they are counted instead.
  server = await landfall(url, join(folder, "data"), { LANDFALL_LOG_LEVEL: "error" });
  await pin(server.pid, 0);
  const figures = await measure(server);
  process.stdout.write(`${JSON.stringify({ bench: "overload", rounds, seconds, figures })}\n`);
  const inTime = figures.acceptedP99OfPeak <= 2 && figures.refusedP99Ms < 50 && figures.recoverySeconds <= 10;
  const met = inTime && figures.goodputOfPeak >= 0.8 && figures.other === 0;
  if (!met) process.exitCode = 1;
} finally {
  await server?.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A phase: what the generator saw, and the CPU seconds that server and Postgres had for it. */
interface Phase {
  readonly result: LoadResult;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
}

async function measure(target: Contestant) {
  const connections = await connectionsOfPeak(target);
  const peakLoad = { connections, seconds: peakSeconds };
  let before = await phase(target, peakLoad);
  const taken: ReturnType<typeof compare>[] = [];
  for (let round = 0; round < rounds; round++) {
    const offered = Math.round(goodput(before.result) * times);
    const over = await phase(target, { connections: 1_000, seconds, perSecond: offered });
    const recoverySeconds = await recovery(target, connections, before);
    const after = await phase(target, peakLoad);
    taken.push(compare({ before, after, over, offered, recoverySeconds }));
    process.stdout.write(`${JSON.stringify(taken.at(-1))}\n`);
    before = after;
  }
  const names = Object.keys(taken[0] as object) as (keyof ReturnType<typeof compare>)[];
  const medians = Object.fromEntries(names.map((name) => [name, median(taken.map((one) => one[name]))]));
  return { peakConnections: connections, ...(medians as ReturnType<typeof compare>) };
}

/** Saturation is where more clients bring no more answers; beyond it only the queue grows. */
async function connectionsOfPeak(target: Contestant): Promise<number> {
  await load(target, { connections: 32, seconds: 3 });
  const peaks: { connections: number; perSecond: number }[] = [];
  for (const connections of [16, 32, 64]) peaks.push({ connections, perSecond: goodput(await load(target, { connections, seconds: 3 })) }); // biome-ignore format: one line
  const most = Math.max(...peaks.map(({ perSecond }) => perSecond));
  return peaks.find(({ perSecond }) => perSecond >= 0.95 * most)?.connections as number;
}

interface Round {
  readonly before: Phase;
  readonly over: Phase;
  readonly after: Phase;
  readonly offered: number;
  readonly recoverySeconds: number;
}

function compare({ before, over, after, offered, recoverySeconds }: Round) {
  const ofPeaks = (figure: (one: Phase) => number) => figure(over) / ((figure(before) + figure(after)) / 2);
  const { "429": limited = 0, "503": shed = 0 } = over.result.statuses;
  return {
    peakPerSecond: rounded(goodput(before.result)),
    peakP99Ms: rounded(before.result.goodP99Ms),
    offeredPerSecond: offered,
    sentPerSecond: rounded(over.result.requests / over.result.seconds),
    goodputPerSecond: rounded(goodput(over.result)),
    goodputOfPeak: rounded(
      ofPeaks(({ result }) => goodput(result)),
      2,
    ),
    goodputPerCpuOfPeak: rounded(ofPeaks(perCpuSecond), 2),
    /** Shares of the one core. */
    cpuAtPeak: rounded(before.cpuSeconds / before.result.seconds, 2),
    cpuInOverload: rounded(over.cpuSeconds / over.result.seconds, 2),
    serverCpuInOverload: rounded(over.serverCpuSeconds / over.result.seconds, 2),
    generatorCpu: rounded(over.result.generatorCpu, 2),
    generatorLateP99Ms: rounded(over.result.generatorLateP99Ms),
    acceptedP99Ms: rounded(over.result.goodP99Ms),
    acceptedP99OfPeak: rounded(
      ofPeaks(({ result }) => result.goodP99Ms),
      1,
    ),
    refused: limited + shed,
    refusedP99Ms: rounded(over.result.refusedP99Ms),
    other: over.result.errors - limited - shed,
    recoverySeconds,
  };
}

/** Seconds until a second of the peak's load is answered without a refusal, for at most a tenth more CPU than at the peak. */
async function recovery(target: Contestant, connections: number, peak: Phase): Promise<number> {
  for (let second = 1; second <= 30; second++) {
    const now = await phase(target, { connections, seconds: 1 });
    if (now.result.errors === 0 && perCpuSecond(now) >= 0.9 * perCpuSecond(peak)) return second;
  }
  return Number.POSITIVE_INFINITY;
}

async function phase(
  target: Contestant,
  options: Pick<LoadOptions, "connections" | "seconds" | "perSecond">,
): Promise<Phase> {
  const before = [cpuOfTreeUs(target.pid), cpuOfTreeUs(postgres.pid)] as const;
  const result = await load(target, options);
  const serverCpuSeconds = (cpuOfTreeUs(target.pid) - before[0]) / 1e6;
  return { result, serverCpuSeconds, cpuSeconds: serverCpuSeconds + (cpuOfTreeUs(postgres.pid) - before[1]) / 1e6 };
}

function perCpuSecond({ result, cpuSeconds }: Phase): number {
  return (result.requests - result.errors) / cpuSeconds;
}

function goodput(result: LoadResult): number {
  return (result.requests - result.errors) / result.seconds;
}

/** 80 % reads, 20 % writes. */
function load(
  target: Contestant,
  options: Pick<LoadOptions, "connections" | "seconds" | "perSecond">,
): Promise<LoadResult> {
  const kinds = ["read", "read", "list", "read", "create", "read", "list", "read", "update", "read"] as const;
  const requests = Array.from({ length: 2_000 }, (_, k) =>
    target.request(kinds[k % kinds.length] as (typeof kinds)[number], Math.floor(Math.random() * 1_000_000)),
  );
  const child = spawn(process.execPath, [join(import.meta.dirname, "harness", "load.ts"), "run"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  void pin(child.pid as number, 1);
  child.stdin.end(JSON.stringify({ host: "127.0.0.1", port: target.port, requests, ...options }));
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

/** Without taskset, or on one core, all share what there is. */
function pin(pid: number, core: number): Promise<void> {
  if (availableParallelism() < 2) return Promise.resolve();
  const [program, ...flags] = ["taskset", "-a", "-c", "-p", String(core), String(pid)] as const;
  return new Promise((resolve) => {
    spawn(program, flags, { stdio: "ignore" }).on("error", () => resolve()).on("exit", () => resolve()); // biome-ignore format: one line
  });
}
