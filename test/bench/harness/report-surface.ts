// `surface.json` as it stands on the page.
import type { FreshClone, Took } from "./fresh-clone.ts";
import type { PageLoad } from "./page-load.ts";
import { type Conditions, caveat } from "./saved.ts";

interface CommandTime {
  readonly ms: number;
  readonly fastestMs: number;
  readonly cpuMs: number;
}

export interface SurfaceFigures extends Conditions {
  readonly rounds: number;
  readonly figures: {
    readonly cli: Readonly<Record<"help" | "helpBySystemNode" | "bareNode", CommandTime>>;
    readonly sdk: Readonly<
      Record<string, { readonly minified: number; readonly gzip: number; readonly brotli: number }>
    >;
    readonly pages: Readonly<Record<string, PageLoad>>;
    readonly clone: FreshClone;
  };
}

const steps = {
  clone: "`git clone`",
  installCold: "`npm install`, nothing cached",
  installWarm: "the same again, packages cached",
  ofWhichBuilding: "of each: building client, console and docs",
  firstStart: "`npm start` to the first answer, Postgres set up on the way",
  laterStart: "later starts",
  total: "**clone to first answer**",
} as const satisfies Partial<Record<keyof FreshClone, string>>;

export function surfaceTables(saved: SurfaceFigures): string {
  const { takenAt, machine, load, figures } = saved;
  const { clone, pages, cli, sdk } = figures;
  const took = ({ seconds, cpuSeconds }: Took) => `${seconds} | ${cpuSeconds}`;
  const installed = Object.values(clone.installMB).reduce((sum, size) => sum + size, 0);
  const parts = [
    `Taken on ${takenAt} on ${machine}, load ${load}; Node ${clone.systemNode} was what the system had.${caveat(load)}`,
    table(["fresh clone", "seconds", "CPU seconds"], Object.entries(steps).map(([step, says]) => `${says} | ${took(clone[step as keyof typeof steps])}`)), // biome-ignore format: one line
    table([`installed: ${clone.packages} packages`, "MB"], [
      ...Object.entries(clone.installMB).map(([group, size]) => `${group} | ${size}`),
      `**all of node_modules** | ${Math.round(installed)}`,
      `the checkout | ${clone.checkoutMB}`,
    ]), // biome-ignore format: one line
    table(["first visit, nothing cached", "requests", "kB over the wire", "loaded, ms", "largest paint, ms"], Object.entries(pages).map(([page, { requests, wireKB, loadMs, largestPaintMs }]) => `\`${page}\` | ${requests} | ${wireKB} | ${loadMs} | ${largestPaintMs}`)), // biome-ignore format: one line
    table(["command line", "median, ms", "fastest, ms", "CPU, ms"], [
      `\`landfall --help\` (target 150) | ${commandTime(cli.help)}`,
      `the same, started by Node ${clone.systemNode} of the system | ${commandTime(cli.helpBySystemNode)}`,
      `\`node -e ""\`, the floor | ${commandTime(cli.bareNode)}`,
    ]), // biome-ignore format: one line
    table(["the client in an app, bytes", "minified", "gzip", "brotli"], Object.entries(sdk).map(([name, { minified, gzip, brotli }]) => `${name} | ${minified} | ${gzip} | ${brotli}`)), // biome-ignore format: one line
  ];
  return parts.join("\n\n");
}

function commandTime({ ms, fastestMs, cpuMs }: CommandTime): string {
  return `${ms} | ${fastestMs} | ${cpuMs}`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---|").join("")}`, ...rows.map((row) => `| ${row} |`)].join(
    "\n",
  );
}
