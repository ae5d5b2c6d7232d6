// The docs in Chromium, served by a real server under its policy: every page in both schemes and at both widths, the search by
// keyboard, and what a reader does with code.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { readLibrary } from "../../docs/site/library.ts";
import { testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import { expectSound, newContext, openPage, type PageOptions, type Watched } from "./console-page.ts";

const server = testServer();
const { pages } = readLibrary();
/** Of what is pressed, and not a link within a text, whatever a finger would miss. */
const lowControls = `[...document.querySelectorAll("header button, header a, .copy, .neighbours a")]
  .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < 43.5)
  .map((control) => control.textContent)`;
/** Code that runs under the button that copies it. */
const coveredCode = `[...document.querySelectorAll("figure.code:has(> .copy)")].filter((figure) => {
  const box = figure.querySelector("pre").getBoundingClientRect();
  const button = figure.querySelector(".copy").getBoundingClientRect();
  return box.right > button.left && box.left < button.right && box.top < button.bottom && box.bottom > button.top;
}).map((figure) => figure.textContent.slice(0, 60))`;
/** Code, wide tables, translations, long text. */
const everyKind = [
  "start/ship-an-app",
  "functions",
  "coming-from/firebase",
  "protocol/expressions",
  "guides/going-live",
];
let browser: Browser;
const open: Watched[] = [];

beforeAll(async () => {
  browser = await launchChromium();
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  const complaints = open.flatMap((watched) => watched.complaints);
  await Promise.all(open.splice(0).map(({ page }) => page.context().close()));
  expect(complaints).toEqual([]);
});

async function visit(path: string, options: PageOptions = {}) {
  const watched = await openPage(await newContext(browser, options));
  open.push(watched);
  await watched.page.goto(`${server.url}${path}`);
  return watched.page;
}

test.each([
  [1440, "light"],
  [1440, "dark"],
  [360, "light"],
  [360, "dark"],
] as const)("pages of every kind are sound at %i px in the %s", async (width, scheme) => {
  const page = await visit("/docs", { width, scheme });
  await expectSound(page);
  for (const path of width === 360 && scheme === "dark" ? everyKind : everyKind.slice(0, 2)) {
    await page.goto(`${server.url}/docs/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await expectSound(page);
    expect(await page.evaluate(coveredCode)).toEqual([]);
    if (width === 360) expect(await page.evaluate(lowControls)).toEqual([]);
  }
});

test("no page is wider than a small screen, and each marks itself in the side bar", async () => {
  const page = await visit("/docs", { width: 360 });
  for (const { url } of pages) {
    await page.goto(server.url + url, { waitUntil: "domcontentloaded" });
    expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"), url).toBeLessThanOrEqual(0);
    expect(await page.locator("#pages [aria-current=page]").getAttribute("href"), url).toBe(url);
  }
});

test("the search is opened, asked and followed by keyboard; an error code and a setting are found", async () => {
  const page = await visit("/docs");
  for (const [asked, heading, address] of [
    ["record_version_conflict", "record_version_conflict", "/docs/errors#record_version_conflict"],
    ["LANDFALL_DATA_DIR", "Configuration › Data", "/docs/config#data"],
  ] as const) {
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: "Search the docs" }).fill(asked);
    await page.getByRole("option", { name: heading }).first().waitFor();
    await expectSound(page);
    // The hit asked for need not be the first.
    const hits = await page.getByRole("option").allTextContents();
    const at = hits.findIndex((text) => text.includes(heading));
    expect(at).toBeLessThan(3);
    for (let down = 0; down < at; down++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.url}${address}`);
    // The heading is below the bar, not under it.
    const top = `document.getElementById(location.hash.slice(1)).getBoundingClientRect().top - document.querySelector("header").getBoundingClientRect().bottom`;
    expect(await page.evaluate(top)).toBeGreaterThanOrEqual(0);
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search the docs" }).fill("qqqqzzzz");
  await page.getByText("Nothing about “qqqqzzzz”.").waitFor();
  await page.keyboard.press("Escape");
  expect(await page.locator("dialog[open]").count()).toBe(0);
});

test("an address without a page says so, and its search begins with the address's words", async () => {
  const page = await visit("/docs/guide/backups.html");
  await page.getByRole("heading", { name: "No page here" }).waitFor();
  await expectSound(page);
  expect(await page.locator("#pages [aria-current]").count()).toBe(0);
  await page.getByRole("button", { name: "Search for it" }).press("Enter");
  expect(await page.getByRole("combobox", { name: "Search the docs" }).inputValue()).toBe("backups");
  await page.getByRole("option", { name: "Backup and restore" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/docs/guide/"));
});

test("code is copied as it stands", async () => {
  const page = await visit("/docs/start/ship-an-app");
  const figure = page.locator("figure.code").filter({ hasText: "createClient" });
  await figure.getByRole("button", { name: "Copy this code" }).click();
  await figure.getByText("Copied").waitFor();
  const copied = await page.evaluate("navigator.clipboard.readText()");
  expect(copied).toBe(await figure.locator("code").textContent());
});

test("the reader's choice of colours holds on the next page", async () => {
  const page = await visit("/docs", { scheme: "light" });
  await page.getByRole("button", { name: "Use dark colours" }).click();
  await page.goto(`${server.url}/docs/glossary`);
  await page.getByRole("button", { name: "Use light colours" }).waitFor();
  expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("dark");
  await expectSound(page);
});

test("on a small screen the pages are a tap away, and the tap leads on", async () => {
  const page = await visit("/docs", { width: 360 });
  await page.getByRole("button", { name: "Pages" }).click();
  await page.locator("#pages").getByRole("link", { name: "Rules", exact: true }).click();
  await page.waitForURL(`${server.url}/docs/guides/rules`);
  await page.getByRole("link", { name: /^Next/ }).click();
  await page.waitForURL((url) => url.pathname !== "/docs/guides/rules" && url.pathname.startsWith("/docs/"));
});

test("without scripts everything but search, copying and colours is there", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${server.url}/docs/guides/rules`);
  await page.getByRole("button", { name: "Pages" }).click();
  expect(await page.locator("#pages").getByRole("link", { name: "Errors", exact: true }).isVisible()).toBe(true);
  expect(await page.getByRole("button", { name: /Search|colours|Copy/ }).count()).toBe(0);
  await context.close();
});

test("the addresses of before this site are answered", async () => {
  for (const path of ["/docs/", "/docs/index.html", "/docs/errors", "/docs/errors.html", "/docs/protocol/http.html"]) {
    const { status, text } = await server.call("GET", path, undefined, { as: null });
    expect([path, status]).toEqual([path, 200]);
    expect(text).toContain("<!doctype html>");
  }
});
