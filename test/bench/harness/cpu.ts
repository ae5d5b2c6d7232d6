// CPU time of a process and everything below it, from the operating system's own books (Linux).
import { readdirSync, readFileSync } from "node:fs";

/** Microseconds per clock tick of /proc (USER_HZ is 100 on every Linux that Node supports). */
const tickUs = 10_000;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // Own time plus that of children already reaped, so that a backend that ended is not forgotten.
    return { parent: Number(fields[1]), ticks: [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) };
  } catch {
    return undefined;
  }
}

/** User and system time of `root` and its descendants, in microseconds. */
export function cpuOfTreeUs(root: number): number {
  const all = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const found = /^\d+$/.test(name) ? stat(Number(name)) : undefined;
    if (found) all.set(Number(name), found);
  }
  const isBelow = (pid: number): boolean => pid === root || (all.has(pid) && isBelow((all.get(pid) as Stat).parent));
  let ticks = 0;
  for (const [pid, found] of all) if (isBelow(pid)) ticks += found.ticks;
  return ticks * tickUs;
}

/** Proportional set size of `root` and its descendants, in MiB. */
export function memoryOfTreeMiB(root: number): number {
  const below = new Set([root]);
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), stat(Number(name))?.parent ?? 0] as const);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (below.has(pid) || !below.has(parent)) continue;
      below.add(pid);
      grown = true;
    }
  }
  return [...below].reduce((sum, pid) => sum + pssMiB(pid), 0);
}

function pssMiB(pid: number): number {
  try {
    return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
