// The console in Chromium against a real server: the newcomer's way from set-up to a key, and what must hold on the way.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";
import {
  expectSound,
  keepShot,
  newContext,
  openPage,
  shows,
  smallTargets,
  turnTo,
  type Watched,
} from "./console-page.ts";

const admin = { email: "owner@example.com", password: "correct horse battery" };
const landfall = join(import.meta.dirname, "../../server/bin/landfall.mjs");
const server = testServer();
let browser: Browser;
/** Where the admin works: signed in by the first test. */
let desk: BrowserContext;
const open: Watched[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  desk = await newContext(browser);
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  const complaints = open.flatMap((watched) => watched.complaints);
  await Promise.all(open.splice(0).map(({ page }) => page.close()));
  expect(complaints).toEqual([]);
});

async function visit(path: string, context: BrowserContext = desk): Promise<Page> {
  const watched = await openPage(context);
  open.push(watched);
  await watched.page.goto(`${server.url}/console${path}`);
  return watched.page;
}

/** A collection with records, made behind the console's back. */
async function collection(name: string, records: readonly object[], rules: object = {}): Promise<void> {
  const fields = [
    { name: "title", type: "text" },
    { name: "likes", type: "integer" },
  ];
  expect((await server.call("POST", "/v1/collections", { name, fields, rules })).status).toBe(201);
  if (records.length > 0)
    expect((await server.call("POST", `/v1/collections/${name}/records`, records)).status).toBe(201);
}

const main = (page: Page) => page.getByRole("main");
const dialog = (page: Page) => page.getByRole("dialog");
const filter = (page: Page) => page.getByRole("textbox", { name: "Filter" });

describe("the newcomer's way", () => {
  test("set-up makes the first admin and signs in; the secret leaves the address", async () => {
    const setupUrl = readFileSync(join(server.dataDir, "setup-url"), "utf8").trim();
    const page = await visit(setupUrl.slice(setupUrl.indexOf("/console") + "/console".length));
    await page.getByRole("textbox", { name: "E-mail" }).fill(admin.email);
    expect(page.url()).not.toContain("lf_setup_");
    await page.locator("input[autocomplete=new-password]").fill(admin.password);
    await expectSound(page);
    await page.getByRole("button", { name: "Create administrator" }).click();
    await page.getByText("Make your first collection").waitFor();
    await expectSound(page);
  });

  test("a collection is made from fields and one of five sets of rules", async () => {
    const page = await visit("/");
    await main(page).getByRole("link", { name: "New collection" }).click();
    await main(page).getByRole("textbox", { name: "Name" }).first().fill("posts");
    await page.locator(".field-form").getByRole("textbox", { name: "Name" }).fill("title");
    await main(page).getByRole("button", { name: "Add field" }).click();
    await page.locator(".field-form").getByRole("textbox", { name: "Name" }).fill("likes");
    await page.locator(".field-form").getByRole("combobox", { name: "Type" }).click();
    await page.getByRole("option", { name: "Integer" }).click();
    expect(await page.getByRole("radio").count()).toBe(5);
    await page.getByRole("radio", { name: "Public, owners write" }).check();
    await expectSound(page);
    await page.getByRole("button", { name: "Create collection" }).click();
    await page.getByText("No records yet").waitFor();
    const made = await server.call("GET", "/v1/collections/posts");
    expect(made.json.rules).toMatchObject({ list: "true", create: "owner == auth.id" });
    expect(made.json.fields.map((field: { name: string; type: string }) => [field.name, field.type])).toEqual([
      ["title", "text"],
      ["likes", "integer"],
      ["owner", "id"],
    ]);
  });

  test("a CSV file is imported with progress, refused rows are named, the rest is there", async () => {
    const page = await visit("/collections/posts/import");
    const rows = Array.from({ length: 2400 }, (_, at) => `"Post, ${at}",${at},u${at % 3},x`);
    rows[1200] = "Bad,not a number,u1,x";
    const buffer = Buffer.from(`title,likes,owner,unknown\n${rows.join("\n")}\n`);
    await page.locator("input[type=file]").setInputFiles({ name: "posts.csv", mimeType: "text/csv", buffer });
    await page.getByText("no field “unknown”").waitFor();
    await page.getByRole("button", { name: "Start import" }).click();
    await page.getByText("Finished: 2,399 records imported").waitFor();
    await page.getByRole("cell", { name: "1,201", exact: true }).waitFor();
    await expectSound(page);
    const counted = await server.call("GET", "/v1/collections/posts/records?limit=1&count=exact");
    expect(counted.json.count).toBe(2399);
  });

  test("an import that a reload broke off goes on with the same file, and takes nothing twice", async () => {
    await collection("lines", []);
    const page = await visit("/collections/lines/import");
    const rows = Array.from({ length: 2500 }, (_, at) => JSON.stringify({ title: `line ${at}` }));
    const file = { name: "lines.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(rows.join("\n")) };
    const input = page.locator("input[type=file]");
    // The second chunk arrives, its answer does not.
    let [sent, arrived, isMended] = [0, 0, false];
    await page.route("**/records:import*", async (route) => {
      sent += 1;
      if (sent === 1 || isMended) return route.continue();
      if (sent === 2) arrived = (await route.fetch()).status();
    });
    await input.setInputFiles(file);
    await page.getByRole("button", { name: "Start import" }).click();
    await expect.poll(() => arrived, { timeout: 5_000 }).toBe(200);
    await page.reload();
    isMended = true;
    await page.getByText("was left after 1,000 records").waitFor();
    await expectSound(page);
    await input.setInputFiles({ ...file, buffer: Buffer.from(rows.slice(1).join("\n")) });
    await page.getByText("This is not “lines.ndjson” as it was").waitFor();
    await input.setInputFiles(file);
    await page.getByRole("button", { name: "Resume import" }).click();
    await page.getByText("Finished: 2,500 records imported").waitFor();
    const { json } = await server.call("GET", "/v1/collections/lines/records?limit=1&count=exact");
    expect(json.count).toBe(2500);
  });

  test("records are browsed: sorted, scrolled past the first page, counted, filtered", async () => {
    const page = await visit("/collections/posts/records");
    await page.getByRole("button", { name: "likes" }).click();
    await page.getByText("Post, 3", { exact: true }).waitFor();
    expect(await page.getByRole("columnheader", { name: "likes" }).getAttribute("aria-sort")).toBe("ascending");
    await page.locator(".grid").evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
    await page.getByText("400 records loaded").waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(120);
    await page.getByRole("button", { name: "Count all" }).click();
    await page.getByText("2,399 records in total").waitFor();
    await filter(page).fill("likes < 3 && owner == 'u1'");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.getByText("1 record", { exact: true }).waitFor();
    await keepShot(page, "records");
  });

  test("a mistake in a filter is shown at its place", async () => {
    const page = await visit("/collections/posts/records");
    await filter(page).fill("likes > 1 && titel == 'x'");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    expect(await page.locator(".cm-lintRange-error").textContent()).toBe("titel");
    await expectSound(page);
  });

  test("a rule with a mistake cannot be saved; mended, it holds for the next request", async () => {
    const page = await visit("/collections/posts/rules");
    await page.getByText("Open to everyone").waitFor();
    const list = page.getByRole("textbox", { name: "List rule" });
    await list.fill("ownr == auth.id");
    await page.locator(".problem-line").waitFor();
    expect(await page.locator(".cm-lintRange-error").textContent()).toBe("ownr");
    expect(await page.getByRole("button", { name: "Save rules" }).isDisabled()).toBe(true);
    await expectSound(page);
    await list.fill("owner == auth.id");
    await page.getByRole("button", { name: "Save rules" }).click();
    await page.getByText("Rules saved").waitFor();
    const anonymous = await server.call("GET", "/v1/collections/posts/records", undefined, { as: null });
    expect(anonymous.json.items).toEqual([]);
  });

  test("home waits for the first request with a key, and says when it came", async () => {
    const made = await server.call("POST", "/v1/api-keys", { name: "first", collections: { "*": ["list"] } });
    const page = await visit("/");
    await page.getByText("Waiting for a request with a key").waitFor();
    await expectSound(page);
    expect(await page.locator(".code-block").textContent()).toContain(`${server.url}/v1/collections/lines/records`);
    await server.call("GET", "/v1/collections/lines/records?limit=1", undefined, { as: made.json.secret });
    await page.getByText("with the key “first”").waitFor();
    await page.getByText("4 of 4 done").waitFor();
    // Who comes later has no use for steps that are done.
    await page.reload();
    await page.getByRole("heading", { name: "Connect your app" }).waitFor();
    expect(await page.getByText("First steps").count()).toBe(0);
    expect((await server.call("DELETE", `/v1/api-keys/${made.json.id}`)).status).toBe(204);
  });

  test("the typed program that home offers runs as it stands, with the schema it hands out", async () => {
    const scope = { name: "typed", collections: { "*": ["list"] } };
    const key = (await server.call("POST", "/v1/api-keys", scope)).json;
    const page = await visit("/");
    await page.locator("label", { hasText: "Typed client" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download landfall.schema.ts" }).click(),
    ]);
    await expectSound(page);
    // Where the client is found as it would be beside its package.
    const folder = join(import.meta.dirname, "../../.cache/console-program");
    mkdirSync(folder, { recursive: true });
    await download.saveAs(join(folder, "landfall.schema.ts"));
    writeFileSync(join(folder, "app.ts"), (await page.locator(".code-block").textContent()) ?? "");
    const env = { ...process.env, TOKEN: key.secret, NO_COLOR: "1" };
    const run = spawnSync(process.execPath, ["app.ts"], { cwd: folder, env, encoding: "utf8" });
    expect(run.stdout, run.stderr).toContain("title: 'line 2499'");
    await page.locator("label", { hasText: "curl" }).click();
    expect((await server.call("DELETE", `/v1/api-keys/${key.id}`)).status).toBe(204);
  });

  test("a key bound to a user sees what the rules give that user; its secret is shown once", async () => {
    const page = await visit("/keys");
    await page.getByRole("button", { name: "New key" }).click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("bot");
    await dialog(page).getByRole("checkbox", { name: "Act as a user" }).check();
    await dialog(page).getByRole("textbox", { name: "User id" }).fill("u2");
    await expectSound(page);
    await dialog(page).getByRole("button", { name: "Create key" }).click();
    const secret = await dialog(page).getByRole("textbox", { name: "Secret" }).inputValue();
    await dialog(page).getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("cell", { name: "bot", exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
    const seen = await server.call("GET", "/v1/collections/posts/records?limit=1000", undefined, { as: secret });
    expect(new Set(seen.json.items.map((row: { owner: string }) => row.owner))).toEqual(new Set(["u2"]));
    const other = { title: "x", owner: "u1" };
    expect((await server.call("POST", "/v1/collections/posts/records", other, { as: secret })).status).toBe(403);
  });

  test("a key is changed: its new scope holds for the next request", async () => {
    const page = await visit("/keys");
    await page.getByRole("button", { name: "Actions of bot" }).click();
    await page.getByRole("menuitem", { name: "Change" }).click();
    expect(await dialog(page).getByRole("textbox", { name: "User id" }).inputValue()).toBe("u2");
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("reader");
    await dialog(page).getByRole("checkbox", { name: "get", exact: true }).uncheck();
    await expectSound(page);
    await dialog(page).getByRole("button", { name: "Save key" }).click();
    await page.getByText("reader changed").waitFor();
    const [stored] = (await server.call("GET", "/v1/api-keys")).json.items;
    expect(stored).toMatchObject({ name: "reader", collections: { "*": ["list"] }, actAs: { id: "u2" } });
    expect(Date.parse(stored.expiresAt)).toBeGreaterThan(Date.now());
  });

  test("the denial stands in the list and leads to the rule", async () => {
    const page = await visit("/denials");
    await page.getByRole("link", { name: "Open the create rule of posts" }).first().waitFor();
    await expectSound(page);
    await page.getByRole("link", { name: "Open the create rule of posts" }).first().click();
    await page.getByRole("textbox", { name: "Create rule" }).waitFor();
  });
});

describe("a record", () => {
  test("that somebody else changed is not overwritten unseen", async () => {
    await collection("notes", [{ id: "n1", title: "first", likes: 1 }]);
    const page = await visit("/collections/notes/records?record=n1");
    await dialog(page).getByRole("textbox", { name: "title" }).fill("mine");
    await dialog(page).getByRole("textbox", { name: "likes" }).fill("5");
    await server.call("PATCH", "/v1/collections/notes/records/n1", { title: "theirs" });
    await page.keyboard.press("Control+s");
    await page.getByText("This record changed while you edited it").waitFor();
    await expectSound(page);
    await page.getByRole("radio", { name: "Stored now: theirs" }).check();
    await page.getByRole("button", { name: "Save the chosen values" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    const { json } = await server.call("GET", "/v1/collections/notes/records/n1");
    expect(json).toMatchObject({ title: "theirs", likes: 5 });
  });

  test("keeps its draft when the drawer is closed, and null apart from empty", async () => {
    await collection("drafts", [{ id: "d1", title: "", likes: 1 }]);
    const page = await visit("/collections/drafts/records");
    await page.getByRole("link", { name: "Open d1" }).click();
    await dialog(page).getByRole("textbox", { name: "title" }).fill("half");
    // Escape closes the topmost alone, and what opened it has the focus again.
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete 1 record" }).waitFor();
    await page.keyboard.press("Escape");
    await page
      .locator(":focus")
      .and(page.getByRole("button", { name: "Delete", exact: true }))
      .waitFor();
    expect(await dialog(page).count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Close", exact: true }).last().click();
    await page.getByRole("link", { name: "Open d1" }).click();
    await page.getByText("Your unsaved draft was restored").waitFor();
    await dialog(page).getByRole("button", { name: "Set title to null" }).click();
    await dialog(page).getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    expect((await server.call("GET", "/v1/collections/drafts/records/d1")).json.title).toBeNull();
  });

  test("deleted with others comes back with undo", async () => {
    await collection(
      "rows",
      ["a", "b", "c", "d"].map((id) => ({ id, title: `t ${id}` })),
    );
    const page = await visit("/collections/rows/records?sort=id");
    await page.getByRole("checkbox", { name: "Select a", exact: true }).click();
    await page.getByRole("checkbox", { name: "Select c", exact: true }).click({ modifiers: ["Shift"] });
    await page.getByRole("button", { name: "Delete 3 records" }).click();
    await page.getByText("3 records deleted").waitFor();
    expect((await server.call("GET", "/v1/collections/rows/records")).json.items).toHaveLength(1);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("3 records back").waitFor();
    const { json } = await server.call("GET", "/v1/collections/rows/records?sort=id");
    expect(json.items.map((row: { id: string; title: string }) => row.title)).toEqual(["t a", "t b", "t c", "t d"]);
  });
});

test("a field's own rule is checked while it is typed", async () => {
  const page = await visit("/collections/posts/schema");
  await page.getByRole("button", { name: "title Text" }).click();
  await page.getByRole("button", { name: "Add rules for this field alone" }).click();
  await page.getByRole("textbox", { name: "Write rule of the field" }).fill("before.owner == auth.id");
  await page.getByRole("textbox", { name: "Read rule of the field" }).fill("ownr == auth.id");
  await page.locator(".problem-line").waitFor();
  expect(await page.locator(".cm-lintRange-error").allTextContents()).toEqual(["ownr"]);
  await expectSound(page);
});

test("relations show the name of what they point to, and lead to it", async () => {
  await collection("songs", [{ id: "s1", title: "Blue train" }]);
  const fields = [{ name: "song", type: "relation", collection: "songs" }];
  expect((await server.call("POST", "/v1/collections", { name: "plays", fields })).status).toBe(201);
  expect((await server.call("POST", "/v1/collections/plays/records", { id: "p1", song: "s1" })).status).toBe(201);
  const page = await visit("/collections/plays/records");
  await page.getByRole("link", { name: "Blue train" }).click();
  await page.waitForURL("**/collections/songs/records?record=s1");
});

test("to-many relations show the first names and count the rest; the list stays whole", async () => {
  const ids = ["s2", "s3", "s4", "s5", "s6"];
  const songs = ids.map((id) => ({ id, title: `Song ${id}` }));
  expect((await server.call("POST", "/v1/collections/songs/records", songs)).status).toBe(201);
  const fields = [{ name: "songs", type: "relation", collection: "songs", many: true }];
  expect((await server.call("POST", "/v1/collections", { name: "albums", fields })).status).toBe(201);
  await server.call("POST", "/v1/collections/albums/records", [{ id: "a1", songs: ids }, { id: "a2" }]);
  const page = await visit("/collections/albums/records?sort=id");
  const cell = page.getByRole("row").nth(1).getByRole("cell").nth(2);
  await cell.getByRole("link", { name: "Song s4" }).waitFor();
  expect(await cell.allInnerTexts()).toEqual(["Song s2\nSong s3\nSong s4\n+2"]);
  await page.getByRole("checkbox", { name: "Select a1", exact: true }).click();
  await page.getByRole("button", { name: "Copy as JSON" }).click();
  await page.getByText("1 record copied").waitFor();
  expect(JSON.parse((await page.evaluate("navigator.clipboard.readText()")) as string)[0].songs).toEqual(ids);
});

test("an id is copied whole; a column's width is changed by pointer or keys and kept", async () => {
  const page = await visit("/collections/albums/records?sort=id");
  await page.getByRole("button", { name: "Copy id a1" }).click();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("a1");
  const head = page.getByRole("columnheader", { name: "id", exact: true });
  const cell = page.getByRole("row").nth(1).getByRole("cell").nth(1);
  const widths = async () => [(await head.boundingBox())?.width, (await cell.boundingBox())?.width];
  const edge = (await head.locator(".resizer").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [from = 0] = await widths();
  await page.mouse.move(edge.x + 4, edge.y + 8);
  await page.mouse.down();
  await page.mouse.move(edge.x + 84, edge.y + 8, { steps: 3 });
  await page.mouse.up();
  const dragged = Math.round(from + 80);
  expect(await widths()).toEqual([dragged, dragged]);
  await head.getByRole("button").focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await expect.poll(widths, { timeout: 10_000 }).toEqual([dragged - 16, dragged - 16]);
  await page.reload();
  await expect.poll(widths, { timeout: 10_000 }).toEqual([dragged - 16, dragged - 16]);
});

test("a change of schema is shown before it is made, and one that loses values asks again", async () => {
  await collection("papers", [{ title: "kept", likes: 3 }]);
  const page = await visit("/collections/papers/schema");
  await page.getByRole("button", { name: "Remove likes" }).click();
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByText("Remove field likes").waitFor();
  await page.getByRole("button", { name: "Apply changes" }).click();
  await page.getByText("Records have values in “likes”").waitFor();
  await expectSound(page);
  expect((await server.call("GET", "/v1/collections/papers")).json.fields).toHaveLength(2);
  await page.getByRole("button", { name: "Apply and accept the loss" }).click();
  await page.getByText("Schema changed").waitFor();
  expect((await server.call("GET", "/v1/collections/papers")).json.fields).toHaveLength(1);
});

/** What the browser holds once the server has forgotten the session. */
const spoilToken = `localStorage.setItem("landfall.session",
  JSON.stringify({ ...JSON.parse(localStorage.getItem("landfall.session")), token: "lf_ses_over" }))`;

test("an ended session leads to sign-in and back to where it ended", async () => {
  const page = await visit("/keys");
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.evaluate(spoilToken);
  await page.reload();
  await page.getByText("Your session ended").waitFor();
  await expectSound(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(admin.email);
  await page.locator("input[type=password]").fill(admin.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
});

test("X05 script payloads in records, names of keys and denials stay text", async () => {
  const payload = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;
  const inRule = "<img src=x onerror=alert(1)>";
  await collection("payloads", [{ id: "p1", title: payload }], { create: `title != "${inRule}"` });
  const key = await server.call("POST", "/v1/api-keys", {
    name: payload,
    collections: { "*": ["create"] },
    actAs: { id: "u1" },
  });
  const as: string = key.json.secret;
  const denied = await server.call("POST", "/v1/collections/payloads/records", { title: inRule }, { as });
  expect(denied.status).toBe(403);
  const page = await visit("/");
  await page.locator("main h1").waitFor();
  const asText: readonly (readonly [string, Locator])[] = [
    ["/collections/payloads/records", page.getByText(payload)],
    ["/collections/payloads/records?record=p1", dialog(page).getByRole("textbox", { name: "title" })],
    ["/keys", page.getByText(payload)],
    ["/denials", page.getByText(inRule)],
  ];
  for (const [path, shown] of asText) {
    await turnTo(page, `/console${path}`, shown);
    expect(await page.locator("img[src=x], main script").count()).toBe(0);
    expect(await page.title()).toBe("Landfall");
  }
});

test("the keyboard reaches everything by name", async () => {
  const page = await visit("/");
  await page.getByRole("heading", { name: "Collections", exact: true }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).fill("post");
  await expectSound(page);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/collections/posts/records");
  await page.locator(".grid-row").nth(1).waitFor();
  await page.keyboard.press("n");
  await page.getByText("New record in posts").waitFor();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByText("Keyboard shortcuts").waitFor();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("k");
  await page.waitForURL("**/keys");
});

test("the main job is done without a mouse: collection, field, record, edit, delete", async () => {
  const page = await visit("/");
  await page.getByRole("heading", { name: "Collections", exact: true }).waitFor();
  const { keyboard } = page;
  const command = async (text: string) => {
    await keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search and commands" }).waitFor();
    await keyboard.type(text);
    await keyboard.press("Enter");
  };
  const focused = (name: string) => page.locator(":focus").and(page.getByRole("textbox", { name })).waitFor();
  /** Tab until it is there: what cannot be reached is no way. */
  const tabTo = async (role: "textbox" | "button" | "checkbox" | "link", name: string | RegExp) => {
    const wanted = page.locator(":focus").and(page.getByRole(role, { name }));
    for (let steps = 0; steps < 60 && (await wanted.count()) === 0; steps += 1) await keyboard.press("Tab");
    await wanted.waitFor();
  };
  await command("New collection");
  await focused("Name");
  await keyboard.type("keyed");
  await keyboard.press("Tab");
  await tabTo("textbox", "Name");
  await keyboard.type("title");
  // Enter in a field's name leads to the next field, and does not create the collection yet.
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "unnamed field" }).waitFor();
  await focused("Name");
  await keyboard.type("likes");
  await keyboard.press("Control+s");
  await page.getByText("No records yet").waitFor();

  await keyboard.press("n");
  await focused("title");
  await keyboard.type("first");
  await keyboard.press("Control+s");
  await page.getByText("Record created").waitFor();
  await dialog(page).waitFor({ state: "detached" });

  await page.getByRole("link", { name: "Schema" }).focus();
  await keyboard.press("Enter");
  await page.getByText("No indexes yet").waitFor();
  await tabTo("button", "Add field");
  await keyboard.press("Enter");
  await focused("Name");
  await keyboard.type("note");
  await keyboard.press("Control+s");
  await page.getByText("Apply these changes?").waitFor();
  await keyboard.press("Control+s");
  await page.getByText("Schema changed").waitFor();
  expect((await server.call("GET", "/v1/collections/keyed")).json.fields).toHaveLength(3);

  await command("keyed");
  await page.getByRole("link", { name: /^Open / }).waitFor();
  await tabTo("link", /^Open /);
  await keyboard.press("Enter");
  await focused("title");
  await keyboard.type(" and more");
  await keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  await dialog(page).waitFor({ state: "detached" });
  const { json } = await server.call("GET", "/v1/collections/keyed/records");
  expect(json.items.map((row: { title: string }) => row.title)).toEqual(["first and more"]);

  await tabTo("checkbox", /^Select (?!all)/);
  await keyboard.press("Space");
  await tabTo("button", "Delete 1 record");
  await keyboard.press("Enter");
  await page.getByText("1 record deleted").waitFor();
  await tabTo("button", "Undo");
  await keyboard.press("Enter");
  await page.getByText("1 record back").waitFor();
});

test("what can be pressed is 44 px high on a touch screen", async () => {
  const state = await desk.storageState();
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    storageState: state,
  });
  const page = await visit("/", context);
  await page.locator("main h1").waitFor();
  for (const [path, sign] of [
    ["collections/posts/records", page.getByRole("columnheader", { name: "likes" })],
    ["collections/posts/records?record=new", page.getByRole("button", { name: "Create record" })],
    ["collections/posts/schema", page.getByRole("button", { name: "Review changes" })],
    ["keys", page.getByRole("heading", { name: "API keys" })],
    ["backups", page.getByRole("heading", { name: "No backups yet" })],
  ] as const) {
    await turnTo(page, `/console/${path}`, sign);
    expect(await smallTargets(page)).toEqual([]);
  }
});

describe("every screen is sound", () => {
  const heading = (name: string) => (page: Page) => page.getByRole("heading", { name, exact: true });
  const button = (name: string) => (page: Page) => page.getByRole("button", { name, exact: true });
  /** Address, name of its picture, and what stands on no other screen. */
  const screens: readonly (readonly [string, string, (page: Page) => Locator])[] = [
    ["", "home", heading("Home")],
    ["collections", "collections", (page) => page.locator("h1", { hasText: "Collections" })],
    ["new-collection", "new-collection", heading("New collection")],
    ["collections/posts/records", "records", (page) => page.getByRole("columnheader", { name: "likes" })],
    ["collections/posts/records?record=new", "record", button("Create record")],
    ["collections/posts/schema", "schema", button("Review changes")],
    ["collections/posts/rules", "rules", (page) => page.getByRole("textbox", { name: "List rule" })],
    ["collections/posts/import", "import", heading("Import")],
    ["collections/posts/api", "api", heading("List records")],
    ["collections/posts/settings", "settings", button("Drop posts")],
    ["keys", "keys", heading("API keys")],
    ["denials", "denials", heading("Denials")],
    ["backups", "backups", heading("No backups yet")],
    ["server", "server", heading("Server")],
    ["nowhere", "nowhere", heading("This page does not exist")],
  ];
  const walk = async (width: number, scheme: "light" | "dark") => {
    const context = await newContext(browser, { width, scheme, state: await desk.storageState() });
    const page = await visit("/", context);
    await page.locator("main h1").waitFor();
    for (const [path, name, sign] of screens) {
      await turnTo(page, `/console/${path}`, sign(page));
      await expectSound(page);
      await keepShot(page, `${name}-${width}-${scheme}`);
    }
  };
  test("at 360 px in the dark and at 1440 px in the light", async () => {
    await Promise.all([walk(360, "dark"), walk(1440, "light")]);
  }, 120_000);
});

test("a one-time password lets in as far as the screen that replaces it", async () => {
  const reset = spawnSync(process.execPath, [landfall, "admin", "reset", admin.email, "--json"], {
    env: { ...process.env, DATABASE_URL: server.database.url, LANDFALL_DATA_DIR: server.dataDir },
    encoding: "utf8",
  });
  const { oneTimePassword } = JSON.parse(reset.stdout) as { oneTimePassword: string };
  const page = await visit("/keys");
  // Another process ended the session: the server hears of it about a second later.
  const ended = page.getByText("Your session ended");
  const isEnded = () => page.reload().then(() => ended.waitFor({ timeout: 1_000 })).then(() => true, () => false); // biome-ignore format: one line
  await expect.poll(isEnded, { timeout: 10_000 }).toBe(true);
  await page.getByRole("textbox", { name: "E-mail" }).fill(admin.email);
  await page.locator("input[type=password]").fill(oneTimePassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("You signed in with a one-time password").waitFor();
  await turnTo(page, "/console/denials", page.getByText("You signed in with a one-time password"));
  await expectSound(page);
  await page.locator("input[autocomplete=new-password]").fill("another horse battery");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("heading", { name: "Collections", exact: true }).waitFor();
});

test("the first load is small and brings no editor", async () => {
  const watched = await openPage(await newContext(browser));
  open.push(watched);
  let bytes = 0;
  const names: string[] = [];
  watched.page.on("response", async (response) => {
    if (!response.url().includes("/console/") || !/\.(js|css)$/.test(response.url())) return;
    names.push(response.url());
    bytes += (await response.request().sizes()).responseBodySize;
  });
  await watched.page.goto(`${server.url}/console/`);
  await watched.page.getByRole("heading", { name: "Sign in to Landfall" }).waitFor();
  await shows(watched.page, watched.page.getByRole("button", { name: "Sign in" }));
  expect(names.filter((name) => /CelEditor|cel-check/.test(name))).toEqual([]);
  expect(bytes).toBeLessThan(400_000);
});
