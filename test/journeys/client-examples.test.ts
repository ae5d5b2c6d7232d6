// Every export of the client says what it is and shows it by an example; every example checks under strict types and runs
// against a real server, as it is printed; what it says it prints is what it prints.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import vm from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";
import { exportsOf } from "./client/examples.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const packageFolder = join(root, "sdk/dist/package");
const exported = exportsOf(join(packageFolder, "dist"));
const folder = mkdtempSync(join(tmpdir(), "lf-examples-"));
const server = testServer();

const text = { type: "text", required: true };
interface Definition {
  readonly name: string;
  readonly kind: string;
  readonly fields: readonly object[];
  readonly rules: object;
}
/** `users` is there from the start, and made what the examples take it for. */
const definitions: readonly Definition[] = [
  { name: "users", kind: "auth", fields: [{ name: "name", ...text }], rules: { list: "true" } },
  {
    name: "posts",
    kind: "base",
    fields: [
      { name: "title", ...text, min: 1, max: 200 },
      { name: "status", type: "select", values: ["draft", "open"], default: "draft" },
      { name: "likes", type: "integer", required: true, default: 0 },
      { name: "tags", type: "text", many: true },
      { name: "place", type: "geo" },
      { name: "extra", type: "json" },
      { name: "readers", type: "relation", collection: "users", many: true },
      { name: "author", type: "relation", collection: "users", required: true, inverse: "posts" },
    ],
    rules: { list: "true" },
  },
  {
    name: "comments",
    kind: "base",
    fields: [
      { name: "text", ...text },
      { name: "post", type: "relation", collection: "posts", required: true, onDelete: "cascade", inverse: "comments" },
    ],
    rules: { list: "true" },
  },
];

/** What examples take for granted: a client, a schema, a key, an id, what a checker is told of posts. An example that makes its own has its own. */
const granted = `
import { createClient } from "@landfall/client";
import { type CheckEnv, inversesOf, rowTypeOf } from "@landfall/client/cel";
import type { CollectionDefinition } from "@landfall/client/wire";
import { schema } from "./landfall.schema.ts";
export const key = ${JSON.stringify(serviceKey)};
export const lf = createClient({ url: "http://localhost:4710", schema, token: key });
export const id = "p1";
const definitions = ${JSON.stringify(definitions)} as unknown as CollectionDefinition[];
const rows = new Map(definitions.map((one) => [one.name, rowTypeOf(one, inversesOf(definitions).get(one.name))]));
export const env: CheckEnv = { mode: "filter", row: rows.get("posts")!, collections: (name) => rows.get(name) };
export { schema };
`;

beforeAll(async () => {
  const [{ fields, rules }, ...others] = definitions as [Definition, ...Definition[]];
  const users = await server.call("PATCH", "/v1/collections/users", { fields, rules });
  expect(users.status, users.text).toBe(200);
  for (const definition of others) {
    const made = await server.call("POST", "/v1/collections", definition);
    expect(made.status, made.text).toBe(201);
  }
  mkdirSync(join(folder, "node_modules/@landfall"), { recursive: true });
  symlinkSync(packageFolder, join(folder, "node_modules/@landfall/client"));
  const bin = join(packageFolder, "bin/landfall.mjs");
  const args = ["types", "--url", server.url, "--key", serviceKey, "--out", "landfall.schema.ts"];
  await run(process.execPath, [bin, ...args], { cwd: folder });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "granted.ts"), there(granted));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const there = (code: string) => code.replaceAll("http://localhost:4710", server.url);

/** The example, with imports of what it names and does not make: from the client's entries, or granted. */
function moduleOf(code: string): string {
  const makes = (name: string) =>
    new RegExp(
      `(?:const|let|function|type|interface|class) ${name}\\b|(?:const|let) [[{][^=]*\\b${name}\\b[^=]*[\\]}] =`,
    ).test(code) || new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(code);
  const names = (name: string) => new RegExp(`(?<!(?<!\\.\\.)\\.|[\\w"'])${name}\\b(?!:)`).test(code) && !makes(name);
  const fromEntry = new Map<string, Set<string>>();
  for (const { entry, name, isType } of exported) {
    if (!names(name) || [...fromEntry.values()].some((set) => set.has(name) || set.has(`type ${name}`))) continue;
    const module = entry === "." ? "@landfall/client" : `@landfall/client/${entry.slice(2)}`;
    fromEntry.set(module, (fromEntry.get(module) ?? new Set()).add(isType ? `type ${name}` : name));
  }
  const imports = [...fromEntry].map(([module, set]) => `import { ${[...set].join(", ")} } from "${module}";`);
  const given = ["lf", "schema", "key", "id", "env"].filter(names);
  if (given.length > 0) imports.push(`import { ${given.join(", ")} } from "./granted.ts";`);
  return `${imports.join("\n")}\n${there(code)}\nexport {};\n`;
}

test("every export of every entry has a doc comment and an example", async () => {
  const { exports } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
  const modules = Object.entries<string | { default: string }>(exports).flatMap(([entry, file]) =>
    typeof file === "string" ? [] : [{ entry, file: file.default }],
  );
  expect([...new Set(exported.map(({ entry }) => entry))]).toEqual(modules.map(({ entry }) => entry));
  for (const { entry, file } of modules) {
    const found = exported.filter((one) => one.entry === entry && !one.isType).map(({ name }) => name);
    const values = Object.keys(await import(/* @vite-ignore */ join(packageFolder, file)));
    expect(found.toSorted(), `values of ${entry}`).toEqual(values.toSorted());
  }
  const named = (list: typeof exported) => list.map(({ entry, name }) => `${entry} ${name}`);
  expect(named(exported.filter((one) => one.doc === undefined)), "exports without a doc comment").toEqual([]);
  const owed = exported.filter((one) => one.examples.length === 0);
  expect(named(owed), "exports without an example").toEqual([]);
});

// Numbered: two names may differ by case only, and some file systems do not.
const examples = exported
  .flatMap(({ entry, name, examples: found }) => found.map((code, n) => ({ entry, name, n, code })))
  .map(({ entry, name, n, code }, i) => ({ file: `${i}-${entry.replace(/\W/g, "")}${name}${n}.ts`, code }));

test(`all ${examples.length} examples check under strict types`, async () => {
  for (const { file, code } of examples) writeFileSync(join(folder, file), moduleOf(code));
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    module: "nodenext",
    target: "es2024",
    lib: ["es2024", "dom"],
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const checked = await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  expect(checked.stdout).toBe("");
});

/** What an example says that it prints, of one line each, as far as it can be read as values. */
function saidIn(code: string): { line: string; values: unknown[] }[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].flatMap(([line, said = ""]) => {
    try {
      return [{ line, values: vm.runInNewContext(`[${said}]`) as unknown[] }];
    } catch {
      return [];
    }
  });
}

/** Each example finds the same records, whatever the one before did with them. What it prints is kept by its file. */
const runner = `
import { lf, key } from "./granted.ts";
let printed = [];
console.log = (...values) => printed.push(JSON.stringify(values));
for (const file of process.argv.slice(2)) {
  printed = [];
  await lf.from("users").upsert({ id: "u1", name: "Ann" });
  await lf.from("posts").upsert(["p1", "p2"].map((id) => ({ id, title: "Post " + id, author: "u1", tags: ["sea"] })));
  try {
    await import("./" + file);
    process.stdout.write("ok " + file + " " + JSON.stringify(printed) + "\\n");
  } catch (error) {
    process.stdout.write("FAILED " + file + " " + error.stack + "\\n");
  }
}
`;

test("all of them run against a server and print what they say", async () => {
  writeFileSync(join(folder, "runner.ts"), runner);
  const files = examples.map(({ file }) => file);
  const { stdout } = await run(process.execPath, [join(folder, "runner.ts"), ...files], { timeout: 120_000 });
  const lines = stdout.trim().split("\n");
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([]);
  expect(lines).toHaveLength(files.length);
  const printed = new Map(lines.map((line) => [line.split(" ", 2)[1], line.replace(/^ok \S+ /, "")]));
  const claims = examples.flatMap(({ file, code }) => saidIn(code).map((said) => ({ file, ...said })));
  expect(claims.length).toBeGreaterThan(60);
  const untrue = claims.filter(({ file, values }) => {
    const lists = JSON.parse(printed.get(file) ?? "[]") as string[];
    return !lists.includes(JSON.stringify(values));
  });
  expect(untrue.map(({ file, line }) => `${file}: ${line} printed ${printed.get(file)}`)).toEqual([]);
}, 150_000);
