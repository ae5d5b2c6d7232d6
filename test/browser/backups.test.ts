// An admin's night in the console: take a backup, rehearse it, carry it off, restore what was carried off, and mend what went wrong.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { masterKey, setupUrl, testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import { expectSound, keepShot, newContext, openPage, shows, type Watched } from "./console-page.ts";

const admin = { email: "owner@example.com", password: "correct horse battery" };
const landfall = join(import.meta.dirname, "../../server/bin/landfall.mjs");
const server = testServer({ LANDFALL_MASTER_KEY: masterKey });
const elsewhere = testDatabase({ empty: true });
const folder = mkdtempSync(join(tmpdir(), "lf-carried-"));
let browser: Browser;
let desk: BrowserContext;
const open: Watched[] = [];

beforeAll(async () => {
  const secret = setupUrl(server).split("#setup=")[1];
  const made = await server.call("POST", "/v1/setup", { secret, ...admin }, { as: null });
  const definition = { name: "posts", fields: [{ name: "title", type: "text" }], rules: {} };
  expect((await server.call("POST", "/v1/collections", definition)).status).toBe(201);
  const records = ["first", "second"].map((title) => ({ title }));
  expect((await server.call("POST", "/v1/collections/posts/records", records)).status).toBe(201);
  browser = await launchChromium();
  const localStorage = [{ name: "landfall.session", value: JSON.stringify(made.json) }];
  desk = await newContext(browser, { state: { cookies: [], origins: [{ origin: server.url, localStorage }] } });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  const complaints = open.flatMap((watched) => watched.complaints);
  await Promise.all(open.splice(0).map(({ page }) => page.close()));
  expect(complaints).toEqual([]);
});

async function visit(context = desk): Promise<Page> {
  const watched = await openPage(context);
  open.push(watched);
  await watched.page.goto(`${server.url}/console/backups`);
  await shows(watched.page, watched.page.getByRole("heading", { name: "Backups", exact: true }));
  watched.page.setDefaultTimeout(30_000);
  return watched.page;
}

const rows = (page: Page) => page.locator("tbody tr");

async function choose(page: Page, action: string): Promise<void> {
  await rows(page).first().getByRole("button").click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("a backup is taken while nobody looks, rehearsed, downloaded, and restored by the command", async () => {
  const page = await visit();
  await page.getByText("Nothing is scheduled").waitFor();
  await expectSound(page);
  await page.getByRole("button", { name: "Take a backup" }).click();
  await page.getByText(/is taken$/).waitFor();
  // The work is the server's: whoever looks later finds it.
  await page.reload();
  await rows(page).first().getByText("by hand").waitFor();
  await rows(page).first().getByText("never").waitFor();

  await choose(page, "Rehearse its restore");
  await page.getByText(/is whole: restored, compared, dropped$/).waitFor();
  await rows(page).first().getByText("whole").waitFor();
  await choose(page, "What the rehearsal found");
  await page.getByText("every table came back equal").waitFor();
  await expectSound(page);
  await page.keyboard.press("Escape");
  await keepShot(page, "backups-1440-light");

  await choose(page, "Download");
  await page.locator("input[type=password]").fill("a wrong password");
  await page.getByRole("button", { name: /^Download \d/ }).click();
  await page.getByText("The current password is wrong.").waitFor();
  await expectSound(page);
  await page.locator("input[type=password]").fill(admin.password);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /^Download \d/ }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^by-hand-\d{8}T\d{6}Z\.lfbackup$/);
  const file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  expect(readFileSync(file).equals(readFileSync(join(server.dataDir, "backups", download.suggestedFilename())))).toBe(
    true,
  );

  const restored = spawnSync(process.execPath, [landfall, "restore", file], {
    env: {
      ...process.env,
      DATABASE_URL: elsewhere.url,
      LANDFALL_DATA_DIR: join(folder, "data"),
      LANDFALL_MASTER_KEY: masterKey,
    },
    encoding: "utf8",
  });
  expect(restored.status, restored.stderr).toBe(0);
  const back = await elsewhere.db.query<{ title: string }>({ text: "SELECT title FROM public.posts ORDER BY title" });
  expect(back.map(({ title }) => title)).toEqual(["first", "second"]);
}, 180_000);

test("what is wrong is said: a damaged file, a backup that fails, and one that another admin stops", async () => {
  const page = await visit();
  const name = ((await server.call("GET", "/v1/backups")).json.items as { name: string }[])[0]?.name as string;
  const path = join(server.dataDir, "backups", name);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  writeFileSync(path, bytes);
  await choose(page, "Rehearse its restore");
  await page.getByText(`The rehearsal of ${name} did not succeed`).waitFor();
  await rows(page).first().getByText("faulty").waitFor();
  await expectSound(page);

  // Whoever alters a table keeps the backup waiting for its lock.
  await server.database.db.transaction(async (tx) => {
    await tx.query({ text: "LOCK TABLE public.posts IN ACCESS EXCLUSIVE MODE" });
    await page.getByRole("button", { name: "Take a backup" }).click();
    await page.getByRole("status").getByText("Taking a backup").waitFor();
    expect(await page.getByRole("button", { name: "Take a backup" }).isDisabled()).toBe(true);
    await expectSound(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped. Nothing was kept.").waitFor();
  });
  expect(await rows(page).count()).toBe(1);
}, 180_000);

test("by keyboard alone, on a phone in the dark: reached, deleted with a word on what is lost", async () => {
  const context = await newContext(browser, { width: 360, scheme: "dark", state: await desk.storageState() });
  const page = await visit(context);
  await expectSound(page);
  await keepShot(page, "backups-360-dark");
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("b");
  await page.getByRole("heading", { name: "Backups", exact: true }).waitFor();
  const actions = rows(page).first().getByRole("button");
  await actions.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("It is the only backup on this server.").waitFor();
  await expectSound(page);
  await page.getByRole("button", { name: "Delete the backup" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("No backups yet").waitFor();
  await context.close().catch(() => {});
}, 120_000);
