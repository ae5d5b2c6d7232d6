// `landfall init` at a terminal: what was not said is asked, and what is answered counts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, test } from "vitest";
import type { Call } from "./command.ts";
import { command } from "./init.ts";
import { projectFiles, templates } from "./init-project.ts";

const home = mkdtempSync(join(tmpdir(), "lf-init-cli-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A person who types these lines, each when a question is asked. */
function person(lines: readonly string[], given: { folder?: string; template?: string } = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = new PassThrough();
  const typed = [...lines];
  let shown = "";
  stdout.on("data", (chunk: Buffer) => {
    shown += chunk;
    if (/\): $/.test(shown) && typed.length > 0) stdin.write(`${typed.shift()}\n`);
  });
  const answers: object[] = [];
  const call = {
    env: {},
    positionals: given.folder === undefined ? [] : [given.folder],
    flag: () => false,
    text: (name: string) => (name === "template" ? given.template : undefined),
    terminal: {
      isTTY: true,
      stdin,
      stdout,
      out: () => {},
      err: () => {},
      answer: (document: object) => answers.push(document),
    },
  } as unknown as Call;
  return { call, shown: () => shown, answers };
}

test("both are asked; a folder and a template come out", async () => {
  const { call, shown, answers } = person([join(home, "asked"), "social"]);
  await command.run(call);
  expect(shown()).toContain("Folder (my-app): ");
  expect(shown()).toContain("Template (tasks): ");
  expect(answers).toEqual([expect.objectContaining({ folder: join(home, "asked"), template: "social" })]);
  expect(existsSync(join(home, "asked", "src/App.tsx"))).toBe(true);
});

test("what was said is not asked, and an empty answer takes what stands in brackets", async () => {
  const { call, shown, answers } = person([""], { folder: join(home, "half") });
  await command.run(call);
  expect(shown()).not.toContain("Folder");
  expect(answers).toEqual([expect.objectContaining({ template: "tasks" })]);
});

test("an answer that is no template ends it, with nothing written", async () => {
  const { call } = person(["nonsense"], { folder: join(home, "none") });
  await expect(command.run(call)).rejects.toMatchObject({ reason: "usage" });
  expect(existsSync(join(home, "none"))).toBe(false);
});

test.each(Object.keys(templates))("%s: the schema that comes with it is that of its collections", (template) => {
  const options = { folder: "/x/My App!", template, url: "http://h:1", key: "k" };
  const files = projectFiles(options);
  const { name, dependencies } = JSON.parse(files.get("package.json") as string);
  expect([name, dependencies["@landfall/client"]]).toEqual(["my-app", "http://h:1/sdk.tgz"]);
  const collections = JSON.parse(files.get("landfall.collections.json") as string) as { name: string }[];
  for (const { name } of collections) expect(files.get("src/landfall.schema.ts")).toContain(`    ${name}: {`);
  expect(files.get("landfall.config.json")).not.toContain('"k"');
  expect([...files.values()].join()).not.toContain("{{");
  expect(readFileSync(join(import.meta.dirname, "init-templates", template, "test/rules.tests.ts"), "utf8")).toBe(files.get("test/rules.test.ts")); // biome-ignore format: one line
});
