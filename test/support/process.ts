// Real Landfall processes for tests: started, watched, and ended by pid with the test that started them.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect } from "vitest";
import { readPostmaster } from "../../server/kernel/postgres/postmaster.ts";

export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when standard output holds the text; rejects with all output when the process ends before. */
  says(text: string): Promise<void>;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | string>;
  /** Ends it in order. */
  stop(): Promise<number | string>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly entry?: string;
}

const defaultEntry = fileURLToPath(new URL("../contracts/process-entry.ts", import.meta.url));

/** Call at the top level of a file; everything started is gone after each test. */
export function processes() {
  const running = new Set<Running>();
  const folders: string[] = [];
  afterEach(async () => {
    for (const one of running) one.child.kill("SIGKILL");
    await Promise.all([...running].map((one) => one.ended));
    running.clear();
    for (const folder of folders.splice(0)) {
      // Postgres ends a moment after its parent, and writes until then.
      await expect.poll(() => readPostmaster(join(folder, "pg", "18")), { timeout: 20_000 }).toBeUndefined();
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return {
    folder(): string {
      const made = mkdtempSync(join(tmpdir(), "lf-proc-"));
      folders.push(made);
      return made;
    },
    run(args: readonly string[], options: StartOptions = {}): Running {
      const one = launch(args, options);
      running.add(one);
      return one;
    },
  };
}

function launch(args: readonly string[], { env = {}, input, entry = defaultEntry }: StartOptions): Running {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  child.stdin?.end(input ?? "");
  const texts = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    texts.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    texts.err += chunk;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "gone"));
  });
  return {
    pid: child.pid as number,
    child,
    out: () => texts.out,
    err: () => texts.err,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => texts.out.includes(text) && resolve();
        look();
        child.stdout?.on("data", look);
        void ended.then((code) => reject(new Error(`ended with ${code}\n${texts.out}${texts.err}`)));
      }),
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
