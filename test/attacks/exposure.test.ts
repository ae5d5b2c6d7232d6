// What a scanner asks of every server it finds (ASVS 13.4): repositories, settings, sources, source maps, listings, debug
// pages, by every method and in every spelling of a path. Sent over bare sockets, since clients would mend most of it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { rawRequest } from "../support/http.ts";
import { type InsideScan, insideScan } from "../support/inside.ts";
import { testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_LOG_LEVEL: "error" });
let inside: InsideScan;
beforeAll(async () => {
  inside = await insideScan(server.database);
});

const root = new URL("../../", import.meta.url);
const builtConsole = new URL("admin-ui/dist/", root);
const mounts = ["", "/console", "/docs", "/v1", "/v1/collections"];
const wanted = [".git/HEAD", ".git/config", ".git", ".gitignore", ".env", ".env.local", ".npmrc", ".DS_Store", ".well-known/security.txt.bak", "package.json", "package-lock.json", "node_modules", "node_modules/express/package.json", "server", "server/app.ts", "server/main.ts", "migrations/sql/0001_base.sql", "landfall-data", "landfall-data/master.key", "master.key", "setup-url", "dist", "assets/", "src/main.tsx", "index.html.bak", "index.html~", "web.config", "WEB-INF/web.xml", "server-status", "debug", "debug/pprof", "debug/vars", "actuator", "actuator/env", "_profiler", "phpinfo.php", "trace", "console.log", "swagger.json", "graphql", "admin", "wp-admin/", "cgi-bin/", "etc/passwd", "proc/self/environ"]; // biome-ignore format: a list
const climbs = ["../package.json", "..%2fpackage.json", "%2e%2e/package.json", "%2e%2e%2fpackage.json", "..%5cpackage.json", "..\\package.json", "%252e%252e%252fpackage.json", "..%252fpackage.json", "....//package.json", "..;/package.json", ".%00./package.json", "..%00/package.json", "%c0%ae%c0%ae/package.json", "..%c0%afpackage.json", "%uff0e%uff0e/package.json", "./../package.json", "/../package.json", "//package.json", "assets/../../../package.json", "assets/..%2f..%2f..%2fpackage.json", "../../../../../../../../etc/passwd", "..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "package.json%20", "package.json%00.html", "package.json::$DATA", "PACKAGE.JSON"]; // biome-ignore format: a list

interface Said {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

async function ask(method: string, path: string, headers = ""): Promise<Said> {
  const raw = await rawRequest(
    server.port,
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\n\r\n`,
  );
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const [line = "", ...lines] = head.split("\r\n");
  const pairs = lines.map((one) => [
    one.slice(0, one.indexOf(":")).toLowerCase(),
    one.slice(one.indexOf(":") + 1).trim(),
  ]);
  return { status: Number(line.split(" ")[1]), headers: Object.fromEntries(pairs), text: rest.join("\r\n\r\n") };
}

/** Sends all, a few at a time. */
async function askAll<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const supply = items.values();
  const worker = async () => {
    for (;;) {
      const { value, done } = supply.next();
      if (done) return;
      await work(value);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** The console's page, which answers every address that the console's own router may know. */
const page = existsSync(new URL("index.html", builtConsole))
  ? readFileSync(new URL("index.html", builtConsole), "utf8")
  : "";

test("13.4 X11 nothing but what is meant to be served is served, whatever the path and however it is spelt", async () => {
  const paths = mounts.flatMap((mount) => [...wanted, ...climbs].map((path) => `${mount}/${path}`));
  const wrong: string[] = [];
  let refused = 0;
  await askAll(
    paths.flatMap((path) => ["GET", "HEAD", "POST"].map((method) => ({ method, path }))),
    async ({ method, path }) => {
      const said = await ask(method, path);
      const isPage = said.status === 200 && path.startsWith("/console/") && said.headers["content-type"]?.startsWith("text/html") && (method === "HEAD" || said.text === page); // biome-ignore format: one question
      if ([400, 401, 404, 405, 414, 415].includes(said.status)) refused++;
      else if (!isPage) wrong.push(`${method} ${path} -> ${said.status} ${said.text.slice(0, 100)}`);
      const shows = said.status >= 400 && inside(said, path);
      if (shows) wrong.push(`${method} ${path} -> ${said.status} ${shows}: ${said.text.slice(0, 200)}`);
    },
  );
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(paths.length * 2);
});

test("13.4 TRACE, CONNECT, DEBUG and methods nobody knows are refused everywhere, and echo nothing", async () => {
  const methods = [
    "TRACE",
    "TRACK",
    "DEBUG",
    "PROPFIND",
    "PURGE",
    "SEARCH",
    "LOCK",
    "M-SEARCH",
    "FOO",
    "get",
    "CONNECT",
  ];
  const paths = ["/", "/livez", "/readyz", "/metrics", "/console/", "/docs/", "/v1/setup", "/v1/collections", "/v1/collections/x/records", "/nope"]; // biome-ignore format: a list
  const wrong: string[] = [];
  await askAll(
    paths.flatMap((path) => methods.map((method) => ({ method, path }))),
    async ({ method, path }) => {
      const said = await ask(method, method === "CONNECT" ? "localhost:443" : path, "X-Canary: kanarienvogel\r\n");
      const refused = [400, 404, 405, 501].includes(said.status);
      if (!refused || said.text.includes("kanarienvogel") || inside(said, `${method}${path}`))
        wrong.push(`${method} ${path} -> ${said.status} ${said.text.slice(0, 200)}`);
    },
  );
  expect(wrong).toEqual([]);
  for (const path of paths) {
    const { status, headers } = await ask("OPTIONS", path);
    expect([204, 400, 404, 405], path).toContain(status);
    expect(`${headers.allow} ${headers["access-control-allow-methods"]}`).not.toMatch(/TRACE|CONNECT|DEBUG/);
  }
});

test("13.4 no source map is served or named, and no folder is listed", async () => {
  expect(page).not.toBe("");
  const files = readdirSync(builtConsole, { recursive: true, encoding: "utf8" });
  const scripts = files.filter((file) => /\.(js|css)$/.test(file));
  expect(scripts.length).toBeGreaterThan(3);
  expect(files.filter((file) => file.endsWith(".map"))).toEqual([]);
  await askAll(scripts, async (file) => {
    const served = await ask("GET", `/console/${file}`);
    expect([served.status, /sourceMappingURL/.test(served.text)], file).toEqual([200, false]);
    expect((await ask("GET", `/console/${file}.map`)).status, file).toBe(404);
  });
  for (const folder of [
    "/console/assets",
    "/console/assets/",
    "/docs/decisions/",
    "/docs/protocol/",
    "/docs/assets/",
  ]) {
    const { status, text } = await ask("GET", folder);
    if (status === 200) expect(text, folder).toBe(page);
    else expect(status, folder).toBe(404);
  }
});

test("13.4 no answer tells what it was made with, and metrics are not for the outside", async () => {
  for (const path of ["/", "/livez", "/readyz", "/console/", "/docs/", "/v1/setup", "/v1/openapi.json", "/nope"]) {
    const { headers } = await ask("GET", path);
    for (const name of ["server", "x-powered-by", "via"]) expect(headers[name], path).toBeUndefined();
    expect(JSON.stringify(headers), path).not.toMatch(
      new RegExp(`\\b${process.versions.node}\\b|express|node\\.?js`, "i"),
    );
  }
  for (const name of ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "Via: 1.1 proxy"])
    expect((await ask("GET", "/metrics", `${name}\r\n`)).status).toBe(401);
  expect((await ask("GET", "/livez")).text).toBe("ok");
  expect((await ask("GET", "/readyz")).text).toBe("ok");
});

test("X10 the scan sees what it is there for", () => {
  const seen = (text: string, headers = {}) => inside({ status: 400, headers, text }, "sent: SELECT a FROM b");
  expect(seen('{"detail":"The value is not possible for this field."}')).toBeUndefined();
  for (const text of [
    "INSERT INTO x",
    'relation "posts"',
    "at Object.run (file.ts:1)",
    "node:internal/x",
    "/work/app.ts:12 /usr/lib",
    `in ${new URL("../../server/app.ts", import.meta.url).pathname}`,
    'duplicate key violates "x"',
    "landfall.session",
    "idempotencyKey_pkey",
    "expr_concat",
    "schema_version",
    `Landfall 0.1.0`,
    `node ${process.versions.node}`,
    "PostgreSQL 18",
    server.database.name,
  ])
    expect(seen(text), text).toBeDefined();
  expect(seen("SELECT a FROM b")).toBeUndefined();
  expect(seen("fine", { server: "nginx" })).toContain("server");
  expect(seen("10.1.0.1.0 and 127.0.1.0")).toBeUndefined();
});
