// One operation against every contestant, in rounds taken in turn, so that what else the machine does falls on all alike.
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Contestant, Operation } from "./contestants.ts";
import { cpuOfTreeUs } from "./cpu.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

export type Measured = Operation | "mixed";

export interface Sample {
  readonly perSecond: number;
  /** CPU of all processes per request, and the part of it that is the server's own. */
  readonly cpuUs: number;
  readonly serverUs: number;
  readonly p99Ms: number;
}

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly postgresPid: number;
}

export const connections = 32;

/** The samples of each contestant, by name, in the order of the rounds. */
export async function inRounds(
  contestants: readonly Contestant[],
  operation: Measured,
  options: RoundOptions,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -1; round < options.rounds; round++) {
    for (const contestant of contestants) {
      const sample = await once(contestant, operation, options);
      // Round -1 warms plans, caches and the JIT.
      if (round >= 0) samples.get(contestant.name)?.push(sample);
    }
  }
  return samples;
}

/** Any of the servers may refuse when the machine is busy with other things; such a round measures nothing and is taken again. */
async function once(contestant: Contestant, operation: Measured, options: RoundOptions): Promise<Sample> {
  for (let attempt = 1; ; attempt++) {
    const sample = await tried(contestant, operation, options);
    if (typeof sample === "object") return sample;
    if (attempt === 5) throw new Error(sample);
    process.stdout.write(`${sample}: taken again\n`);
  }
}

async function tried(
  contestant: Contestant,
  operation: Measured,
  { seconds, postgresPid }: RoundOptions,
): Promise<Sample | string> {
  const requests = Array.from({ length: operation === "bulk" ? 4 : 2_000 }, (_, k) =>
    contestant.request(operation === "mixed" ? mixed(k) : operation, Math.floor(Math.random() * 1_000_000)),
  );
  const before = [cpuOfTreeUs(contestant.pid), cpuOfTreeUs(postgresPid)] as const;
  const result = await load({
    host: "127.0.0.1",
    port: contestant.port,
    connections: operation === "bulk" ? 2 : connections,
    seconds,
    requests,
  });
  if (result.errors > 0)
    return `${contestant.name} ${operation}: ${result.errors} errors, e.g. ${result.samples.join("; ")}`;
  const serverUs = (cpuOfTreeUs(contestant.pid) - before[0]) / result.requests;
  const postgresUs = (cpuOfTreeUs(postgresPid) - before[1]) / result.requests;
  return { perSecond: result.requests / result.seconds, cpuUs: serverUs + postgresUs, serverUs, p99Ms: result.p99Ms };
}

/** 80 % reads (a quarter of them lists of 30), 20 % writes. */
function mixed(k: number): Operation {
  const kinds = ["read", "read", "list", "read", "create", "read", "list", "read", "update", "read"] as const;
  return kinds[k % kinds.length] as Operation;
}

function load(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "load.ts"), "run"], {
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

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** `value` with that many digits behind the point, as a number again. */
export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}
