// Two tabs of one app in a real browser: one session between them, renewed once, ended in both.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { testServer } from "../support/server.ts";
import { launchChromium } from "./chromium.ts";

const server = testServer();
const packageFolder = join(import.meta.dirname, "../../sdk/dist/package");

beforeAll(async () => {
  const settings = { methods: { anonymous: { enabled: true } } };
  expect((await server.call("PATCH", "/v1/collections/users/auth", { settings })).status).toBe(200);
});

/** The built client on an origin of the app's own. `insecure`: without Web Locks, as on plain http elsewhere than here. */
async function host() {
  const files = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    const file = join(packageFolder, path);
    if (path === "/") return void response.writeHead(200, { "content-type": "text/html" }).end(page);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(files.address() as AddressInfo).port}/`, stop: () => files.close() };
}

const page = `<!doctype html><script type="module">
import { createClient, defineSchema } from "/dist/index.js";
const query = new URLSearchParams(location.search);
if (query.has("insecure")) Object.defineProperty(navigator, "locks", { value: undefined });
const schema = defineSchema({ collections: { users: { fields: { name: { type: "text" } } } } });
window.events = [];
window.lf = createClient({ url: query.get("server"), schema });
window.lf.auth.onChange(({ event }) => window.events.push(event));
</script>`;

const script = (tab: Page, code: string) => tab.evaluate(code);

test.each(["", "&insecure"])("two tabs share a session, renew it once, and are signed out together%s", async (mode) => {
  const app = await host();
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const open = async () => {
      const tab = await context.newPage();
      await tab.goto(`${app.url}?server=${encodeURIComponent(server.url)}${mode}`);
      await tab.waitForFunction("window.lf");
      return tab;
    };
    const [one, two] = [await open(), await open()];
    const id = await script(one, "lf.auth.signInAnonymously().then((step) => step.user.id)");
    await two.waitForFunction("lf.auth.user !== null");
    expect(await script(two, "[lf.auth.user.id, ...events]")).toEqual([id, "signedIn"]);

    let refreshes = 0;
    context.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/v1/auth/refresh")) refreshes += 1;
    });
    // Both find the same token refused at the same moment, as after it was ended by a change of keys.
    const renew = (tab: Page) => script(tab, "lf.auth.token().then((token) => lf.auth.renew(token)).then(() => lf.from('users').list()).then(({ items }) => items[0].id)"); // biome-ignore format: one line
    expect(await Promise.all([renew(one), renew(two)])).toEqual([id, id]);
    expect(refreshes).toBe(1);

    await script(two, "lf.auth.signOut()");
    await one.waitForFunction("lf.auth.user === null");
    expect(((await script(one, "events")) as string[]).at(-1)).toBe("signedOut");
    expect(await script(one, "localStorage.length <= 1")).toBe(true);
  } finally {
    await browser.close();
    app.stop();
  }
});
