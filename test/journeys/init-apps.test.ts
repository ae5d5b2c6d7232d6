// The apps that `landfall init` makes, used by two people in a browser each.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../browser/chromium.ts";
import { serviceKey, testServer } from "../support/server.ts";
import { clientFolder, install } from "./client/app-project.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "lf-apps-"));
const server = testServer();
const hosts: Server[] = [];
const faults: string[] = [];
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  for (const host of hosts) host.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The template's app, built and served, with its collections on the server; a page of it for each person. */
async function app(template: string, ...people: string[]): Promise<Page[]> {
  const project = join(folder, template);
  const env = { PATH: process.env.PATH ?? "", LANDFALL_URL: server.url, LANDFALL_KEY: serviceKey };
  const node = (...args: string[]) => run(process.execPath, args, { cwd: existsSync(project) ? project : folder, env });
  await node(join(root, "server/bin/landfall.mjs"), "init", project, "--template", template, "--url", server.url);
  install(project);
  await node(join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "error");
  await node(join(clientFolder, "bin/landfall.mjs"), "push");
  const origin = await host(join(project, "dist"));
  const { stdout } = await node("scripts/people.mjs", ...people);
  const links = stdout.trim().split("\n").map((line) => line.replace(/^.*http:\/\/localhost:5173/, origin)); // biome-ignore format: one line
  return Promise.all(links.map(open));
}

async function host(dist: string): Promise<string> {
  const types: Record<string, string> = { js: "text/javascript", css: "text/css", html: "text/html" };
  const files = createServer((request, response) => {
    const file = join(dist, request.url === "/" ? "index.html" : (request.url ?? ""));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[file.split(".").at(-1) ?? ""] }).end(readFileSync(file));
  });
  hosts.push(files);
  await new Promise<void>((resolve) => files.listen(0, "localhost", resolve));
  return `http://localhost:${(files.address() as AddressInfo).port}`;
}

async function open(link: string): Promise<Page> {
  const geolocation = { latitude: 54.3233, longitude: 10.1394 };
  const context = await browser.newContext({ geolocation, permissions: ["geolocation"] });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(link);
  return page;
}

const button = (page: Page, name: string) => page.getByRole("button", { name });

test("tasks: a project is shared, and the other ticks a task off", async () => {
  const [ann, ben] = (await app("tasks", "ann", "ben")) as [Page, Page];
  await ann.getByLabel("New project").fill("Boat");
  await button(ann, "Add project").click();
  ann.on("dialog", (dialog) => void dialog.accept("ben"));
  await button(ann, "Share").click();
  await ann.getByText("Boat ben").waitFor();
  await ben.reload();
  await button(ben, "Open").click();
  await ben.getByLabel("New task").fill("Paint");
  await button(ben, "Add task").click();
  await ben.getByLabel("Paint").click();
  const done = async () => (await server.call("GET", "/v1/collections/tasks/records")).json.items[0]?.done;
  await expect.poll(done, { timeout: 20_000 }).toBe(true);
}, 120_000);

test("social: what is for followers appears with following, and is liked", async () => {
  const [ann, ben] = (await app("social", "ann", "ben")) as [Page, Page];
  await ann.getByLabel("Your name").fill("Ann");
  await button(ann, "Join").click();
  await ann.getByLabel("What is new?").fill("Hello friends");
  await ann.getByLabel("for followers").check();
  await button(ann, "Post").click();
  await ann.getByText("Hello friends").waitFor();
  await ben.getByLabel("Your name").fill("Ben");
  await button(ben, "Join").click();
  await button(ben, "Follow").waitFor();
  expect(await ben.getByText("Hello friends").count()).toBe(0);
  await button(ben, "Follow").click();
  await ben.getByText("Hello friends").waitFor();
  await button(ben, "Like 0").click();
  await button(ben, "Like 1").waitFor();
}, 120_000);

test("field work: a report is sent from the site and accepted by the lead", async () => {
  const [ann, lee] = (await app("field-work", "ann", "lee:lead")) as [Page, Page];
  lee.on("dialog", (dialog) => void dialog.accept("Pier"));
  await button(lee, "Add the site").click();
  await lee.getByText("Pier").waitFor();
  const site = (await server.call("GET", "/v1/collections/sites/records")).json.items[0];
  await server.call("PATCH", `/v1/collections/sites/records/${site.id}`, { crew: ["ann", "lee"] });
  await ann.reload();
  await button(ann, "Report").click();
  await ann.getByLabel("Note").fill("Two planks");
  await button(ann, "Send from here").click();
  await ann.getByText("Two planks").waitFor();
  await lee.reload();
  await button(lee, "Accept").click();
  await lee.getByText("accepted").waitFor();
}, 120_000);

test("no page met an error of its own", () => {
  expect(faults).toEqual([]);
});
