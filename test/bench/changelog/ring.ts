// TRUNCATE of ring slots under load: how long writers and readers wait while slots are turned and emptied all the time.
import { insertRows, pause, quantile, report, startBench } from "./support/cluster.ts";

const [seconds, writers] = [6, 8];
const bench = await startBench({ fsync: true, connections: 12 });
await bench.db.query(insertRows("captured", 1_000));
const log = await bench.changeLog({ retentionMs: 400, bytesMax: 1 });
let delivered = 0;
let resyncs = 0;
log.live("bench.ring", (batch) => {
  if (batch.kind === "entries") delivered += batch.entries.length;
  else resyncs += 1;
});

async function round(trimming: boolean) {
  const waits: number[] = [];
  const upkeep: number[] = [];
  const deadline = performance.now() + seconds * 1_000;
  const truncated = async () =>
    (await bench.db.query<{ n: number }>({ text: `SELECT "oldestTick" AS n FROM landfall.epoch` }))[0]?.n ?? 0;
  const before = await truncated();
  const write = async (writer: number) => {
    for (let n = 0; performance.now() < deadline; n += 1) {
      const start = performance.now();
      await bench.db.query({
        text: "UPDATE public.captured SET a = $1 WHERE id = $2",
        values: [`${trimming}${n}`, `row${writer * 100 + (n % 100) + 1}`],
      });
      waits.push(performance.now() - start);
      log.ring();
    }
  };
  const trim = async () => {
    while (trimming && performance.now() < deadline) {
      const start = performance.now();
      await log.maintain();
      upkeep.push(performance.now() - start);
      await pause(100);
    }
  };
  await Promise.all([trim(), ...Array.from({ length: writers }, (_, writer) => write(writer))]);
  return {
    updatesPerSecond: Math.round(waits.length / seconds),
    p50Ms: quantile(waits, 0.5),
    p99Ms: quantile(waits, 0.99),
    maxMs: quantile(waits, 1),
    updates: waits.length,
    ...(trimming
      ? { upkeeps: upkeep.length, upkeepP50Ms: quantile(upkeep, 0.5), ticksTrimmed: (await truncated()) - before }
      : {}),
  };
}

const quiet = await round(false);
const trimmed = await round(true);
await pause(1_000);
await log.stop();
await bench.stop();
report("ring", {
  fsync: "on",
  quiet,
  trimmed,
  delivered,
  missing: quiet.updates + trimmed.updates - delivered,
  resyncs,
});
