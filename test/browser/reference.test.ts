// The reference in Chromium against a real server: what a stranger sees, what an admin sees, and a call that is tried.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { call, serviceKey, setupUrl, testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import { expectSound, keepShot, newContext, openPage, smallTargets, type Watched } from "./console-page.ts";

const server = testServer();
const open: Watched[] = [];
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
  const fields = [
    { name: "title", type: "text", required: true },
    { name: "likes", type: "integer" },
  ];
  await server.call("POST", "/v1/collections", { name: "posts", fields });
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  const complaints = open.flatMap((watched) => watched.complaints);
  await Promise.all(open.splice(0).map(({ page }) => page.context().close()));
  expect(complaints).toEqual([]);
});

async function visit(context: BrowserContext, address = ""): Promise<Page> {
  const watched = await openPage(context);
  open.push(watched);
  await watched.page.goto(`${server.url}/docs/reference${address}`);
  return watched.page;
}

const operations = (page: Page) => page.getByRole("navigation", { name: "Operations" });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

test("X11 a stranger reads the product's own operations under a policy that allows nothing inline or foreign", async () => {
  const page = await visit(await newContext(browser));
  const answer = await page.reload();
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toContain("unsafe");
  await heading(page, "HTTP API").waitFor();
  await operations(page).getByRole("link", { name: "List records, page by page" }).waitFor();
  expect(await operations(page).getByText("posts").count()).toBe(0);
  await expectSound(page);
  // All that was loaded came from here.
  const origins = await page.evaluate("[...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin))]"); // biome-ignore format: one line
  expect(origins).toEqual([server.url]);
});

test("an operation is found by keyboard, read, and linked to", async () => {
  const page = await visit(await newContext(browser, { scheme: "dark" }));
  await heading(page, "HTTP API").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("records query");
  await operations(page)
    .getByText(/^1 of \d+$/)
    .waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await heading(page, "List records by a query in the body").waitFor();
  expect(page.url()).toContain("#queryRecords");
  await page.getByText("AnyPage").or(page.getByText("nextCursor")).first().waitFor();
  await page.getByText("400: ").click();
  await page.getByRole("link", { name: "cursor_invalid" }).waitFor();
  await expectSound(page);
  await keepShot(page, "reference-operation-dark");
  await page.goBack();
  await heading(page, "HTTP API").waitFor();
});

test("the console's session is used when the reader says so; then a call is tried and answers 200", async () => {
  const context = await newContext(browser);
  const page = await visit(context);
  const secret = new URL(setupUrl(server)).hash.match(/lf_setup_[\w-]+/)?.[0] ?? setupUrl(server).match(/lf_setup_[\w-]+/)?.[0]; // biome-ignore format: one line
  const email = "owner@example.com";
  const signedIn = await call(server.url, "POST", "/v1/setup", { secret, email, password: "correct horse battery" }, { as: null }); // biome-ignore format: one line
  expect(signedIn.status).toBe(201);
  await page.evaluate(`localStorage.setItem("landfall.session", ${JSON.stringify(JSON.stringify(signedIn.json))})`);
  await page.reload();
  await heading(page, "HTTP API").waitFor();
  // Being signed in is no consent.
  expect(await operations(page).getByText("posts").count()).toBe(0);
  await page.getByRole("radio", { name: `${email}, signed in to the console` }).check();
  await operations(page).getByRole("heading", { name: "posts" }).waitFor();
  await keepShot(page, "reference-overview");
  await page.goto(`${server.url}/docs/reference#createPostsRecords`);
  await page.getByRole("button", { name: "Send POST" }).click();
  await page.locator('[data-status="201"]').waitFor();
  await page.goto(`${server.url}/docs/reference#listPostsRecords`);
  await page.getByRole("textbox", { name: "count in query" }).fill("exact");
  await page.getByRole("button", { name: "Send GET" }).click();
  await page.locator('[data-status="200"]').waitFor();
  await page.getByText('"count": 1').waitFor();
  await expectSound(page);
});

test("a key is asked for, kept nowhere, and a wrong one is told", async () => {
  const page = await visit(await newContext(browser));
  await page.getByRole("radio", { name: "an API key" }).check();
  const key = page.getByLabel("API key", { exact: true });
  await key.fill("lf_key_wrong");
  await page.getByRole("button", { name: "Use this key" }).click();
  await page.getByText("The credential is malformed, unknown, expired or revoked.").waitFor();
  await key.fill(serviceKey);
  await page.getByRole("button", { name: "Use this key" }).click();
  await operations(page).getByRole("heading", { name: "posts" }).waitFor();
  expect(await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")).not.toContain(
    serviceKey,
  );
});

test("on a phone the list is a tap away and nothing is wider than the screen", async () => {
  const page = await visit(await newContext(browser, { width: 360 }), "#updateRecord");
  await heading(page, "Change fields of a record").waitFor();
  await expectSound(page);
  await keepShot(page, "reference-phone");
  await page.getByRole("button", { name: "Operations" }).click();
  await expectSound(page);
  expect(await smallTargets(page)).toEqual([]);
  await operations(page).getByRole("link", { name: "Delete a record" }).click();
  await heading(page, "Delete a record").waitFor();
  expect(await operations(page).isVisible()).toBe(false);
});
