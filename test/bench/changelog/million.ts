// One transaction of 1,000,000 rows, read in pages by a live reader: time, and how far memory grows.
import { insertRows, pause, report, rounded, startBench } from "./support/cluster.ts";

const rows = Number(process.argv[2] ?? 1_000_000);
const bench = await startBench({ fsync: false });
const log = await bench.changeLog();
// The same road once with 20,000 rows, so that what is measured is the size of the transaction, not the start of the program.
const warmUp = log.head();
await bench.db.query(insertRows("captured", 20_000));
await pause(1_000);
let warm = await log.read(warmUp);
while (warm.kind === "entries" && warm.more) warm = await log.read(warm.cursor);

let [entries, bytesMax, pages, lastSeq, disordered] = [0, 0, 0, 0, 0];
const cursor = log.head();
globalThis.gc?.();
const before = process.memoryUsage();
const sample = () => {
  const now = process.memoryUsage();
  const grown = now.rss - before.rss;
  if (grown > bytesMax) bytesMax = grown;
};
const started = performance.now();
await bench.db.transaction(
  (tx) =>
    tx.query({
      text: insertRows("captured", rows + 20_000).text.replace("generate_series(1,", "generate_series(20001,"),
    }),
  {
    tags: { actor: "bench", request: "bench", bulk: true },
  },
);
const written = performance.now();
log.ring();
while (log.head().tick === cursor.tick) await pause(5);
const ticked = performance.now();
let at = cursor;
for (let more = true; more; pages += 1) {
  const batch = await log.read(at);
  if (batch.kind !== "entries") throw new Error(batch.reason);
  for (const { seq } of batch.entries) {
    if (seq <= lastSeq) disordered += 1;
    lastSeq = seq;
  }
  entries += batch.entries.length;
  ({ cursor: at, more } = batch);
  sample();
}
const readMs = performance.now() - ticked;
await log.stop();
await bench.stop();
report("million", {
  rows,
  entries,
  disordered,
  pages,
  writeMs: rounded(written - started),
  tickMs: rounded(ticked - written),
  readMs: rounded(readMs),
  msPerPage: rounded(readMs / pages),
  memoryGrowthMiB: rounded(bytesMax / 2 ** 20),
});
