import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { createRequestHistogram } from "./request-histogram.ts";

test("the text is what prom-client would write for the same observations", async () => {
  const registry = new Registry();
  const theirs = new Histogram({
    name: "landfall_http_request_duration_seconds",
    help: "Time from the first byte of a request to its answer, by route.",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  const ours = createRequestHistogram();
  // Powers of two: sums are exact in seconds and in milliseconds.
  for (const [route, status, ms] of [
    ["getRecord", 200, 0],
    ["getRecord", 200, 1],
    ["getRecord", 200, 2.5],
    ["getRecord", 404, 15.625],
    ["/livez", 200, 31.25],
    ["getRecord", 200, 20_000],
    ["none", 503, 10_000],
  ] as const) {
    theirs.observe({ route, status: String(status) }, ms / 1_000);
    ours.observe(route, status, ms);
  }
  expect(sorted(ours.text())).toEqual(sorted(await registry.metrics()));
});

const sorted = (text: string) => text.trim().split("\n").sort();
