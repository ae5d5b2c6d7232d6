import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const module = join(import.meta.dirname, "last-resort.ts");
const block = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";

async function ending(script: string) {
  const source = `import { lastResort } from ${JSON.stringify(module)};\n${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [code, signal] = await once(child, "exit");
  return signal ?? code;
}

describe("the last resort", () => {
  it("ends a process whose main thread is blocked for good", async () => {
    expect(await ending(`lastResort(50); ${block}`)).toBe("SIGKILL");
  });

  it("ends it sooner when it is told that nothing is left to do", async () => {
    expect(await ending(`lastResort(3_600_000).within(50); ${block}`)).toBe("SIGKILL");
  });

  it("leaves one alone that ends by itself, and does not keep it alive", async () => {
    expect(await ending("lastResort(3_600_000); process.exitCode = 7;")).toBe(7);
  });
});
