// Upgrades while clients work: two servers behind a load balancer, this version and later ones side by side on one database.
import { Agent, request } from "node:http";
import { migrations } from "@landfall/migrations";
import { afterAll, afterEach, expect, test } from "vitest";
import { exitCodes } from "../../server/kernel/exit.ts";
import { migrationFaults } from "../contracts/migration-rules.ts";
import { testDatabase } from "../support/database.ts";
import { migrationsAfter, type Release, releaseAfter, thisRelease, versionAfter } from "../support/release.ts";
import { type RollingPair, rollingPair } from "../support/rolling.ts";
import { prepareRollingLoad, startRollingLoad } from "../support/rolling-load.ts";
import { call, masterKey, type ServerProcess, setupUrl, startServer } from "../support/server.ts";

const requests = testDatabase();
const connections = testDatabase();
const empty = testDatabase({ empty: true });
const releases = [thisRelease, releaseAfter(1), releaseAfter(2)] as const;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => {
  for (const release of releases) release.remove();
});

test("the later versions' migrations keep the rule that the product's own must keep", () => {
  expect(migrationFaults([...migrations(), ...migrationsAfter(2)], versionAfter(2))).toEqual([]);
});

async function rollThrough(
  kind: "http" | "tcp",
  database: typeof requests,
  steps: readonly Release[],
): Promise<RollingPair> {
  const pair = await rollingPair(kind, { DATABASE_URL: database.url }, steps[0] as Release);
  stops.push(pair.stop);
  await prepareRollingLoad(pair.url);
  const load = startRollingLoad(pair.url, database.connection);
  for (const step of steps.slice(1)) {
    await load.answered(100);
    await pair.roll(step);
  }
  await load.answered(100);
  const { answered, failed, lost, twice } = await load.end();
  expect({ failed, lost, twice }).toEqual({ failed: [], lost: [], twice: [] });
  expect(answered).toBeGreaterThan(steps.length * 100);
  // Every release had its share, in order ended by itself and in time.
  for (const step of steps) expect(pair.dealtTo(step)).toBeGreaterThan(0);
  expect(pair.ended.map(({ code }) => code)).toEqual(Array(2 * (steps.length - 1)).fill(0));
  for (const { tookMs } of pair.ended) expect(tookMs).toBeLessThan(30_000);
  return pair;
}

const versions = async (database: typeof requests) =>
  (await database.db.query<{ version: string }>({ text: "SELECT version FROM landfall.migration ORDER BY name" }))
    .slice(migrations().length)
    .map(({ version }) => version);

test("U01 rolled to the next version and back, under load: no request fails with one retry", async () => {
  const [now, next] = releases;
  await rollThrough("http", requests, [now, next, now]);
  expect(await versions(requests)).toEqual([versionAfter(1)]);
}, 180_000);

test("U01 the same where the balancer deals connections, and where a migration takes away what the version before left behind", async () => {
  const [, next, last] = releases;
  await rollThrough("tcp", connections, [next, last]);
  expect(await versions(connections)).toEqual([versionAfter(1), versionAfter(2), versionAfter(2)]);
  // This version is not adjacent to the last one, and is refused with one line.
  const settings = { DATABASE_URL: connections.url, LANDFALL_MASTER_KEY: masterKey };
  const line = `The database was made by a newer Landfall \\(.*; this is ${thisRelease.version}\\)`;
  await expect(startServer(settings)).rejects.toThrow(
    new RegExp(`ended with ${exitCodes.schema_newer.code}:[^]*\n${line}`),
  );
}, 180_000);

test("U01 a server told to stop says not ready while it still listens, and its connections end with an answer", async () => {
  const server = await startServer({ DATABASE_URL: requests.url, LANDFALL_MASTER_KEY: masterKey, LANDFALL_DRAIN_GRACE_MS: "300" }); // biome-ignore format: one line
  stops.push(() => server.stop("SIGKILL"));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await answerOn(server, agent)).toEqual([200, "keep-alive"]);
  const stopped = server.stop("SIGTERM");
  const seen: string[] = [];
  for (let last = ""; last !== "refused"; ) {
    last = await fetch(`${server.url}/readyz`, { headers: { connection: "close" } }).then(({ status }) => String(status), () => "refused"); // biome-ignore format: one question
    if (last === seen.at(-1)) continue;
    seen.push(last);
    if (last === "503") expect(await answerOn(server, agent)).toEqual([200, "close"]);
  }
  // The signal may still be on its way when the first question is asked.
  expect(seen.filter((word) => word !== "200")).toEqual(["503", "refused"]);
  expect(await stopped).toBe(0);
  agent.destroy();
}, 60_000);

function answerOn(
  server: ServerProcess,
  agent: Agent,
): Promise<[status: number | undefined, connection: string | undefined]> {
  return new Promise((resolve, reject) => {
    request({ agent, host: "127.0.0.1", port: server.port, path: "/livez" }, (answer) => {
      answer.resume().on("end", () => resolve([answer.statusCode, answer.headers.connection]));
    })
      .on("error", reject)
      .end();
  });
}

test("U03 two servers of this version and two of the next start at once on an empty database: each migration once, one admin", async () => {
  const [now, next] = releases;
  const settings = { DATABASE_URL: empty.url, LANDFALL_MASTER_KEY: masterKey, LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_LOG_LEVEL: "warn" }; // biome-ignore format: one line
  const servers = await Promise.all([now, next, now, next].map((release) => startServer(settings, release.root)));
  stops.push(...servers.map((server) => () => server.stop("SIGKILL")));
  const names = servers.flatMap((server) =>
    [...server.output().matchAll(/^Schema .*: (.*)$/gm)].map(([, name]) => name),
  );
  expect(names.sort()).toEqual([...migrations(), ...migrationsAfter(1)].map(({ name }) => name));
  const links = servers.map((server) => setupUrl(server).split("#setup=")[1] as string);
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const body = { secret: links[n % 4], email: `owner${n}@example.com`, password: `a long password ${n}` };
      return call((servers[n % 4] as ServerProcess).url, "POST", "/v1/setup", body, { as: null });
    }),
  );
  expect(made.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  for (const { url } of servers)
    expect((await call(url, "GET", "/v1/setup", undefined, { as: null })).json).toEqual({ needed: false });
}, 120_000);
