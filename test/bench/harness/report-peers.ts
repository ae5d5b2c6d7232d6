// `peers.json` as it stands on the page: three tables and a picture. Ratios are theirs over ours, so more is better for us.
import { type Conditions, caveat } from "./saved.ts";

interface Figure {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p99Ms: number;
  readonly oursOverTheirs: number;
}

interface StartFigure {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly startOfTheirs: number;
  readonly startCpuOfTheirs: number;
  readonly memoryOfTheirs: number;
}

/** Beside the contestants' figures stands the machine's load when they were complete. */
type Row<F> = { readonly [name: string]: F } & { readonly load: number };

export interface PeerFigures extends Conditions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly idleSeconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: Readonly<Record<string, unknown>> & { readonly start: unknown };
}

const operations = {
  read: { says: "read by id", parse: 4, directus: 22 },
  list: { says: "list 30, filter and sort", parse: 2.5, directus: 8 },
  create: { says: "create", parse: 2.5, directus: 15 },
  update: { says: "update", parse: 4, directus: 15 },
  mixed: { says: "mixed, 80 % reads", parse: 2.8, directus: 12 },
  bulk: { says: "1,000 in one request", parse: 20, directus: 100 },
} as const;
type Name = keyof typeof operations;

const names = { landfall: "Landfall", parse: "Parse Server", directus: "Directus", "directus-cached": "Directus, data cache on" } as const; // biome-ignore format: one line
const start = { most: 0.75 } as const;

export function peerTables(saved: PeerFigures): string {
  return [conditionsOf(saved), ratios(saved), met(saved), absolutes(saved), starts(saved)].join("\n\n");
}

function conditionsOf({
  takenAt,
  machine,
  node,
  rounds,
  seconds,
  connections,
  versions,
  figures,
}: PeerFigures): string {
  const loads = Object.values(figures).map((row) => (row as Row<Figure>).load);
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  return `Taken on ${takenAt} on ${machine}, Node ${node}, load ${least} to ${most} (the bench itself is about 2); ${rounds === 1 ? "one round" : `medians of ${rounds} rounds`}
of ${seconds} s with ${connections} connections. Parse Server ${versions.parse}, Directus ${versions.directus}.${caveat(most)}`;
}

function ratios({ figures }: PeerFigures): string {
  const lines = known(figures).map(([name, row]) => {
    const { says, parse, directus } = operations[name];
    const over = (peer: string, target?: number) => judged(row[peer]?.oursOverTheirs, target);
    return `| ${says} | ${over("parse", parse)} | ${parse} | ${over("directus", directus)} | ${directus} | ${over("directus-cached")} |`;
  });
  return `| their CPU per request, ours is 1 | Parse Server | target | Directus | target | Directus, data cache on |
|---|---|---|---|---|---|
${lines.join("\n")}`;
}

/** How many of the targets these figures meet, in words: a reader should not have to count bold cells. */
function met({ figures }: PeerFigures): string {
  const all = known(figures).flatMap(([name, row]) =>
    (["parse", "directus"] as const).map((peer) => (row[peer]?.oursOverTheirs ?? 0) >= operations[name][peer]),
  );
  return `${all.filter(Boolean).length} of these ${all.length} targets are met.`;
}

function judged(value: number | undefined, target?: number): string {
  if (value === undefined) return "-";
  return target !== undefined && value >= target ? `**${value}**` : `${value}`;
}

function absolutes({ figures, versions }: PeerFigures): string {
  const peers = Object.keys(names).filter((name) => name in versions) as (keyof typeof names)[];
  const lines = known(figures).map(([name, row]) => {
    const cells = peers.map((peer) => {
      const figure = row[peer];
      return figure === undefined ? "-" : `${time(figure.cpuUs)}; ${figure.perSecond}; ${figure.p99Ms}`;
    });
    return `| ${operations[name].says} | ${cells.join(" | ")} |`;
  });
  return `| CPU per request; requests a second; p99 in ms | ${peers.map((peer) => names[peer]).join(" | ")} |
|---|${peers.map(() => "---|").join("")}
${lines.join("\n")}`;
}

function time(us: number): string {
  return us >= 10_000 ? `${Math.round(us / 1_000)} ms` : `${us} us`;
}

function starts({ figures, idleSeconds }: PeerFigures): string {
  const row = figures.start as Row<StartFigure> | undefined;
  const lines = Object.entries(names).flatMap(([name, says]) => {
    const figure = row?.[name as keyof typeof names];
    if (figure === undefined) return [];
    const isOurs = name === "landfall";
    const shown = (ratio: number) => (isOurs ? "-" : ratio <= start.most ? `**${ratio}**` : `${ratio}`);
    return `| ${says} | ${figure.ms} ms | ${figure.cpuMs} ms | ${shown(figure.startCpuOfTheirs)} | ${figure.rssMiB} MiB | ${shown(figure.memoryOfTheirs)} |`;
  });
  return `| on a filled database | to the first 200 | CPU of it | ours of theirs (target ${start.most}) | idle for ${idleSeconds} s | ours of theirs (target ${start.most}) |
|---|---|---|---|---|---|
${lines.join("\n")}`;
}

function known(figures: PeerFigures["figures"]): [Name, Row<Figure>][] {
  return (Object.keys(operations) as Name[]).flatMap((name) => (figures[name] === undefined ? [] : [[name, figures[name] as Row<Figure>]])); // biome-ignore format: one line
}

const layout = { width: 860, left: 190, right: 40, top: 74, rowHeight: 44, bottom: 44, mostRatio: 256 } as const;

/** A dot for each peer on a logarithmic axis, because the ratios span two orders; ours is the line at 1. */
export function peerPicture({ figures }: PeerFigures): string {
  const rows = known(figures);
  const bottom = layout.top + rows.length * layout.rowHeight;
  const height = bottom + layout.bottom;
  const x = (ratio: number) =>
    Math.round(layout.left + (Math.log2(Math.max(ratio, 0.5)) / Math.log2(layout.mostRatio)) * (layout.width - layout.left - layout.right)); // biome-ignore format: one line
  const ticks = [1, 2, 4, 8, 16, 32, 64, 128, 256].map(
    (ratio) =>
      `<line class="${ratio === 1 ? "ours" : "grid"}" x1="${x(ratio)}" x2="${x(ratio)}" y1="${layout.top - 12}" y2="${bottom}"/>` +
      `<text class="tick" x="${x(ratio)}" y="${bottom + 20}" text-anchor="middle">${ratio === 1 ? "1 Landfall" : `${ratio}×`}</text>`,
  );
  const marks = rows.flatMap(([name, row], k) => {
    const y = layout.top + k * layout.rowHeight + layout.rowHeight / 2;
    const parse = row.parse?.oursOverTheirs;
    const directus = row.directus?.oursOverTheirs;
    return [
      `<text x="${layout.left - 24}" y="${y + 5}" text-anchor="end">${operations[name].says}</text>`,
      ...(parse === undefined ? [] : [`<circle class="parse" cx="${x(parse)}" cy="${y}" r="7"/>`, valueAt(x(parse), y, parse)]), // biome-ignore format: one line
      ...(directus === undefined ? [] : [`<rect class="directus" x="${x(directus) - 7}" y="${y - 7}" width="14" height="14"/>`, valueAt(x(directus), y, directus)]), // biome-ignore format: one line
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" role="img" aria-labelledby="title">
<title id="title">CPU per request of Parse Server and Directus, Landfall being 1</title>
<style>
svg { font: 14px system-ui, sans-serif; color-scheme: light dark; }
.ground { fill: #fbfcfc; } text { fill: #1d262c; } .tick { fill: #55646d; font-size: 12px; }
.grid { stroke: #d5dde1; } .ours { stroke: #0b6470; stroke-width: 3; } .parse { fill: #b4560f; } .directus { fill: #5b4bb5; }
@media (prefers-color-scheme: dark) {
.ground { fill: #12181c; } text { fill: #dfe6ea; } .tick { fill: #9fb0b9; }
.grid { stroke: #2c363c; } .ours { stroke: #5fc4cf; } .parse { fill: #f0a062; } .directus { fill: #a99bf5; } }
</style>
<rect class="ground" width="${layout.width}" height="${height}" rx="8"/>
<text x="24" y="32"><tspan font-weight="600">CPU per request, Landfall = 1</tspan> · logarithmic, further right costs more</text>
<circle class="parse" cx="622" cy="27" r="7"/><text x="636" y="32">Parse Server</text>
<rect class="directus" x="739" y="20" width="14" height="14"/><text x="760" y="32">Directus</text>
${ticks.join("\n")}
${marks.join("\n")}
</svg>
`;
}

function valueAt(x: number, y: number, value: number): string {
  return `<text x="${x + 13}" y="${y + 5}">${value >= 10 ? Math.round(value) : value.toFixed(1)}</text>`;
}
