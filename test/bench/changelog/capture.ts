// What capture costs the server: CPU per change against no trigger and against the stamp (nextval) alone, and log bytes.
import { insertRows, quantile, report, rounded, startBench } from "./support/cluster.ts";

const [rows, perRound, rounds, writers] = [20_000, 6_000, 5, 8];
const bench = await startBench({ fsync: false });
const tables = ["plain", "stamped", "captured"] as const;
for (const table of tables) await bench.db.query(insertRows(table, rows));

/** CPU in microseconds per single-row update through the pool. */
async function updates(table: string, round: number): Promise<number> {
  const before = bench.cpuSeconds();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = writer; n < perRound; n += writers) {
        const values = [`round${round}.${n}`, `row${(n * 7) % rows}`];
        await bench.db.query({ name: `u_${table}`, text: `UPDATE public.${table} SET a = $1 WHERE id = $2`, values });
      }
    }),
  );
  return ((bench.cpuSeconds() - before) * 1e6) / perRound;
}

async function bulk(table: string, round: number): Promise<number> {
  const before = bench.cpuSeconds();
  for (let n = 0; n < 10; n += 1) {
    const text = `UPDATE public.${table} SET a = '${round}.${n}' WHERE n BETWEEN ${n * 1_000 + 1} AND ${n * 1_000 + 1_000}`;
    await bench.db.transaction((tx) => tx.query({ text }), { tags: { actor: "bench", request: "bench" } });
  }
  return ((bench.cpuSeconds() - before) * 1e6) / 10_000;
}

const size = async () => {
  const relations = "SELECT 'landfall.change_' || s AS r FROM generate_series(0, 15) s";
  const [row] = await bench.db.query<{ bytes: number }>({
    text: `SELECT sum(pg_total_relation_size(r::regclass))::int8 AS bytes FROM (${relations}) x`,
  });
  return row?.bytes ?? 0;
};

const cpu: Record<string, number[]> = {};
const note = (name: string, value: number) => {
  cpu[name] = [...(cpu[name] ?? []), value];
};
const [bytesBefore, [entries]] = [
  await size(),
  await bench.db.query<{ n: number }>({ text: "SELECT count(*) AS n FROM landfall.change" }),
];
// Interleaved, so that whatever else the machine does meets all alike.
for (let round = 0; round < rounds; round += 1) for (const table of tables) note(table, await updates(table, round));
const [after] = await bench.db.query<{ n: number }>({ text: "SELECT count(*) AS n FROM landfall.change" });
const bytesPerUpdate = ((await size()) - bytesBefore) / ((after?.n ?? 0) - (entries?.n ?? 0));
for (let round = 0; round < 3; round += 1) {
  note("bulkPlain", await bulk("plain", round));
  note("bulkCaptured", await bulk("captured", round));
}
await bench.stop();
const median = Object.fromEntries(Object.entries(cpu).map(([name, values]) => [name, quantile(values, 0.5)]));
report("capture", {
  cpuMicrosecondsPerUpdate: median,
  captureAdds: rounded((median.captured ?? 0) - (median.plain ?? 0)),
  nextvalAndStampAdd: rounded((median.stamped ?? 0) - (median.plain ?? 0)),
  logBytesPerUpdateOf300ByteRow: rounded(bytesPerUpdate),
});
