// Durability under kill -9: of the server beside its Postgres, and of Postgres under the server.
import { afterAll, expect, test } from "vitest";
import { findPostgres } from "../../server/kernel/postgres/binaries.ts";
import { testDatabase } from "../support/database.ts";
import { type KillLoopResult, killLoop, prepareKillLoop } from "../support/kill-loop.ts";
import { postgresUnderKill, serverUnderKill } from "../support/kill-targets.ts";
import { seeded } from "../support/random.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const database = testDatabase();
const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

const options = { writers: 16, acksBetweenMax: 60 };
const quiet = { LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "error" };

/** Nothing lost, torn or twice; and the kills did hit requests under way, or nothing was tested. */
function expectDurable(result: KillLoopResult): void {
  const { lost, torn, duplicated, wrong } = result;
  expect({ lost, torn, duplicated, wrong }).toEqual({ lost: [], torn: [], duplicated: [], wrong: [] });
  expect(result.acked).toBeGreaterThan(result.kills * 10);
  expect(result.unknown).toBeGreaterThan(result.kills);
}

test("K01 20 kill -9 of the server under 16 writers: nothing lost, torn or done twice", async () => {
  const target = await serverUnderKill({ ...quiet, DATABASE_URL: database.url }, database.connection);
  stops.push(target.stop);
  await prepareKillLoop(target.url);
  expectDurable(await killLoop(target, { ...options, kills: 20, random: seeded(1) }));
}, 60_000);

test("K02 kill -9 of Postgres under 16 writers: the server finds back within 10 s, nothing lost, torn or done twice", async () => {
  const server: ServerProcess = await startServer(quiet);
  stops.push(() => server.stop());
  const target = postgresUnderKill(server, findPostgres().major);
  await prepareKillLoop(target.url);
  const result = await killLoop(target, { ...options, kills: 4, random: seeded(2) });
  expectDurable(result);
  expect(result.returnMsMax).toBeLessThan(10_000);
  expect(server.output()).not.toMatch(/"level":60/);
}, 60_000);
