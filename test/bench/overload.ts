// `npm run bench overload`: O01. The server on one core, the generator on the other. First the peak of what it answers,
// with the fewest clients, then three times that offered for SECONDS (60), then the peak's load again until it is answered
// as before.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { type Contestant, landfall } from "./harness/contestants.ts";
import type { LoadOptions, LoadResult } from "./harness/load.ts";

const seconds = Number(process.env.SECONDS ?? 60);
const times = 3;
const folder = mkdtempSync(join(tmpdir(), "lfo-"));
const postgres = await startEmbedded({
  dataDir: join(folder, "pg"),
  socketDir: join(folder, "s"),
  settings: ["max_connections=100", "shared_buffers=256MB"],
});
let server: Contestant | undefined;
try {
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(postgres.host)}`;
  // Each refusal is a warning in the log; here they are counted instead.
  server = await landfall(url, join(folder, "data"), { LANDFALL_LOG_LEVEL: "error" });
  pin(server.pid, 0);
  const figures = await measure(server);
  process.stdout.write(`${JSON.stringify({ bench: "overload", seconds, figures })}\n`);
  const inTime = figures.acceptedP99OfPeak <= 2 && figures.refusedP99Ms < 50 && figures.recoverySeconds <= 10;
  const met = inTime && figures.goodputOfPeak >= 0.8 && figures.other === 0;
  if (!met) process.exitCode = 1;
} finally {
  await server?.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(target: Contestant) {
  const peaks: { connections: number; result: LoadResult }[] = [];
  await load(target, { connections: 32, seconds: 3 });
  for (const connections of [16, 32, 64, 128]) peaks.push({ connections, result: await load(target, { connections, seconds: 4 }) }); // biome-ignore format: one line
  const most = Math.max(...peaks.map(({ result }) => goodput(result)));
  // Saturation is where more clients bring no more answers; beyond it only the queue grows.
  const peak = peaks.find(({ result }) => goodput(result) >= 0.95 * most) as (typeof peaks)[number];
  const offered = Math.round(goodput(peak.result) * times);
  const over = await load(target, { connections: 1_000, seconds, perSecond: offered });
  const recoverySeconds = await recovery(target, peak);
  const { "429": limited = 0, "503": shed = 0 } = over.statuses;
  return {
    peakPerSecond: Math.round(goodput(peak.result)),
    peakConnections: peak.connections,
    peakP99Ms: Math.round(peak.result.p99Ms),
    offeredPerSecond: offered,
    sentPerSecond: Math.round(over.requests / over.seconds),
    goodputPerSecond: Math.round(goodput(over)),
    goodputOfPeak: Number((goodput(over) / goodput(peak.result)).toFixed(2)),
    acceptedP99Ms: Math.round(over.goodP99Ms),
    acceptedP99OfPeak: Number((over.goodP99Ms / peak.result.goodP99Ms).toFixed(1)),
    refused: limited + shed,
    refusedP99Ms: Math.round(over.refusedP99Ms),
    other: over.errors - limited - shed,
    recoverySeconds,
  };
}

/** Seconds until a second of the peak's load is answered at 95 % of the peak, without a refusal. */
async function recovery(target: Contestant, peak: { connections: number; result: LoadResult }): Promise<number> {
  for (let second = 1; second <= 30; second++) {
    const now = await load(target, { connections: peak.connections, seconds: 1 });
    if (now.errors === 0 && goodput(now) >= 0.95 * goodput(peak.result)) return second;
  }
  return Number.POSITIVE_INFINITY;
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
  pin(child.pid as number, 1);
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

/** Without taskset, or on one core, the two share what there is. */
function pin(pid: number, core: number): void {
  if (availableParallelism() < 2) return;
  const [program, ...flags] = ["taskset", "-a", "-c", "-p", String(core), String(pid)] as const;
  spawn(program, flags, { stdio: "ignore" }).on("error", () => {});
}
