// Commit to live reader at about 200 transactions a second, with and without the doorbell, and the idle cost.
import { insertRows, pause, quantile, report, rounded, startBench } from "./support/cluster.ts";

const seconds = 8;
const writers = 8;
const bench = await startBench({ fsync: false });
await bench.db.query(insertRows("captured", 1_000));

const committedAt = new Map<string, number>();
const latencies: number[] = [];
const log = await bench.changeLog();
log.live("bench.latency", (batch) => {
  if (batch.kind !== "entries") return;
  const now = performance.now();
  for (const entry of batch.entries) {
    const at = committedAt.get(String(entry.after?.a));
    if (at !== undefined) latencies.push(now - at);
  }
});

async function write(writer: number, ring: boolean): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  for (let n = 0; performance.now() < until; n += 1) {
    const mark = `${ring}.${writer}.${n}`;
    await bench.db.query({
      text: "UPDATE public.captured SET a = $1 WHERE id = $2",
      values: [mark, `row${writer * 100 + (n % 100) + 1}`],
    });
    committedAt.set(mark, performance.now());
    if (ring) log.ring();
    await pause(((writers * 1_000) / 200) * (0.5 + Math.random()));
  }
}

async function round(ring: boolean) {
  latencies.length = 0;
  const ticks = log.stats().ticks;
  const cpu = bench.cpuSeconds();
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer, ring)));
  await pause(1_000);
  return {
    perSecond: rounded(latencies.length / seconds),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    ticks: log.stats().ticks - ticks,
    postgresCpuMsPerSecond: rounded(((bench.cpuSeconds() - cpu) * 1_000) / (seconds + 1)),
  };
}

const rung = await round(true);
const unheard = await round(false);
const idleFrom = { ticks: log.stats().ticks, cpu: bench.cpuSeconds() };
await pause(5_000);
const idle = {
  ticks: log.stats().ticks - idleFrom.ticks,
  cpuMsPerSecond: rounded(((bench.cpuSeconds() - idleFrom.cpu) * 1_000) / 5),
};
await log.stop();
await bench.stop();
report("latency", { fsync: "off", rung, polledOnly: unheard, idle });
