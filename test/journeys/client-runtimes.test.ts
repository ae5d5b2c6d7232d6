// The built client where apps run it: an older Node, a browser, and an engine with little more than the language, which is
// what React Native looks like to it; and installed from the running server as an app would.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import vm from "node:vm";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { product } from "../../server/kernel/product.ts";
import { launchChromium } from "../browser/chromium.ts";
import { testServer } from "../support/server.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const packageFolder = join(root, "sdk", "dist", "package");
const storyFile = join(root, "test/journeys/client/story.js");
const folder = mkdtempSync(join(tmpdir(), "lf-client-"));
const server = testServer();
let token = "";

beforeAll(async () => {
  const made = await server.call("POST", "/v1/collections", {
    name: "notes",
    kind: "base",
    fields: [
      { name: "title", type: "text", required: true, max: 80 },
      { name: "likes", type: "integer", required: true, default: 0 },
      { name: "place", type: "geo" },
      { name: "tags", type: "text", many: true },
    ],
    rules: { list: "true", create: "auth.signedIn", update: "auth.signedIn", delete: "auth.signedIn" },
  });
  expect(made.status, made.text).toBe(201);
  const key = await server.call("POST", "/v1/api-keys", {
    name: "app",
    collections: { notes: ["list", "get", "create", "update", "delete"] },
    actAs: { id: "ann", roles: [], teams: [], claims: {} },
  });
  expect(key.status, key.text).toBe(201);
  token = key.json.secret;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seen = {
  created: [
    ["-1", 0, 2],
    ["-2", 7, 0],
    ["-3", 9, 0],
  ],
  filtered: 2,
  near: 1,
  pages: [2, 1],
  each: ["-1", "-2", "-3"],
  first: " Åse 𝒳",
  likes: 6,
  stale: [true, true, "record_version_conflict", 412],
  bad: ["record_invalid", true],
  batch: [1, null],
  missing: "record_not_found",
  refused: "invalid_argument",
  unreachable: "network_error",
};

/** Client and story in one script without imports, which leaves `story` and `client` behind. */
async function bundled(): Promise<string> {
  const input = join(folder, "bare.js");
  const client = JSON.stringify(join(packageFolder, "dist/index.js"));
  writeFileSync(
    input,
    `import * as client from ${client}; import { story } from ${JSON.stringify(storyFile)};
     globalThis.client = { ...client }; globalThis.story = story;`,
  );
  const bundle = await rolldown({ input, platform: "neutral" });
  const { output } = await bundle.generate({ format: "iife" });
  await bundle.close();
  return output[0].code;
}

test("in a bare engine: no DOM, no crypto, no Web Locks, no IndexedDB, no streams, no newer helpers", async () => {
  const context = vm.createContext({});
  // What React Native has, and nothing else. Its fetch knows one option fewer than browsers', and gives no body stream.
  const fetchOnly = async (url: string, init: RequestInit) => {
    const answer = await fetch(url, init);
    const { ok, status, headers } = answer;
    return { ok, status, headers: { get: (name: string) => headers.get(name) }, text: () => answer.text() };
  };
  Object.assign(context, { fetch: fetchOnly, AbortController, setTimeout, clearTimeout });
  // Hermes has these late or never.
  vm.runInContext(
    `for (const [owner, names] of [[Object, ["groupBy"]], [Map, ["groupBy"]], [Array, ["fromAsync"]],
       [Promise, ["withResolvers", "try"]], [globalThis, ["Iterator", "SharedArrayBuffer", "Atomics", "WeakRef", "FinalizationRegistry", "WebAssembly", "Intl", "escape", "console"]],
       [Array.prototype, ["toSorted", "toReversed", "toSpliced", "with"]], [Set.prototype, ["union", "intersection", "difference"]],
       [String.prototype, ["isWellFormed", "toWellFormed", "replaceAll"]]])
       for (const name of names) delete owner[name];`,
    context,
  );
  const absent = ["window", "document", "navigator", "crypto", "indexedDB", "structuredClone", "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "ReadableStream", "AbortSignal", "queueMicrotask", "performance", "process", "Buffer", "console", "btoa"]; // biome-ignore format: a list
  for (const name of absent) expect(vm.runInContext(`typeof ${name}`, context), name).toBe("undefined");
  vm.runInContext(await bundled(), context);
  context.options = { url: server.url, token, tag: "bare" };
  expect(JSON.parse(await vm.runInContext("story(client, options)", context))).toEqual(seen);
});

/** The first Node on the path that is not the pinned one. */
function olderNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((one) => !one.includes("node_modules"));
  return folders.map((one) => join(one, "node")).find(existsSync);
}

test("in the Node that the machine has", async () => {
  const node = olderNode() ?? process.execPath;
  const { stdout: version } = await run(node, ["--version"]);
  const tag = `node${version.slice(1).split(".")[0]}`;
  expect(Number(tag.slice(4)), `${node} is ${version}`).toBeGreaterThanOrEqual(20);
  const script = join(folder, "story.mjs");
  writeFileSync(
    script,
    `import * as client from ${JSON.stringify(join(packageFolder, "dist/index.js"))};
     import { story } from ${JSON.stringify(join(folder, "story-copy.mjs"))};
     console.log(await story(client, ${JSON.stringify({ url: server.url, token, tag })}));`,
  );
  writeFileSync(join(folder, "story-copy.mjs"), readFileSync(storyFile));
  const { stdout } = await run(node, [script], { env: { PATH: process.env.PATH ?? "" } });
  expect(JSON.parse(stdout)).toEqual(seen);
});

/** The built files and the story, as a static host would serve them, on an origin that is not the server's. */
async function host(): Promise<{ url: string; server: Server }> {
  const files = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    if (path === "/") {
      const imports = { "@landfall/client": "/dist/index.js" };
      return void response
        .writeHead(200, { "content-type": "text/html" })
        .end(`<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`);
    }
    const file = path === "/story.js" ? storyFile : join(packageFolder, path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(files.address() as AddressInfo).port}/`, server: files };
}

test("in a browser, as modules without a bundler, from another origin", async () => {
  const files = await host();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(files.url);
    const told = await page.evaluate(
      `Promise.all([import("@landfall/client"), import("/story.js")]).then(([client, { story }]) =>
         story(client, ${JSON.stringify({ url: server.url, token, tag: "web" })}))`,
    );
    expect(JSON.parse(told as string)).toEqual(seen);
  } finally {
    await browser.close();
    files.server.close();
  }
});

const app = `import { createClient, increment, LandfallError } from "@landfall/client";
import type { CollectionDefinition } from "@landfall/client/wire";
import { check, evaluator, parse, rowTypeOf } from "@landfall/client/cel";
import { schema } from "./landfall.schema.js";

const lf = createClient({ url: process.env.URL ?? "", schema, token: process.env.KEY ?? "" });
const note = await lf.from("notes").create({ title: "installed", tags: ["a"] });
const { likes } = await lf.from("notes").update(note.id, { likes: increment(2) });
const found = await lf.from("notes").filter({ title: "installed", likes: { gt: 1 } }).first();
// @ts-expect-error a number, not a text
lf.from("notes").filter({ likes: "2" });
const error = await lf.from("notes").get("nobody").catch((failure: unknown) => failure);

const notes: Pick<CollectionDefinition, "name" | "fields"> = { name: "notes", fields: [{ name: "likes", type: "integer" }] };
const row = rowTypeOf(notes);
const open = evaluator(check(parse("likes > 1"), { mode: "filter", row, collections: () => undefined }));
const auth = { signedIn: false, roles: [], teams: [], claims: {} };
const verdict = open({ row: { likes }, auth, nowMs: 0 });
console.log(JSON.stringify([likes, found?.title, error instanceof LandfallError && error.code, verdict]));
`;

/** An empty cache, and a registry where nobody listens: as on a plane, or in a network without a way out. */
const withoutRegistry = (project: string) => [
  "--cache",
  join(project, ".npm"),
  "--registry",
  "http://127.0.0.1:9/",
  "--fetch-retries",
  "0",
  "--no-fund",
];

test("needs no registry: the file of the server installs offline, with every entry and the licences of what is inside", async () => {
  const project = mkdtempSync(join(tmpdir(), "lf-offline-"));
  try {
    const packed = await fetch(`${server.url}/sdk.tgz`);
    writeFileSync(join(project, "sdk.tgz"), Buffer.from(await packed.arrayBuffer()));
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
    await run("npm", ["install", "./sdk.tgz", "--offline", ...withoutRegistry(project)], { cwd: project });
    const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
    expect(Object.keys(lock.packages)).toEqual(["", "node_modules/@landfall/client"]);
    const entries = ["", "/wire", "/cel"].map((entry) => `import("@landfall/client${entry}")`);
    const asked = `const [, , { parse }] = await Promise.all([${entries}]); console.log(parse("likes > 1").op);`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", asked], { cwd: project });
    expect(stdout).toBe(">\n");
    const vendored = join(project, "node_modules/@landfall/client/dist/vendor/cel-js/LICENSE");
    expect(readFileSync(vendored, "utf8")).toBe(
      readFileSync(join(root, "node_modules/@marcbachmann/cel-js/LICENSE"), "utf8"),
    );
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});

test("installed from the server with npm: the types check, the app runs, and its command writes the schema", async () => {
  const project = mkdtempSync(join(tmpdir(), "lf-app-"));
  const inProject = { cwd: project, env: { ...process.env, LANDFALL_KEY: "", URL: server.url, KEY: token } };
  try {
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
    await run("npm", ["install", `${server.url}/sdk.tgz`, ...withoutRegistry(project)], inProject);
    const manifest = JSON.parse(readFileSync(join(project, "node_modules/@landfall/client/package.json"), "utf8"));
    expect(manifest).toMatchObject({ name: "@landfall/client", version: product.version });

    const key = await server.call("POST", "/v1/api-keys", { name: "types", extra: ["schema:read"] });
    expect(key.status, key.text).toBe(201);
    const types = [join(project, "node_modules/.bin/landfall"), "types", "--url", server.url, "--key", key.json.secret, "--out", "landfall.schema.ts"]; // biome-ignore format: one line
    await run(process.execPath, types, inProject);
    writeFileSync(join(project, "app.ts"), app);
    const compilerOptions = {
      strict: true,
      module: "nodenext",
      target: "es2022",
      lib: ["es2022", "dom"],
      types: [],
      skipLibCheck: false,
    };
    writeFileSync(join(project, "globals.d.ts"), "declare const process: { env: Record<string, string | undefined> };");
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    await run(join(root, "node_modules/.bin/tsc"), ["-p", project]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const { stdout } = await run(olderNode() ?? process.execPath, ["app.js"], inProject);
    expect(JSON.parse(stdout)).toEqual([2, "installed", "record_not_found", true]);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
