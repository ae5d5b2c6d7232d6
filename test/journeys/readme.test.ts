// The README's app, as printed: its collection is made by the printed call, its twenty lines run with the printed commands,
// and what the text around them says of somebody else's key is so. Only the server's address differs.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const server = testServer();
// Inside the project, where the text says to save it: that is where the client is found.
mkdirSync(join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(join(root, ".cache", "readme-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The printed blocks of one language, below one heading. */
function blocks(heading: string, language: string): readonly string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, block]) => block ?? "",
  );
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

function sh(command: string, key: string): Promise<Ended> {
  const here = command.replaceAll("http://localhost:4710", server.url);
  const env = {
    ...process.env,
    KEY: key,
    LANDFALL_URL: server.url,
    NO_COLOR: "1",
    PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
  };
  const child = spawn("sh", ["-c", here], { cwd: folder, env });
  const said = { output: "", complaint: "" };
  child.stdout.on("data", (chunk) => (said.output += chunk));
  child.stderr.on("data", (chunk) => (said.complaint += chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...said })));
}

async function keyOf(user: string): Promise<string> {
  const scope = { tasks: ["list", "get", "create", "update"] };
  const made = await server.call("POST", "/v1/api-keys", { name: user, collections: scope, actAs: { id: user } });
  expect(made.status, made.text).toBe(201);
  return made.json.secret;
}

test("the app in twenty lines runs as printed", async () => {
  const [makeCollection = "", add = "", ask = ""] = blocks("An app in twenty lines", "sh");
  const [app = ""] = blocks("An app in twenty lines", "ts");
  expect(app.trimEnd().split("\n").length).toBeLessThanOrEqual(21);
  expect((await sh(makeCollection, serviceKey)).output).toContain(`"name":"tasks"`);
  writeFileSync(join(folder, "tasks.ts"), app);
  const [ann, bob] = [await keyOf("ann"), await keyOf("bob")];

  const added = await sh(add, ann);
  expect(added.code, added.complaint).toBe(0);
  expect(added.output).toMatch(/^\S+ Mend the net\n$/);
  const id = added.output.split(" ")[0] as string;
  expect((await sh(ask, ann)).output).toContain(`"id":"${id}"`);

  const refused = await sh(`npx node tasks.ts done ${id}`, bob);
  expect(refused.code).not.toBe(0);
  expect(refused.complaint).toContain("LandfallError");
  const denials = await server.call("GET", "/v1/denials");
  expect(denials.json.items[0]).toMatchObject({ collection: "tasks", operation: "update" });
  expect(await sh(`npx node tasks.ts done ${id}`, ann)).toMatchObject({ code: 0, output: "" });
}, 60_000);

test("its commands, files and pages exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = [...readme.matchAll(/npm (?:run )?(start|test|demo|screenshots)\b/g)].map(([, name]) => name as string);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const links = [...readme.matchAll(/\]\((?!http|#)([^)#]+)/g)].map(([, link]) => link as string);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});
