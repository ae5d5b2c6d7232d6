// `npm run bench report`: writes what docs/benchmarks.md shows of the saved figures: the tables between its marks, and the
// picture. A contract test says when they differ from the figures.
import { readFileSync, writeFileSync } from "node:fs";
import { type PeerFigures, peerPicture, peerTables } from "./harness/report-peers.ts";
import { type SurfaceFigures, surfaceTables } from "./harness/report-surface.ts";
import { saved } from "./harness/saved.ts";

const docs = new URL("../../docs/", import.meta.url);

/** File under `docs/` → its text as the saved figures have it. */
export function reported(): Record<string, string> {
  const peers = saved<PeerFigures>("peers");
  const surface = saved<SurfaceFigures>("surface");
  let page = readFileSync(new URL("benchmarks.md", docs), "utf8");
  if (peers) page = between(page, "peers", peerTables(peers));
  if (surface) page = between(page, "surface", surfaceTables(surface));
  return { "benchmarks.md": page, ...(peers && { "benchmarks/peers.svg": peerPicture(peers) }) };
}

function between(page: string, mark: string, text: string): string {
  const [from, to] = [`<!-- ${mark}: npm run bench report -->`, `<!-- /${mark} -->`];
  const [start, end] = [page.indexOf(from), page.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`docs/benchmarks.md has no place for ${mark}.`);
  return `${page.slice(0, start + from.length)}\n\n${text}\n\n${page.slice(end)}`;
}

if (process.argv[1] === import.meta.filename)
  for (const [file, text] of Object.entries(reported())) writeFileSync(new URL(file, docs), text);
