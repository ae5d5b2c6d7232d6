// The first visit to a page in Chromium: nothing cached, what came over the wire, and when the largest part was painted.
import type { Browser, Page } from "playwright-core";
import { median, rounded } from "./rounds.ts";

export interface PageLoad {
  readonly requests: number;
  readonly wireKB: number;
  readonly loadMs: number;
  readonly largestPaintMs: number;
}

// Text, as the tests are compiled without the browser's types.
const timings = `new Promise((resolve) => {
  const load = performance.getEntriesByType("navigation")[0].loadEventEnd;
  new PerformanceObserver((list) => resolve({ load, paint: list.getEntries().at(-1).startTime }))
    .observe({ type: "largest-contentful-paint", buffered: true });
})`;

/** Medians of `rounds` first visits, each in a browser profile of its own. */
export async function pageLoad(browser: Browser, url: string, rounds: number): Promise<PageLoad> {
  const taken: PageLoad[] = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    try {
      taken.push(await visit(await context.newPage(), url));
    } finally {
      await context.close();
    }
  }
  const of = (what: keyof PageLoad, digits = 0) => rounded(median(taken.map((load) => load[what])), digits);
  return { requests: of("requests"), wireKB: of("wireKB", 1), loadMs: of("loadMs"), largestPaintMs: of("largestPaintMs") }; // biome-ignore format: one line
}

async function visit(page: Page, url: string): Promise<PageLoad> {
  const network = await page.context().newCDPSession(page);
  let requests = 0;
  let bytes = 0;
  network.on("Network.requestWillBeSent", ({ request }) => {
    if (!request.url.startsWith("data:")) requests += 1;
  });
  network.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await network.send("Network.enable");
  const answer = await page.goto(url, { waitUntil: "networkidle" });
  if (!answer?.ok()) throw new Error(`${url}: ${answer?.status()}`);
  const { load, paint } = (await page.evaluate(timings)) as { load: number; paint: number };
  return { requests, wireKB: bytes / 1_000, loadMs: load, largestPaintMs: paint };
}
