// `npm run screenshots`: every screen of the console with demo data, at 360 and 1440 px, light and dark, into `shots/`
// beside this file, for eyes to review; `-- screens palette keys` takes those alone. `-- readme` makes `docs/console.png`
// anew from all 138,398 cities; `-- brand` draws the raster files of `brand/` from its mark and tokens.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { allCities, type City, collections, countriesOf, ndjson } from "../demo/cities.ts";
import { call, type ServerProcess, startServer } from "../support/server.ts";
import { drawBrand } from "./brand-files.ts";
import { launchChromium } from "./chromium.ts";
import { newContext, shows } from "./console-page.ts";

const shots = join(import.meta.dirname, "shots");
const admin = { email: "owner@example.com", password: "correct horse battery" };
const print = (line: string) => process.stdout.write(`${line}\n`);

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Address, name of its picture, what must be there, and what is done before the picture is taken. */
type Screen = readonly [path: string, name: string, sign: string, act?: (page: Page) => Promise<unknown>];

const screens: readonly Screen[] = [
  ["", "home", "text=Connect your app"],
  ["collections", "collections", "h1:has-text('Collections')"],
  ["new-collection", "new-collection", "text=Who may do what"],
  ["collections/cities/records", "records", ".grid-open >> nth=0"],
  [
    "collections/cities/records?filter=population%20%3E%201000000&sort=-population",
    "records-filtered",
    ".grid-open >> nth=0",
    async (page) => {
      await page
        .getByRole("checkbox", { name: /^Select city/ })
        .first()
        .click();
      await page
        .getByRole("checkbox", { name: /^Select city/ })
        .nth(3)
        .click({ modifiers: ["Shift"] });
    },
  ],
  ["collections/cities/records?record=city-000000", "record", "role=button[name='Delete']"],
  ["collections/cities/records?record=new", "record-new", "role=button[name='Create record']"],
  ["collections/empty/records", "records-empty", "text=No records yet"],
  ["collections/cities/schema", "schema", "role=button[name='Review changes']"],
  [
    "collections/cities/schema",
    "schema-field",
    "role=button[name='Review changes']",
    (page) => page.locator(".field-name").first().click(),
  ],
  ["collections/visits/rules", "rules", "role=textbox[name='List rule']"],
  ["collections/cities/import", "import", "role=heading[name='Import']"],
  ["collections/cities/api", "api", "role=heading[name='List records']"],
  [
    "collections/cities/api",
    "api-typed",
    "role=heading[name='List records']",
    async (page) => {
      await page.locator("label", { hasText: "Typed client" }).click();
      await page.getByText("Set up").waitFor();
    },
  ],
  ["collections/visits/settings", "settings", "role=button[name='Drop visits']"],
  ["keys", "keys", "text=website"],
  ["keys", "key-new", "text=website", (page) => page.getByRole("button", { name: "New key" }).click()],
  ["denials", "denials", "role=link[name=/Open the create rule/] >> nth=0"],
  ["server", "server", "role=heading[name='Server']"],
  ["nowhere", "nowhere", "text=This page does not exist"],
  ["server", "palette", "role=heading[name='Server']", (page) => page.keyboard.press("Control+k")],
  ["server", "shortcuts", "role=heading[name='Server']", (page) => page.keyboard.press("?")],
  ["password", "password", "role=button[name='Change password']"],
];

const looks = [360, 1440].flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme })));
const empty = { name: "empty", kind: "base", fields: [{ name: "title", type: "text" }] };
const [wanted = "screens", ...only] = process.argv.slice(2);
const isWanted = ([, name]: Screen) => only.length === 0 || only.includes(name);
const browser = await launchChromium();
try {
  if (wanted === "brand") await drawBrand(browser);
  else if (wanted === "readme" || wanted === "screens") await withServer((server) => photograph(server, wanted));
  else throw new Error(`Known: screens (the default), readme, brand. Not: ${wanted}`);
} finally {
  await browser.close();
}

/** A server with a database of its own that leaves nothing behind. */
async function withServer(work: (server: ServerProcess) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "lf-shots-"));
  const server = await startServer({ LANDFALL_DATA_DIR: dataDir });
  try {
    await work(server);
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function photograph(server: ServerProcess, what: "readme" | "screens"): Promise<void> {
  mkdirSync(shots, { recursive: true });
  const desk = await newContext(browser);
  if (what === "screens") await firstMinutes(server, desk);
  else await setUp(server, desk);
  const useKey = await fill(server, what === "readme" ? 1 : 40);
  if (what === "screens") await glance(server, [["", "waiting-home", ".waiting"]], await desk.storageState());
  await useKey();
  const state = await desk.storageState();
  if (what === "readme") return picture(server, state);
  for (const look of looks)
    await walk(server, await newContext(browser, { ...look, state }), `${look.width}-${look.scheme}`);
  print(`${shots}: look at them.`);
}

/** Set-up, sign-in and what is empty, as a newcomer sees them. */
async function firstMinutes(server: ServerProcess, desk: BrowserContext): Promise<void> {
  await glance(server, [["setup", "set-up", "role=button[name='Create administrator']"]]);
  await setUp(server, desk);
  await glance(server, [["sign-in", "sign-in", "role=button[name='Sign in']"]]);
  const empty: readonly Screen[] = [
    ["", "first-home", "#content h1"],
    ["keys", "first-keys", "role=button[name='New key']"],
    ["denials", "first-denials", "#content h1"],
  ];
  await glance(server, empty, await desk.storageState());
}

async function glance(server: ServerProcess, some: readonly Screen[], state?: State): Promise<void> {
  for (const look of looks) {
    const context = await newContext(browser, state ? { ...look, state } : look);
    const page = await context.newPage();
    for (const [path, name, sign] of some.filter(isWanted)) {
      await page.goto(`${server.url}/console/${path}`);
      await shows(page, page.locator(sign));
      await page.screenshot({ path: join(shots, `${name}-${look.width}-${look.scheme}.png`) });
    }
    await context.close();
  }
}

async function setUp(server: ServerProcess, desk: BrowserContext): Promise<void> {
  const page = await desk.newPage();
  await page.goto(
    readFileSync(join(server.dataDir, "setup-url"), "utf8")
      .trim()
      .replace(/^.*(?=\/console)/, server.url),
  );
  await page.getByRole("textbox", { name: "E-mail" }).fill(admin.email);
  await page.locator("input[autocomplete=new-password]").fill(admin.password);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.locator("#content").waitFor();
  await page.close();
}

/** Every `step`th city, the countries, some visits, two keys; what is returned uses one of them, and is refused. */
async function fill({ url }: ServerProcess, step: number): Promise<() => Promise<void>> {
  const cities = allCities().filter((_, n) => n % step === 0);
  const visits = cities
    .filter((_, n) => n % 100 === 0)
    .map((city: City, n) => ({ city: city.id, owner: n % 2 === 0 ? "ann" : "bob", on: `2026-0${1 + (n % 9)}-15` }));
  for (const definition of [...collections, ...(step > 1 ? [empty] : [])])
    await must(call(url, "POST", "/v1/collections", definition));
  for (const [name, records] of Object.entries({ countries: countriesOf(cities), cities, visits })) {
    const answer = await fetch(`${url}/v1/collections/${name}/records:import`, {
      method: "POST",
      headers: {
        authorization: `Bearer test-service-key-test-service-key-test`,
        "content-type": "application/x-ndjson",
      },
      body: [...ndjson(records)].join(""),
    });
    if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
  }
  const key = { collections: { "*": ["list", "get", "create"] }, expiresAt: "2027-03-01T00:00:00Z" };
  await must(call(url, "POST", "/v1/api-keys", { ...key, name: "website" }));
  const bot = await must(call(url, "POST", "/v1/api-keys", { ...key, name: "bot", actAs: { id: "ann" } }));
  return async () => {
    for (const owner of ["bob", "eve"]) {
      const visit = { city: cities[0]?.id, owner, on: "2026-10-01" };
      await call(url, "POST", "/v1/collections/visits/records", visit, { as: bot.json.secret });
    }
  };
}

async function must(answer: ReturnType<typeof call>): ReturnType<typeof call> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(text);
  return answer;
}

async function walk(server: ServerProcess, context: BrowserContext, suffix: string): Promise<void> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${server.url}/console/nowhere`);
  await page.locator("main h1").waitFor();
  for (const [path, name, sign, act] of screens.filter(isWanted)) {
    await page.evaluate(`history.pushState({}, "", "/console/nowhere")`);
    await page.getByText("This page does not exist").waitFor();
    await page.evaluate(`history.pushState({}, "", "/console/${path}")`);
    await shows(page, page.locator(sign));
    await act?.(page);
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(shots, `${name}-${suffix}.png`) });
    if (act || path.includes("record=")) await page.reload();
    print(`${name}-${suffix}`);
  }
  await context.close();
}

/** The README's picture: the record grid, filtered and sorted, with a collection's tabs and the numbers below. */
async function picture(server: ServerProcess, state: State): Promise<void> {
  const page = await (await newContext(browser, { state })).newPage();
  // The import took half a minute; a quarter of an hour later all rows say the same.
  await page.clock.setFixedTime(Date.now() + 15 * 60_000);
  const search = new URLSearchParams({
    filter: "population > 1000000 && country.name != 'China'",
    sort: "-population",
  });
  await page.goto(`${server.url}/console/collections/cities/records?${search}`);
  await shows(page, page.getByText("Mumbai"));
  await page.getByRole("button", { name: "Count all" }).click();
  await page.getByText("records in total").waitFor();
  await page.mouse.move(0, 0);
  const file = join(import.meta.dirname, "../../docs/console.png");
  writeFileSync(file, await page.screenshot());
  print(file);
}
