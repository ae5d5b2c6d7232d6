// `npm run bench upgrades`: U01 at length. Two servers behind a load balancer, moved through 20 versions one by one while clients
// work with one retry; every version widens the busiest system tables and takes away what the one before had added.
// ROLLS says how many, BALANCER=tcp deals connections instead of requests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "../../server/kernel/postgres/embedded.ts";
import { type Release, releaseAfter, thisRelease } from "../support/release.ts";
import { rollingPair } from "../support/rolling.ts";
import { prepareRollingLoad, startRollingLoad } from "../support/rolling-load.ts";

const rolls = Number(process.env.ROLLS ?? 20);
const kind = process.env.BALANCER === "tcp" ? "tcp" : "http";
const folder = mkdtempSync(join(tmpdir(), "lfu-"));
const postgres = await startEmbedded({ dataDir: join(folder, "pg"), socketDir: join(folder, "s") });
const connection = { host: postgres.host, user: "postgres", database: "postgres" };
const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(postgres.host)}`;
const pair = await rollingPair(kind, { DATABASE_URL: url }, thisRelease);
const releases: Release[] = [];
try {
  await prepareRollingLoad(pair.url);
  const load = startRollingLoad(pair.url, connection);
  const rollMs: number[] = [];
  for (let n = 1; n <= rolls; n++) {
    const release = releaseAfter(n);
    releases.push(release);
    await load.answered(100);
    const startedMs = performance.now();
    await pair.roll(release);
    rollMs.push(performance.now() - startedMs);
  }
  await load.answered(100);
  const { answered, retried, failed, lost, twice } = await load.end();
  for (const [name, found] of Object.entries({ failed, lost, twice }))
    for (const one of found) process.stdout.write(`${name}: ${one}\n`);
  const codes = pair.ended.map(({ code }) => code).filter((code) => code !== 0);
  const figures = { rolls, answered, retried, failed: failed.length, lost: lost.length, twice: twice.length, badExits: codes.length, rollMsMax: Math.round(Math.max(...rollMs)), stopMsMax: Math.round(Math.max(...pair.ended.map(({ tookMs }) => tookMs))) }; // biome-ignore format: one line
  process.stdout.write(`${JSON.stringify({ bench: "upgrades", balancer: kind, figures })}\n`);
  if (failed.length + lost.length + twice.length + codes.length > 0) process.exitCode = 1;
} finally {
  await pair.stop();
  await postgres.stop();
  for (const release of releases) release.remove();
  rmSync(folder, { recursive: true, force: true });
}
