// An admin sets up a provider of sign-in in the console: wrong at first, told what is wrong, mended, changed, taken away.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { honestUpstream } from "../../server/auth/upstream.fixture.ts";
import { freePort } from "../support/ports.ts";
import { setupUrl, testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import { expectSound, keepShot, newContext, openPage, shows, type Watched } from "./console-page.ts";

const port = await freePort();
const callback = `http://localhost:${port}/v1/auth/oauth/company/callback`;
const upstream = honestUpstream([callback]);
const server = testServer({ PORT: String(port) });
const providers = "/v1/collections/users/auth/providers";
let browser: Browser;
let state: Parameters<typeof newContext>[1];
let desk: BrowserContext;
const open: Watched[] = [];

beforeAll(async () => {
  const secret = setupUrl(server).split("#setup=")[1];
  const admin = { email: "owner@example.com", password: "correct horse battery" };
  const made = await server.call("POST", "/v1/setup", { secret, ...admin }, { as: null });
  await server.call("PATCH", "/v1/collections/users/auth", { settings: { redirects: ["myapp://auth"] } });
  browser = await launchChromium();
  const localStorage = [{ name: "landfall.session", value: JSON.stringify(made.json) }];
  state = { state: { cookies: [], origins: [{ origin: server.url, localStorage }] } };
  desk = await newContext(browser, state);
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  const complaints = open.flatMap((watched) => watched.complaints);
  await Promise.all(open.splice(0).map(({ page }) => page.close()));
  expect(complaints).toEqual([]);
});

async function visit(path = "/collections/users/providers", context = desk): Promise<Page> {
  const watched = await openPage(context);
  open.push(watched);
  await watched.page.goto(`${server.url}/console${path}`);
  return watched.page;
}

const shown = (page: Page) => shows(page, page.getByRole("heading", { name: "Providers of sign-in" }));
const dialog = (page: Page) => page.getByRole("dialog");
const field = (page: Page, name: string) => dialog(page).getByRole("textbox", { name });
async function choose(page: Page, action: string): Promise<void> {
  await page.getByRole("button", { name: "Actions of company" }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("a provider is added with a wrong secret, which the test names; mended, all is right", async () => {
  const page = await visit();
  await shown(page);
  await page.getByText("Nobody signs in by a provider yet").waitFor();
  await expectSound(page);

  await page.getByRole("button", { name: "Add provider" }).click();
  await dialog(page).getByRole("combobox", { name: "Provider" }).click();
  await page.getByRole("option", { name: "OpenID Connect" }).click();
  await field(page, "Name").first().fill("Company");
  await dialog(page).getByText("Begin with a letter").waitFor();
  await field(page, "Name").first().fill("company");
  await dialog(page).getByText(callback).waitFor();
  await field(page, "Issuer").fill(upstream.issuer);
  await field(page, "Client ID").first().fill("app");
  await dialog(page).locator("input[type=password]").fill("not the secret of the tests");
  await dialog(page).getByRole("combobox", { name: "Name", exact: true }).click();
  await page.getByRole("option", { name: "name" }).click();
  await expectSound(page);
  await keepShot(page, "provider-new-1440-light");
  await dialog(page).getByRole("button", { name: "Add provider" }).click();

  await dialog(page).getByText("Something is wrong.").waitFor();
  await dialog(page).getByText("The secret is not this client's").waitFor();
  await expectSound(page);
  await keepShot(page, "provider-test-1440-light");
  await page.keyboard.press("Escape");

  await choose(page, "Change");
  await dialog(page).locator("input[type=password]").fill("app secret of the tests");
  await dialog(page).getByRole("button", { name: "Save provider" }).click();
  await dialog(page).getByText("Nothing is wrong.").waitFor();
  const { json } = await server.call("GET", `${providers}/company`);
  expect(json).toMatchObject({ preset: "oidc", clientId: "app", fields: { name: "name" }, hasSecret: true });
});

test("switched off it stays, removed it is gone", async () => {
  const page = await visit();
  await shown(page);
  await choose(page, "Change");
  await dialog(page).getByRole("switch", { name: "People may sign in with it" }).click({ force: true });
  await dialog(page).getByRole("button", { name: "Save provider" }).click();
  await dialog(page).getByText("Nothing is wrong.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("cell", { name: "off", exact: true }).waitFor();
  expect((await server.call("GET", "/v1/auth/methods", undefined, { as: null })).json.providers).toEqual([]);
  await choose(page, "Remove");
  await expectSound(page);
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nobody signs in by a provider yet").waitFor();
  expect((await server.call("GET", `${providers}/company`)).status).toBe(404);
});

test("Apple asks for its key file", async () => {
  const page = await visit();
  await page.getByRole("button", { name: "Add provider" }).click();
  await dialog(page).getByRole("combobox", { name: "Provider" }).click();
  await page.getByRole("option", { name: "Apple" }).click();
  await field(page, "Client ID").first().fill("com.example.app.web");
  await field(page, "Team ID").fill("TEAM123456");
  await field(page, "Key ID").fill("KEY1234567");
  await field(page, "Key file").fill("no key at all");
  await dialog(page).getByRole("button", { name: "Add provider" }).click();
  await dialog(page).getByText("Apple's secret is the text of the .p8 file.").waitFor();
  await expectSound(page);
});

test("on a phone, and in the dark", async () => {
  const body = { preset: "google", clientId: "1234567890.apps.googleusercontent.com", clientSecret: "s" };
  await server.call("PUT", `${providers}/google`, body);
  for (const options of [{ width: 360 }, { scheme: "dark" }, { width: 360, scheme: "dark" }] as const) {
    const context = await newContext(browser, { ...state, ...options });
    const page = await visit(undefined, context);
    await shown(page);
    await expectSound(page);
    await page.getByRole("button", { name: "Actions of google" }).click();
    await page.getByRole("menuitem", { name: "Change" }).click();
    await dialog(page).getByText("Redirect address", { exact: true }).waitFor();
    await expectSound(page);
    const name = `provider-change-${"width" in options ? 360 : 1440}-${"scheme" in options ? "dark" : "light"}`;
    await keepShot(page, name);
  }
});

test("collections of other kinds have no such tab", async () => {
  await server.call("POST", "/v1/collections", { name: "posts", fields: [{ name: "title", type: "text" }] });
  const page = await visit("/collections/posts/schema");
  await page.getByRole("link", { name: "Schema" }).waitFor();
  expect(await page.getByRole("link", { name: "Providers" }).count()).toBe(0);
});
