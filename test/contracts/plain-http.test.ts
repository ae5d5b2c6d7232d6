// What runs in browsers asks for nothing that they keep for https and loopback: pages are opened at `http://192.168.…` too
// (`npm start -- --lan`), and apps are developed there. `test/browser/plain-http.test.ts` does it for the pages.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const folders = ["admin-ui/src", "sdk/src", "docs/site/client", "docs/reference/client"];
/** Tries another way where there is none, or says what is missing and what to do. */
const withAnotherWay = [
  "admin-ui/src/parts/copy-text.ts",
  "sdk/src/auth-calls.ts",
  "sdk/src/auth-lock.ts",
  "sdk/src/auth-redirect.ts",
];

const secureOnly =
  /\brandomUUID\b|\bsubtle\s*[.)]|\buseClipboard\b|\bnavigator\s*(?:\?\.|\.)\s*(?:clipboard|locks|serviceWorker|storage|mediaDevices|geolocation|share|wakeLock|credentials)\b|\bcaches\.(?:open|match)|\bcookieStore\b|\bPushManager\b|\bshow(?:Open|Save)FilePicker\b/;

function sources(folder: string): string[] {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return paths.filter((path) => /\.(ts|tsx|js)$/.test(path)).map((path) => `${folder}/${path.replaceAll("\\", "/")}`);
}

const withoutComments = (code: string) => code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

test.each(folders)("%s uses nothing that only secure contexts have", (folder) => {
  const files = sources(folder);
  expect(files.length).toBeGreaterThan(5);
  const using = files.filter((file) => secureOnly.test(withoutComments(readFileSync(join(root, file), "utf8"))));
  expect(using.filter((file) => !withAnotherWay.includes(file))).toEqual([]);
});

test("the list knows them", () => {
  const asked = ["crypto.randomUUID()", "crypto.subtle.digest", "navigator.locks.request", "navigator?.clipboard"];
  for (const code of asked) expect(code).toMatch(secureOnly);
  for (const file of withAnotherWay) expect(readFileSync(join(root, file), "utf8")).toMatch(secureOnly);
});
