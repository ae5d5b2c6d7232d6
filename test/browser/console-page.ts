// A page of the console under watch: whatever the browser complains about, and whatever axe finds, fails the test.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Scripts for the page are text: the tests are compiled without the browser's types.
const reportViolations = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI));`;
const widerThanScreen = "document.documentElement.scrollWidth - window.innerWidth";
/** Violations alone: what passed is not worth collecting. */
const runAxe = `axe.run({ resultTypes: ["violations"] })`;
const stillLoading = ".mantine-Skeleton-root, .mantine-Loader-root, [aria-label='Loading more']";
const keepShots = process.env.LANDFALL_SHOTS !== undefined;

export interface Watched {
  readonly page: Page;
  /** Console errors, uncaught errors and policy violations so far. */
  readonly complaints: readonly string[];
}

export interface PageOptions {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  /** What the browser keeps for the console, as `storageState()` gave it. */
  readonly state?: Awaited<ReturnType<BrowserContext["storageState"]>>;
}

export function newContext(browser: Browser, options: PageOptions = {}): Promise<BrowserContext> {
  const { width = 1440, scheme = "light", state } = options;
  return browser.newContext({
    viewport: { width, height: width < 600 ? 740 : 900 },
    colorScheme: scheme,
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    ...(state ? { storageState: state } : {}),
  });
}

/** Pages of one context share what is cached and kept, as tabs do. */
export async function openPage(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused request is the server's word on what the test asked for; everything else at these levels is ours.
    const isRefusal = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isRefusal) complaints.push(message.text());
  });
  await page.addInitScript(reportViolations);
  return { page, complaints };
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Another screen of a console that is loaded already, as a click on a link opens it; `sign` stands on no other screen. */
export async function turnTo(page: Page, address: string, sign: Locator): Promise<void> {
  await page.evaluate(`history.pushState({}, "", ${JSON.stringify(address)})`);
  await shows(page, sign);
}

/** Until the screen is there and nothing on it is still loading. */
export async function shows(page: Page, sign: Locator): Promise<void> {
  await sign.first().waitFor();
  // A page under a policy without eval: asked from here, again and again.
  const until = Date.now() + 15_000;
  while ((await page.locator(stillLoading).count()) > 0) {
    if (Date.now() > until) throw new Error(`${page.url()} is still loading.`);
    await page.waitForTimeout(20);
  }
}

/** Nothing for axe to find, nothing wider than the screen. */
export async function expectSound(page: Page): Promise<void> {
  const result = (await page.evaluate(`${axeSource};${runAxe}`)) as AxeResult;
  expect(result.violations.map(({ id, nodes }) => [id, nodes[0]?.html.slice(0, 200)])).toEqual([]);
  const overflow = (await page.evaluate(widerThanScreen)) as number;
  expect(overflow, "the page is wider than the screen").toBeLessThanOrEqual(0);
}

/**
 * What a finger would miss: controls lower than 44 px, counting the cell or the line that belongs to a box and what an
 * icon button catches around itself. Links within a sentence are not meant.
 */
const findSmall = `[...document.querySelectorAll("button, a, input, [role=option]")]
  .filter((control) => control.checkVisibility() && !control.closest(".skip, [aria-hidden=true]"))
  .filter((control) => {
    const line = control.closest(".pick, .mantine-Checkbox-root, .mantine-Radio-root, .mantine-Input-wrapper") ?? control;
    const around = parseFloat(getComputedStyle(control, "::after").height) || 0;
    return Math.max(line.getBoundingClientRect().height, around) < 43.5;
  })
  .map((control) => (control.getAttribute("aria-label") ?? control.textContent) + " " + control.className)`;

export async function smallTargets(page: Page): Promise<readonly string[]> {
  return (await page.evaluate(findSmall)) as string[];
}

/** For eyes only: `LANDFALL_SHOTS=1` keeps a picture of every screen in `shots/`. */
export async function keepShot(page: Page, name: string): Promise<void> {
  if (keepShots) await page.screenshot({ path: join(import.meta.dirname, "shots", `${name}.png`) });
}
