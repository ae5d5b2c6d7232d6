// The Caddyfile with a real Caddy in front of two servers of the image, in a network of their own where its ports are free:
// TLS 1.3 only, HTTP/2, http to https, and no failed request while one server after the other is replaced. run.ts starts
// it under unshare; alone it needs root: unshare --net --mount --pid --fork --mount-proc node proxy.ts <image's folder>
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as plain } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { readDockerfile } from "../../support/dockerfile.ts";
import { type Image, imageCommand } from "../../support/image.ts";

const docker = join(import.meta.dirname, "../../../docker");
const image: Image = { ...readDockerfile(readFileSync(join(docker, "Dockerfile"), "utf8")), root: process.argv[2] as string, workdir: "/app" }; // biome-ignore format: one line
const print = (line: string) => process.stdout.write(`${line}\n`);
const deadlineMs = 120_000;
const folder = mkdtempSync("/tmp/lf-caddy-");
const children = new Set<ChildProcess>();

process.exitCode = 1;
try {
  chmodSync(folder, 0o755);
  useOwnNetwork();
  let [a, b] = [await serve("127.0.0.1"), await serve("127.0.0.2")];
  const home = join(folder, "caddy");
  mkdirSync(home);
  const env = { PATH: process.env.PATH ?? "", HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, LANDFALL_DOMAIN: "localhost" }; // biome-ignore format: one line
  const caddy = start("caddy", ["run", "--adapter", "caddyfile", "--config", join(docker, "Caddyfile")], "/", env);
  await until(async () => (await status("/readyz")) === 200);

  expect("HTTP/2 is offered", await alpn(), "h2");
  expect("TLS 1.2 is refused", await handshake("TLSv1.2"), "refused");
  expect("http goes to https", await redirected(), "https://localhost/console/");
  expect("metrics are not the proxy's", await status("/metrics"), 401);

  const load = requests();
  await stop(b);
  b = await serve("127.0.0.2");
  await stop(a);
  a = await serve("127.0.0.1");
  await stop(b);
  // One alone: Caddy keeps the requests until it is back.
  await stop(a);
  a = await serve("127.0.0.1");
  const { sent, failed } = await load.end();
  expect("enough was asked meanwhile", sent > 20, true);
  expect(`none of ${sent} requests failed while both servers were replaced`, failed.join(), "");
  await stop(a);
  await stop(caddy);
  process.exitCode = 0;
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
  print(`ok     ${what}`);
}

/** `node` is what the servers are called in compose.yml's network; here it is two loopback addresses. */
function useOwnNetwork(): void {
  const hosts = join(folder, "hosts");
  writeFileSync(hosts, "127.0.0.1 localhost node\n127.0.0.2 node\n");
  mkdirSync(join(folder, "data"));
  chmodSync(join(folder, "data"), 0o777);
  for (const words of ["ip link set lo up", `mount --bind ${hosts} /etc/hosts`]) {
    const [command, ...args] = words.split(" ") as [string, ...string[]];
    if (spawnSync(command, args, { stdio: "inherit" }).status !== 0) throw new Error(words);
  }
}

async function serve(host: string): Promise<ChildProcess> {
  const env = { HOST: host, LANDFALL_PUBLIC_URL: "https://localhost", LANDFALL_TRUSTED_PROXIES: "127.0.0.1", LANDFALL_DATA_DIR: join(folder, "data"), LANDFALL_EPHEMERAL: "1", LANDFALL_LOG_LEVEL: "warn" }; // biome-ignore format: one line
  const { file, args, cwd, env: all } = imageCommand(image, { env });
  const child = start(file, args, cwd, all);
  await until(() => ask(() => plain({ host, port: image.port, path: "/readyz" })).then((found) => found === 200));
  return child;
}

function start(file: string, args: readonly string[], cwd: string, env: Record<string, string>): ChildProcess {
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "ignore", "ignore"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(image.stopSignal as NodeJS.Signals);
  });
}

/** One request after the other, each on a connection of its own. */
function requests() {
  let going = true;
  const failed: number[] = [];
  let sent = 0;
  const run = (async () => {
    while (going) {
      const found = await status("/v1/openapi.json");
      sent += 1;
      if (found !== 200) failed.push(found);
    }
  })();
  return {
    async end() {
      going = false;
      await run;
      return { sent, failed };
    },
  };
}

function status(path: string): Promise<number> {
  const headers = { host: "localhost" };
  return ask(() => request({ host: "127.0.0.1", servername: "localhost", headers, path, rejectUnauthorized: false, agent: false })); // biome-ignore format: one line
}

/** The status, 0 when there was none. */
function ask(make: () => ReturnType<typeof request>): Promise<number> {
  return new Promise((resolve) => {
    const asked = make();
    asked.once("response", (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
      response.once("error", () => resolve(0));
    });
    asked.once("error", () => resolve(0));
    asked.end();
  });
}

function redirected(): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = plain({ host: "127.0.0.1", headers: { host: "localhost" }, path: "/console/" });
    asked.once("response", (response) => {
      response.resume();
      resolve(response.headers.location);
    });
    asked.once("error", reject);
    asked.end();
  });
}

function alpn(): Promise<string | false | null> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2("https://localhost", { rejectUnauthorized: false });
    session.once("connect", () => {
      resolve(session.alpnProtocol ?? null);
      session.close();
    });
    session.once("error", reject);
  });
}

function handshake(version: "TLSv1.2"): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port: 443, servername: "localhost", rejectUnauthorized: false, minVersion: version, maxVersion: version }); // biome-ignore format: one line
    socket.once("secureConnect", () => {
      resolve("accepted");
      socket.destroy();
    });
    socket.once("error", () => resolve("refused"));
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const beganMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - beganMs > deadlineMs) throw new Error("it does not come up");
    await sleep(200);
  }
}
