// Start and idle memory of several servers on filled databases, in turn.
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Candidate } from "./candidate.ts";
import { ended } from "./contestants.ts";
import { cpuOfTreeUs, memoryOfTreeMiB } from "./cpu.ts";
import { median, rounded } from "./rounds.ts";

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly pssMiB: number;
}

/** The first round fills compile caches, which every server keeps, and does not count. Ratios are ours over theirs. */
export async function starts(
  candidates: readonly Candidate[],
  { rounds, idleSeconds }: { readonly rounds: number; readonly idleSeconds: number },
): Promise<Record<string, unknown>> {
  const taken = new Map<string, Start[]>(candidates.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const one of candidates) {
      // Memory is read in the first counted round alone: it hardly varies, and waiting for it takes longest.
      const start = await timed(one, round === 0 ? idleSeconds : undefined);
      if (round >= 0) taken.get(one.name)?.push(start);
    }
  const figures: Record<string, unknown> = {};
  const medians = (name: string): Start => {
    const list = taken.get(name) as Start[];
    const of = (what: keyof Start) => rounded(median(list.map((start) => start[what]).filter((value) => !Number.isNaN(value)))); // biome-ignore format: one line
    return { ms: of("ms"), cpuMs: of("cpuMs"), rssMiB: of("rssMiB"), pssMiB: of("pssMiB") };
  };
  const ours = medians("landfall");
  for (const { name } of candidates) {
    const theirs = medians(name);
    const ratio = (what: keyof Start) => rounded(ours[what] / theirs[what], 2);
    const figure = { ...theirs, startOfTheirs: ratio("ms"), startCpuOfTheirs: ratio("cpuMs"), memoryOfTheirs: ratio("rssMiB") }; // biome-ignore format: one line
    figures[name] = figure;
    process.stdout.write(`start   ${name.padEnd(16)} ${JSON.stringify(figure)}\n`);
  }
  return { load: rounded(loadavg()[0] as number, 1), ...figures };
}

async function timed(one: Candidate, idleSeconds: number | undefined): Promise<Start> {
  const startedMs = performance.now();
  const { child } = await one.start();
  const ms = performance.now() - startedMs;
  const pid = child.pid as number;
  const cpuMs = cpuOfTreeUs(pid) / 1_000;
  if (idleSeconds !== undefined) await sleep(idleSeconds * 1_000);
  const isRead = idleSeconds !== undefined;
  const memory = { rssMiB: isRead ? rssMiB(pid) : Number.NaN, pssMiB: isRead ? memoryOfTreeMiB(pid) : Number.NaN };
  await ended(child);
  return { ms, cpuMs, ...memory };
}

function rssMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? Number.NaN) / 1024;
}
