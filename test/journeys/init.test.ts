// An app project from each template, as `landfall init` makes it: its types check, its collections reach a server by its
// own command, and its rules hold there. Packages come from the workspace, as npm would put them.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";
import { clientFolder, install } from "./client/app-project.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const cli = join(root, "server/bin/landfall.mjs");
const folder = mkdtempSync(join(tmpdir(), "lf-init-"));
const server = testServer();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const init = (...args: string[]) =>
  spawnSync(process.execPath, [cli, "init", ...args], { cwd: folder, encoding: "utf8" });

/** A tool that the project installs, run in it as its scripts would. */
async function tool(project: string, file: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH ?? "", LANDFALL_URL: server.url, LANDFALL_KEY: serviceKey };
  const done = run(process.execPath, [file, ...args], { cwd: project, env, timeout: 100_000 });
  return done.then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${file} ${args.join(" ")}\n${error.stdout}${error.stderr}`);
    },
  );
}

const landfall = (project: string, ...args: string[]) => tool(project, join(clientFolder, "bin/landfall.mjs"), ...args);

describe.each(["tasks", "social", "field-work"])("%s", (template) => {
  const project = join(folder, `my-${template}`);

  test("is made whole, and its types check", async () => {
    const made = init(`my-${template}`, "--template", template, "--url", server.url);
    expect(made.status, made.stderr).toBe(0);
    expect(statSync(join(project, ".env")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(project, ".gitignore"), "utf8")).toContain(".env\n");
    for (const file of ["README.md", "index.html", "package.json", "landfall.config.json"])
      expect(readFileSync(join(project, file), "utf8"), file).not.toContain("{{");
    install(project);
    await tool(project, join(root, "node_modules/typescript/bin/tsc"));
  }, 120_000);

  test("its collections reach the server, once, and come back as the same types", async () => {
    expect(await landfall(project, "push", "--dry-run")).toContain("would change");
    expect(await landfall(project, "push")).toMatch(/^create /m);
    expect(await landfall(project, "push")).toMatch(/^0 of \d collections changed\.$/m);
    const names = (JSON.parse(readFileSync(join(project, "landfall.collections.json"), "utf8")) as { name: string }[]).map(({ name }) => name); // biome-ignore format: one line
    const written = readFileSync(join(project, "src/landfall.schema.ts"), "utf8");
    await landfall(project, "types");
    const types = readFileSync(join(project, "src/landfall.schema.ts"), "utf8");
    // The server holds the other templates' collections too.
    for (const name of names) expect(types).toContain(`    ${name}: {`);
    if (template === "tasks") expect(types).toBe(written);
  });

  test("its rules hold", async () => {
    const report = join(project, "rules.json");
    await tool(project, join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile=${report}`); // biome-ignore format: one line
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8")) as Record<string, number>;
    expect(numFailedTests).toBe(0);
    expect(numPassedTests).toBeGreaterThan(3);
    const keys = (await server.call("GET", "/v1/api-keys")).json.items as { name: string }[];
    expect(keys.filter(({ name }) => name.startsWith("rules test"))).toEqual([]);
    const links = await tool(project, "scripts/people.mjs");
    expect(links).toMatch(/^ann +http:\/\/localhost:5173\/#me=ann&key=lf_key_/m);
  }, 120_000);
});

test("a change of the file is pushed; what would lose values wants to be confirmed", async () => {
  const project = join(folder, "my-tasks");
  const file = join(project, "landfall.collections.json");
  const text = readFileSync(file, "utf8");
  const call = async (method: string, path: string, body?: object) => (await server.call(method, path, body)).json;
  await call("POST", "/v1/collections/projects/records", { id: "kept", name: "Kept", owner: "ann" });
  await call("POST", "/v1/collections/tasks/records", { project: "kept", title: "x", assignee: "ben" });
  const changed = JSON.parse(text) as { fields: { name: string }[]; rules: Record<string, string> }[];
  const tasks = changed[1] as (typeof changed)[number];
  tasks.fields = tasks.fields.filter(({ name }) => name !== "assignee");
  delete tasks.rules.delete;
  writeFileSync(file, JSON.stringify(changed));
  await expect(landfall(project, "push")).rejects.toThrow("409");
  expect(await landfall(project, "push", "--confirm-loss")).toContain("1 of 2 collections changed.");
  const there = await call("GET", "/v1/collections/tasks");
  expect(there.fields.map(({ name }: { name: string }) => name)).not.toContain("assignee");
  expect(there.rules.delete ?? null).toBeNull();
});

test("nothing is overwritten, and nothing is written when something is in the way", () => {
  const taken = join(folder, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "README.md"), "mine");
  const refused = init("taken", "--template", "social");
  expect(refused.status).toBe(30);
  expect(refused.stderr).toContain("README.md");
  expect(readFileSync(join(taken, "README.md"), "utf8")).toBe("mine");
  expect(existsSync(join(taken, "package.json"))).toBe(false);
});

test.each([
  [["x", "--template", "nonsense"], "nonsense"],
  [[], "Which folder"],
  [["x", "--url", "nowhere"], "no address"],
])("init %j is a usage error that makes nothing", (args, says) => {
  const refused = init(...args);
  expect([refused.status, refused.stderr.includes(says)]).toEqual([2, true]);
  expect(existsSync(join(folder, "x"))).toBe(false);
});
