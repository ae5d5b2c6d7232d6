#!/usr/bin/env node
// The command `landfall`. Plain JavaScript, so that any Node can say what it needs: the TypeScript behind it runs on the
// Node that the project brings, and on a system Node from 24.7 on where none was brought.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 24 || (major === 24 && minor >= 7)) {
  const module = await import("node:module");
  // Beside the packages and as private as they are; the shared temp folder, the default, is anyone's to fill.
  module.enableCompileCache?.(fileURLToPath(new URL("../../node_modules/.cache/landfall", import.meta.url)));
  const { runCli } = await import("../cli/index.ts");
  const code = await runCli(process.argv.slice(2), process.env);
  // Set, not exit(): what is still in the pipes gets out. Nothing long-lived is left by then.
  process.exitCode = code;
} else {
  const node = broughtNode();
  if (node === undefined) {
    refuse(
      `Landfall needs Node 24.7 or newer and this is ${process.versions.node}: run npm install here, or install it.`,
    );
  } else handOver(node);
}

/** The pinned binary, also when the shell's PATH does not begin with node_modules/.bin. */
function broughtNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    return fileURLToPath(new URL(platform === "win" ? "bin/node.exe" : "bin/node", `file://${manifest}`));
  } catch {
    return undefined;
  }
}

function handOver(node) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) =>
    refuse(`Landfall's own Node does not run (${error.message}): install Node 24.7 or newer.`),
  );
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}

function refuse(line) {
  process.stderr.write(`${line}\n`);
  process.exitCode = 2;
}
