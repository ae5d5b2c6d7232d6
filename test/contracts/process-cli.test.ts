// The command line from outside: help, exit codes, JSON, and the commands that are clients of a running server.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitCodes } from "../../server/kernel/exit.ts";
import { processes } from "../support/process.ts";

const { run, folder } = processes();
const files = mkdtempSync(join(tmpdir(), "lf-cli-"));
const key = "k".repeat(32);
const seen: { method: string; url: string; authorization: string; body: string }[] = [];
let url = "";

const collections = [
  {
    name: "posts",
    fields: [
      { name: "title", type: "text", required: true, max: 200 },
      { name: "status", type: "select", values: ["draft", "open"], default: "draft" },
      { name: "tags", type: "text", many: true },
      { name: "author", type: "relation", collection: "authors", required: true, inverse: "posts" },
      { name: "note", type: "text", hidden: true },
    ],
  },
  { name: "authors", fields: [{ name: "name", type: "text" }] },
];

const server = createServer(async (request, response) => {
  const { method = "", url: path = "", headers } = request;
  seen.push({ method, url: path, authorization: headers.authorization ?? "", body: await bodyOf(request) });
  if (path === "/v1/collections") response.end(JSON.stringify({ items: collections, nextCursor: null }));
  else if (path.includes("/posts/records:export")) response.end('{"id":"a"}\n{"id":"b"}\n');
  else if (path.includes("/broken/records:export")) response.write('{"id":"a"}\n', () => response.destroy());
  else if (path.includes("/broken/records:import")) response.destroy();
  else if (path.includes("/cut/records:import"))
    response.writeHead(200, { "content-length": 9 }).write("{", () => response.destroy()); // biome-ignore format: one line
  else if (path.includes("/page/records:import")) response.end("<html>");
  else if (/\/s\d+\//.test(path)) response.writeHead(Number(/\/s(\d+)\//.exec(path)?.[1])).end("{}");
  else if (path.includes("/authors/records:import"))
    response.writeHead(422).end(JSON.stringify({ title: "Refused.", detail: "", errors: [{ path: "/2/name", message: "is no text" }] })); // biome-ignore format: one line
  else if (path.includes("/tags/records:import"))
    response.end(JSON.stringify({ lines: 3, imported: 2, failed: 1, errors: [{ line: 3, path: "/name", code: "type", message: "is no text" }] })); // biome-ignore format: one line
  else response.end(JSON.stringify({ imported: 2 }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => {
  server.close();
  rmSync(files, { recursive: true });
});

const remote = () => ({ env: { LANDFALL_PUBLIC_URL: url, LANDFALL_SERVICE_KEY: key } });

test("help lists every command and every exit code, and each command's help its options", async () => {
  const overview = run(["--help"]);
  expect(await overview.ended).toBe(0);
  for (const { code, text } of Object.values(exitCodes)) expect(overview.out()).toMatch(new RegExp(`${code} +${text.slice(0, 20)}`)); // biome-ignore format: one line
  const names = [...overview.out().matchAll(/^ {2}([a-z-]+) {2,}/gm)].map((match) => match[1] as string);
  expect(names).toEqual([
    "start",
    "init",
    "types",
    "import",
    "export",
    "admin",
    "setup-url",
    "backup",
    "restore",
    "doctor",
  ]);
  for (const name of names) {
    const help = run([name, "--help"]);
    expect(await help.ended).toBe(0);
    expect(help.out()).toContain(`Usage: landfall ${name}`);
  }
});

test("the list of commands loads no command and no package: it is there at once", () => {
  const hook = `import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on("exit", () => process.stderr.write(loaded.filter((url) => url.startsWith("file:")).join("\\n")));`;
  const program = new URL("../../server/bin/landfall.mjs", import.meta.url).pathname;
  const flags = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, program, "--help"];
  const { status, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  const loaded = stderr.split("\n").filter((url) => url !== "");
  expect(status).toBe(0);
  expect(loaded.some((url) => url.endsWith("/server/cli/index.ts"))).toBe(true);
  expect(loaded.filter((url) => url.includes("/node_modules/") || /\/cli\/(?!index\.ts)/.test(url))).toEqual([]);
});

test.each([
  [["nonsense"]],
  [["start", "--nonsense"]],
  [["import"]],
  [["admin", "promote", "a@example.com"]],
  [["export", "posts"]],
  [["admin", "create", "a@example.com"]],
])("%j is a usage error in one line", async (args) => {
  const command = run(args);
  expect(await command.ended).toBe(exitCodes.usage.code);
  expect(command.err().trim().split("\n")).toHaveLength(1);
});

test("--json gives errors as a document too", async () => {
  const command = run(["admin", "reset", "a@example.com", "--json"], {
    env: { LANDFALL_DATA_DIR: join(files, "none") },
  });
  expect(await command.ended).toBe(exitCodes.not_set_up.code);
  expect(JSON.parse(command.err())).toMatchObject({ error: { code: "not_set_up", exitCode: 21 } });
});

test("types writes a schema without hidden fields and with inverses", async () => {
  const out = join(files, "landfall.schema.ts");
  expect(await run(["types", "--out", out], remote()).ended).toBe(0);
  // Outside the workspace the import does not resolve; everything else of the module is run as it is.
  const text = readFileSync(out, "utf8").replace('import { defineSchema } from "@landfall/client";', "");
  const schema = new Function("defineSchema", text.replace("export const schema =", "return "))(
    (value: unknown) => value,
  );
  expect(schema).toEqual({
    collections: {
      authors: { fields: { name: { type: "text" } }, inverses: { posts: { collection: "posts", field: "author" } } },
      posts: {
        fields: {
          title: { type: "text", required: true },
          status: { type: "select", values: ["draft", "open"], default: "draft" },
          tags: { type: "text", many: true },
          author: { type: "relation", collection: "authors", required: true },
        },
      },
    },
  });
});

test("import streams the file with the key and the import's id; export writes the file whole", async () => {
  const input = join(files, "in.ndjson");
  writeFileSync(input, '{"title":"a"}\n{"title":"b"}\n');
  const imported = run(["import", "posts", input, "--id", "i1", "--json"], remote());
  expect(await imported.ended).toBe(0);
  expect(JSON.parse(imported.out())).toEqual({ imported: 2 });
  expect(seen.at(-1)).toEqual({
    method: "POST",
    url: "/v1/collections/posts/records:import?importId=i1",
    authorization: `Bearer ${key}`,
    body: '{"title":"a"}\n{"title":"b"}\n',
  });
  const output = join(files, "out.ndjson");
  expect(await run(["export", "posts", output], remote()).ended).toBe(0);
  expect(readFileSync(output, "utf8")).toBe('{"id":"a"}\n{"id":"b"}\n');
  const piped = run(["export", "posts"], remote());
  expect(await piped.ended).toBe(0);
  expect(piped.out()).toBe('{"id":"a"}\n{"id":"b"}\n');
});

test("an import that left lines behind names them and does not end as done", async () => {
  const partly = run(["import", "tags"], { ...remote(), input: "{}\n{}\n{}\n" });
  expect(await partly.ended).toBe(exitCodes.lines_refused.code);
  expect(partly.out()).toContain("imported: 2\nfailed: 1\n  line 3/name: is no text");
  expect(partly.err()).toContain("1 of 3 lines were not taken.");
});

test.each([
  [["export", "s401"], "credential_refused", "401"],
  [["export", "s403"], "credential_refused", "403"],
  [["export", "s404"], "server_refused", "404"],
  [["export", "s429"], "server_busy", "429"],
  [["export", "s500"], "server_busy", "500"],
  [["export", "s503"], "server_busy", "503"],
  [["export", "broken"], "broke_off", "broke off"],
  [["export", "broken", "~/broken.ndjson"], "broke_off", "Nothing was written"],
  [["export", "posts", "~/no/such/folder"], "file_unusable", "ENOENT"],
  [["import", "broken"], "broke_off", "same --id"],
  [["import", "cut"], "broke_off", "same --id"],
  [["import", "page"], "server_unreachable", "no Landfall"],
  [["import", "posts", "~/none.ndjson"], "file_unusable", "ENOENT"],
  [["import", "posts", "~/"], "file_unusable", "EISDIR"],
  [["types", "--out", "~/no/such/folder"], "file_unusable", "ENOENT"],
  [["types", "--url", "nonsense"], "usage", "nonsense"],
] as const)("%j ends as %s", async (args, reason, says) => {
  const command = run(args.map((part) => part.replace(/^~\//, `${files}/`)), { ...remote(), input: "{}\n" }); // biome-ignore format: one line
  expect(await command.ended).toBe(exitCodes[reason].code);
  expect(command.err()).toContain(says);
  expect(command.err()).not.toMatch(/^ {4}at /m);
  expect(existsSync(join(files, "broken.ndjson"))).toBe(false);
});

test("each way to fail has a code of its own, which help and docs list", () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  const docs = readFileSync(join(import.meta.dirname, "../../docs/config.md"), "utf8");
  for (const { code, text } of Object.values(exitCodes))
    expect(docs).toMatch(new RegExp(`\\| ${code} \\| .* \\| ${text.replaceAll(/[.;]/g, "\\$&")} \\|`));
});

test("a refusal shows the server's words and places, and no server is one line", async () => {
  const refused = run(["import", "authors"], { ...remote(), input: "{}\n" });
  expect(await refused.ended).toBe(exitCodes.server_refused.code);
  expect(refused.err()).toContain("422 Refused.\n  /2/name: is no text");
  const closed = await closedPort();
  const nobody = run(["types", "--url", `http://127.0.0.1:${closed}`], remote());
  expect(await nobody.ended).toBe(exitCodes.server_unreachable.code);
  expect(nobody.err()).toBe(`No server answers at http://127.0.0.1:${closed} (ECONNREFUSED): start it, or name it with --url.\n`); // biome-ignore format: one line
});

test("doctor finds what is wrong, changes nothing, and finds nothing in a healthy installation", async () => {
  const dataDir = folder();
  const env = { LANDFALL_DATA_DIR: dataDir, PORT: "0" };
  const started = run(["start"], { env });
  await started.says("Docs ");
  await started.stop();
  const healthy = run(["doctor", "--json"], { env });
  expect(await healthy.ended).toBe(0);
  expect(JSON.parse(healthy.out())).toMatchObject({ ok: true });
  writeFileSync(join(dataDir, "master.key"), "00".repeat(32));
  const sick = run(["doctor"], { env: { ...env, LANDFALL_DATADIR: "x" } });
  expect(await sick.ended).toBe(exitCodes.faults_found.code);
  expect(sick.out()).toMatch(/FAULT +master key +.*is not the key this database was set up with/);
  expect(sick.out()).toMatch(/note +settings +LANDFALL_DATADIR .*did you mean LANDFALL_DATA_DIR/);
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function closedPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
