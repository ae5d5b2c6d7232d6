// The leader vanishes without a word: how long until another process ticks, and whether a reader there misses anything.
// Also what one durable tick costs, lease row and commit on disk included.
import type pg from "pg";
import { insertRows, pause, quantile, report, rounded, startBench } from "./support/cluster.ts";

const bench = await startBench({ fsync: true, connections: 12 });
await bench.db.query(insertRows("captured", 1_000));
const gaps: number[] = [];
let written = 0;
const seen = new Set<string>();
const until = async (condition: () => boolean) => {
  while (!condition()) await pause(1);
};
const update = async () => {
  written += 1;
  await bench.db.query({
    text: "UPDATE public.captured SET a = $1 WHERE id = $2",
    values: [`w${written}`, `row${written}`],
  });
};

const follower = await bench.changeLog();
follower.live("bench.failover", (batch) => {
  if (batch.kind === "entries") for (const entry of batch.entries) seen.add(String(entry.after?.a));
});
for (let round = 0; round < 4; round += 1) {
  // A leader whose connection dies and which can open no other: a process that was killed.
  let dead = false;
  let client: pg.Client | undefined;
  const doomed = await bench.changeLog({}, async () => {
    if (dead) throw new Error("killed");
    client = await bench.connect();
    return client;
  });
  while (!doomed.stats().leading) {
    await bench.db.query({ text: "UPDATE landfall.leader SET until = '-infinity', holder = NULL" });
    doomed.ring();
    await pause(20);
  }
  await update();
  await until(() => seen.has(`w${written}`));
  dead = true;
  await client?.end();
  const start = performance.now();
  await update();
  await until(() => seen.has(`w${written}`));
  gaps.push(performance.now() - start);
  await doomed.stop();
}
await until(() => follower.stats().leading);
const costs: number[] = [];
for (let n = 0; n < 200; n += 1) {
  const { tick } = follower.head();
  await update();
  const start = performance.now();
  follower.ring();
  await until(() => follower.head().tick > tick);
  costs.push(performance.now() - start);
}
await until(() => seen.has(`w${written}`));
await follower.stop();
await bench.stop();
report("failover", {
  fsync: "on",
  leaseMs: 3_000,
  takeoverMs: gaps.map(rounded),
  missed: written - seen.size,
  ringToTickP50Ms: quantile(costs, 0.5),
  ringToTickP99Ms: quantile(costs, 0.99),
});
