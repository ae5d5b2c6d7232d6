// The files of docker/, by the linters that are there. Those from npm are installed on demand (test/tools/docker), Caddy,
// nginx, shellcheck and Compose come from the system; what is missing is named and left out, and CI has them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Step } from "./step.ts";

interface Linter {
  readonly name: string;
  /** Faults, one a line; null when the linter is not here. */
  readonly faults: (root: string) => readonly string[] | null;
}

export const linters: readonly Linter[] = [
  { name: "dockerfilelint", faults: dockerfile },
  { name: "dclint", faults: (root) => ofTool(root, "dclint", ["-c", "test/tools/docker/dclint.json", "--max-warnings", "0", "docker/compose.yml"]) }, // biome-ignore format: one row
  { name: "docker compose", faults: compose },
  { name: "shellcheck", faults: (root) => output(root, "shellcheck", ["docker/init.sh", "docker/postgres-role.sh"]) },
  { name: "caddy", faults: caddy },
  { name: "nginx", faults: nginx },
];

export const dockerStep: Step = {
  name: "docker files",
  run: (root) => {
    const results = linters.map(({ name, faults }) => ({ name, found: faults(root) }));
    const lines = results.flatMap(({ name, found }) => (found ?? []).map((fault) => `  ${name}: ${fault}`));
    const missing = results.filter(({ found }) => found === null).map(({ name }) => name);
    if (missing.length > 0) lines.push(`  not here, left out: ${missing.join(", ")}`);
    return { ok: results.every(({ found }) => found === null || found.length === 0), details: lines.join("\n") };
  },
};

interface Issue {
  readonly line: string;
  readonly content: string;
  readonly title: string;
  readonly description: string;
}

/** It knows neither stages as bases nor the options of HEALTHCHECK. */
function dockerfile(root: string): string[] | null {
  const tool = toolPath(root, "dockerfilelint");
  if (tool === null) return null;
  const done = spawnSync(process.execPath, [tool, "-o", "json", "docker/Dockerfile"], { cwd: root, encoding: "utf8" });
  const { files } = JSON.parse(done.stdout) as { files: { issues: Issue[] }[] };
  const stages = [...readFileSync(join(root, "docker/Dockerfile"), "utf8").matchAll(/^FROM .+ AS (\w+)$/gm)].map(([, name]) => name); // biome-ignore format: one line
  const isKnown = ({ content, title }: Issue) =>
    (title === "Base Image Missing Tag" && stages.includes(content.split(" ")[1])) ||
    (title === "Invalid Argument Format" && /^HEALTHCHECK( --[a-z-]+=\w+)+ CMD \[/.test(content));
  const issues = files.flatMap((file) => file.issues).filter((issue) => !isKnown(issue));
  return issues.map(({ line, title, description }) => `line ${line}: ${title}: ${description}`);
}

/** Version 2, which knows the whole specification; it needs no daemon for this. */
function compose(root: string): string[] | null {
  if (spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status !== 0) return null;
  return output(root, "docker", ["compose", "-f", "docker/compose.yml", "--profile", "tls", "--profile", "pair", "config", "-q"]); // biome-ignore format: one line
}

function caddy(root: string): string[] | null {
  const env = { LANDFALL_DOMAIN: "app.example.com" };
  const faults = output(root, "caddy", ["validate", "--adapter", "caddyfile", "--config", "docker/Caddyfile"], env);
  return faults && [...faults, ...(output(root, "caddy", ["fmt", "docker/Caddyfile"]) ?? [])];
}

/** The snippet inside a whole configuration, with a certificate of the moment in place of a real one's path. */
function nginx(root: string): string[] | null {
  if (!here("nginx") || !here("openssl")) return null;
  const folder = mkdtempSync(join(tmpdir(), "lf-nginx-"));
  try {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=app.example.com", "-out", cert, "-keyout", key]); // biome-ignore format: one line
    const snippet = readFileSync(join(root, "docker/proxies/nginx.conf"), "utf8");
    const text = snippet.replace(/\/etc\/letsencrypt\S+fullchain\.pem/, cert).replace(/\/etc\/letsencrypt\S+privkey\.pem/, key); // biome-ignore format: one line
    const whole = join(folder, "nginx.conf");
    const scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" "); // biome-ignore format: one line
    writeFileSync(
      whole,
      `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${scratch}\n${text}\n}\n`,
    );
    return output(root, "nginx", ["-t", "-q", "-p", folder, "-c", whole]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ofTool(root: string, name: string, args: readonly string[]): string[] | null {
  const tool = toolPath(root, name);
  return tool === null ? null : output(root, process.execPath, [tool, ...args]);
}

function toolPath(root: string, name: string): string | null {
  const path = join(root, "test/tools/docker/node_modules/.bin", name);
  return existsSync(path) ? path : null;
}

const here = (command: string) => spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0;

/** What a command says when it fails. */
function output(
  root: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): string[] | null {
  if (command !== process.execPath && !here(command)) return null;
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env } });
  if (done.status === 0) return [];
  return `${done.stdout}${done.stderr}`.trim().split("\n");
}
