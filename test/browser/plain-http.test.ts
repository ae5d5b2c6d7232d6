// Console, docs and reference at a plain http address that is not loopback, as a phone or a colleague opens them with
// `npm start -- --lan`. Browsers take away there what they keep for secure contexts: the clipboard, `crypto.randomUUID` and
// `crypto.subtle`, locks, service workers. All that a page offers works without.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import { newContext, openPage, type Watched } from "./console-page.ts";

const server = testServer();
const secureOnly = `[isSecureContext, "clipboard" in navigator, "randomUUID" in crypto, "subtle" in crypto]`;
let browser: Browser;
let context: BrowserContext;
const open: Watched[] = [];

beforeAll(async () => {
  browser = await launchChromium(["--host-resolver-rules=MAP landfall.lan 127.0.0.1"]);
  context = await newContext(browser);
  const fields = [{ name: "title", type: "text" }];
  const made = await server.call("POST", "/v1/collections", { name: "notes", fields });
  expect(made.status, made.text).toBe(201);
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  // Chromium says of each page that this header is kept for secure contexts.
  const complaints = open.flatMap((watched) => watched.complaints.filter((text) => !text.includes("Opener-Policy")));
  await Promise.all(open.splice(0).map(({ page }) => page.close()));
  expect(complaints).toEqual([]);
});

async function visit(path: string): Promise<Page> {
  const watched = await openPage(context);
  open.push(watched);
  await watched.page.goto(`http://landfall.lan:${server.port}${path}`);
  expect(await watched.page.evaluate(secureOnly)).toEqual([false, false, false, false]);
  return watched.page;
}

/** What a person would paste now. */
async function pasted(): Promise<string> {
  const page = await context.newPage();
  await page.setContent("<textarea autofocus></textarea>");
  await page.locator("textarea").press("Control+v");
  const text = await page.locator("textarea").inputValue();
  await page.close();
  return text;
}

test("the first admin is made, and a file imported whose import has an id of its own", async () => {
  const setupUrl = new URL(readFileSync(join(server.dataDir, "setup-url"), "utf8").trim());
  const page = await visit(setupUrl.href.slice(setupUrl.origin.length));
  await page.getByRole("textbox", { name: "E-mail" }).fill("owner@example.com");
  await page.locator("input[autocomplete=new-password]").fill("correct horse battery");
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.getByText("notes").first().waitFor();
  await page.goto(`http://landfall.lan:${server.port}/console/collections/notes/import`);
  const buffer = Buffer.from('{"id":"n1","title":"one"}\n{"id":"n2","title":"two"}\n');
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "notes.ndjson", mimeType: "application/x-ndjson", buffer });
  await page.getByRole("button", { name: "Start import" }).click();
  await page.getByText("Finished: 2 records imported").waitFor();
  expect((await server.call("GET", "/v1/collections/notes/records?count=exact")).json.count).toBe(2);
});

test("a key's secret, a record's id and chosen records are copied", async () => {
  const page = await visit("/console/keys");
  await page.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("phone");
  await dialog.getByRole("button", { name: "Create key" }).click();
  const secret = dialog.getByRole("textbox", { name: "Secret" });
  await secret.waitFor();
  const copy = dialog.getByRole("button", { name: "Copy" });
  await copy.click();
  await dialog.locator(".tabler-icon-check").waitFor();
  expect(await pasted()).toBe(await secret.inputValue());
  await page.locator(":focus").and(copy).waitFor();
  await dialog.getByRole("button", { name: "I have copied it" }).click();

  await page.goto(`http://landfall.lan:${server.port}/console/collections/notes/records`);
  await page.getByRole("button", { name: "Copy id n1" }).click();
  await expect.poll(pasted).toBe("n1");
  await page.getByRole("checkbox", { name: "Select n2" }).check();
  await page.getByRole("button", { name: "Copy as JSON" }).click();
  await page.getByText(/1 record copied/).waitFor();
  expect(JSON.parse(await pasted())).toMatchObject([{ id: "n2", title: "two" }]);
});

test("code in the docs and the reference is copied", async () => {
  const docs = await visit("/docs/start/ship-an-app");
  const figure = docs.locator("figure.code").first();
  await figure.getByRole("button", { name: "Copy this code" }).click();
  await figure.getByRole("button", { name: "Copied" }).waitFor();
  expect(await pasted()).toBe(await figure.locator("code").textContent());

  const reference = await visit("/docs/reference#updateRecord");
  const example = reference
    .locator("figure.code")
    .filter({ has: reference.locator("button.copy") })
    .first();
  await example.getByRole("button", { name: "Copy this code" }).click();
  await example.getByRole("button", { name: "Copied" }).waitFor();
  expect(await pasted()).toBe(await example.locator("code").textContent());
});
