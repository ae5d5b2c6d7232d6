// `node test/tools/docker/run.ts`: what `npm test` cannot afford. The linters of docker/ are installed here and must hold;
// then the Dockerfile is replayed with its true commands (`npm ci` twice), started once, and measured.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dockerStep } from "../../check/docker.ts";
import { buildImage, imageCommand, inImage } from "../../support/image.ts";
import { freePort } from "../../support/ports.ts";

const here = import.meta.dirname;
const root = join(here, "../../..");
const print = (line: string) => process.stdout.write(`${line}\n`);
const startDeadlineMs = 60_000;

const installed = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
  cwd: here,
  stdio: "inherit",
});
if (installed.status !== 0) throw new Error("the linters cannot be installed");
const lint = dockerStep.run(root);
print(`${lint.ok ? "ok    " : "FAILED"} ${dockerStep.name}${lint.details === "" ? "" : `\n${lint.details}`}`);

// Not below a private folder: the image's user must get there. With an argument the result stays there.
const kept = process.argv[2];
const folder = kept ?? mkdtempSync("/tmp/lf-image-");
chmodSync(folder, 0o755);
try {
  const beganMs = performance.now();
  const image = buildImage({ dockerfile: join(root, "docker/Dockerfile"), context: root, into: folder });
  print(`ok     built with the true commands in ${seconds(beganMs)} s`);
  for (const part of ["app", "app/node_modules", "app/admin-ui/dist", "app/docs/dist"])
    print(`       ${part.padEnd(20)} ${size(join(image.root, part))}`);
  await startOnce(image);
  throughCaddy(image.root);
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}
if (!lint.ok) process.exitCode = 1;

/** In a network of its own, which only root may make. */
function throughCaddy(image: string): void {
  const own = ["--net", "--mount", "--pid", "--fork", "--mount-proc"];
  const able = [["unshare", ...own, "true"], ["caddy", "version"], ["ip", "-V"]].every(([command, ...args]) => spawnSync(command as string, args).status === 0); // biome-ignore format: one line
  if (!able) {
    print("       no Caddy, or no way to a network of its own: not tried behind it");
    return;
  }
  const { status } = spawnSync("unshare", [...own, process.execPath, join(here, "proxy.ts"), image], { stdio: "inherit" }); // biome-ignore format: one line
  if (status !== 0) process.exitCode = 1;
}

async function startOnce(image: ReturnType<typeof buildImage>): Promise<void> {
  const env = { HOST: "127.0.0.1", PORT: String(await freePort()), LANDFALL_EPHEMERAL: "1" };
  const { file, args, cwd, env: all } = imageCommand(image, { env });
  const beganMs = performance.now();
  const child = spawn(file, args, { cwd, env: all, stdio: "inherit" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    const healthy = () => inImage(image, { env, command: image.health.command }).status === 0;
    while (!healthy()) {
      if (child.exitCode !== null || performance.now() - beganMs > startDeadlineMs)
        throw new Error("it does not come up");
      await sleep(100);
    }
    print(`ok     started and healthy after ${seconds(beganMs)} s`);
  } finally {
    child.kill(image.stopSignal as NodeJS.Signals);
    print(`ok     ended with ${await ended}`);
  }
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1_000).toFixed(1);
}

function size(path: string): string {
  return `${spawnSync("du", ["-sm", path], { encoding: "utf8" }).stdout.split("\t")[0]} MB`;
}
