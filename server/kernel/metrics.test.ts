import { expect, test } from "vitest";
import { createMetrics, observePool, observeReaderLag } from "./metrics.ts";

test("requests, pool and reader lag stand in the text, each asked for when scraped", async () => {
  const metrics = createMetrics();
  const pool = { totalCount: 5, idleCount: 2, waitingCount: 1 };
  observePool(metrics, { pool, waitingCount: 3 } as never);
  let lag = 7;
  observeReaderLag(metrics, async () => new Map([["webhooks", lag]]));
  let shed = 1;
  metrics.counter("landfall_test_total", "Test.", () => shed);
  for (const ms of [3, 30]) metrics.request("getRecord", 200, ms);
  const first = await metrics.text();
  expect(first).toContain('landfall_db_connections{state="busy"} 3');
  expect(first).toContain('landfall_db_connections{state="waiting"} 4');
  expect(first).toContain('landfall_reader_lag_entries{reader="webhooks"} 7');
  expect(first).toContain('landfall_http_request_duration_seconds_count{route="getRecord",status="200"} 2');
  expect(first).toContain("landfall_test_total 1");
  [lag, shed] = [0, 2];
  const second = await metrics.text();
  expect(second).toContain('landfall_reader_lag_entries{reader="webhooks"} 0');
  expect(second).toContain("landfall_test_total 2");
  metrics.stop();
});
