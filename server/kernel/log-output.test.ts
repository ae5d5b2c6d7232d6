// What happens to log lines, and to the process that writes them, when nobody reads.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLogOutput } from "./log-output.ts";

const module = join(import.meta.dirname, "log.ts");
const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

describe("log output", () => {
  it("writes in batches, in order, whatever part the reader takes", () => {
    let read = "";
    const take = (bytes: Buffer) => {
      read += bytes.subarray(0, 7).toString("latin1");
      return Math.min(7, bytes.length);
    };
    const output = createLogOutput({ put: take, batchBytes: 20 });
    for (let at = 0; at < 50; at++) output.write(`line ${at}\n`);
    output.end();
    expect(read).toBe(Array.from({ length: 50 }, (_, at) => `line ${at}\n`).join(""));
  });

  it("keeps lines for a slow reader up to a bound, and says how many it dropped", () => {
    let blocked = true;
    let read = "";
    const put = (bytes: Buffer) => {
      if (blocked) failing("EAGAIN")();
      read += bytes.toString();
      return bytes.length;
    };
    const output = createLogOutput({ put, keptBytesMax: 1_000 });
    for (let at = 0; at < 1_000; at++) output.write("0123456789\n");
    output.flush();
    blocked = false;
    output.flush();
    const lines = read.trim().split("\n");
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ level: 40, dropped: 1_000 - (lines.length - 1) });
    expect(lines.length).toBeGreaterThan(80);
    expect(lines.length).toBeLessThan(110);
  });

  it("does not wait at its end for a reader that never comes", () => {
    const output = createLogOutput({ put: failing("EAGAIN"), endWithinMs: 20 });
    output.write("a\n");
    output.end();
  });

  it("drops what a broken pipe does not take", () => {
    const output = createLogOutput({ put: failing("EPIPE"), keptBytesMax: 100 });
    for (let at = 0; at < 1_000; at++) output.write("0123456789\n");
    output.end();
  });
});

describe("a process whose log nobody reads", () => {
  const script = `
    import { createLog } from ${JSON.stringify(module)};
    process.stderr.on("error", () => {});
    const { log } = createLog({ level: "info" });
    setInterval(() => { for (let at = 0; at < 100; at++) log.info({ text: "x".repeat(1_000) }, "line"); }, 1);
    setTimeout(() => process.stdout.write("alive\\n"), 800);
    process.on("SIGTERM", () => process.exit(7));
  `;
  it.each([
    ["with the reader gone", true],
    ["with a reader that does not read", false],
  ])("lives and ends, %s", { timeout: 30_000 }, async (_, gone) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
    if (gone) child.stderr.destroy();
    else child.stderr.pause();
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    const [code, signal] = await once(child, "exit");
    expect(signal ?? code).toBe(7);
  });
});
