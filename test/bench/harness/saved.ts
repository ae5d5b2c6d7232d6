// Figures kept for the page: `docs/benchmarks/<name>.json`, with the conditions under which they were taken.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

const folder = new URL("../../../docs/benchmarks/", import.meta.url);

export interface Conditions {
  readonly takenAt: string;
  readonly node: string;
  readonly machine: string;
  /** Load of the last minute when the figures were complete: the bench itself is about 2 of it. */
  readonly load: number;
}

export function conditions(): Conditions {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return {
    takenAt: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    machine: `${cpu?.model.trim() ?? "unknown"}, ${cpus().length} cores, ${gib} GiB, ${process.platform}`,
    load: Number((loadavg()[0] as number).toFixed(1)),
  };
}

/** A sentence for figures taken while others worked on the machine, which two cores show from a load of 4 on. */
export function caveat(load: number): string {
  return load <= 4 ? "" : " Other work ran beside it: times are upper bounds, ratios and CPU say more.";
}

export function save(name: string, figures: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(figures, null, 2)}\n`);
}

/** What was saved last, or nothing. */
export function saved<Figures>(name: string): Figures | undefined {
  try {
    return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Figures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
