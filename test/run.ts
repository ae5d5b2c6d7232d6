// `npm test`: runs every suite, one line each, and ends with `N passed, N failed`. `npm test -- unit browser` runs some.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Suite, suites } from "./suites/suites.ts";

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const root = new URL("../", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "landfall-test-"));
const wanted = process.argv.slice(2);

const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  print(`No suite named ${unknown.join(", ")}. Suites: ${suites.map((suite) => suite.name).join(", ")}.`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const startedMs = performance.now();
  const result = await runSuite(suite);
  const seconds = (performance.now() - startedMs) / 1000;
  for (const failure of result.failures) print(failure);
  print(`${suite.name.padEnd(10)} ${count(result)} in ${seconds.toFixed(1)} s of ${suite.budgetSeconds} s`);
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
}
rmSync(scratch, { recursive: true, force: true });
print(count(total));
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function count(result: Pick<Result, "passed" | "failed" | "skipped">): string {
  return `${result.passed} passed, ${result.failed} failed${result.skipped > 0 ? `, ${result.skipped} skipped` : ""}`;
}

async function runSuite(suite: Suite): Promise<Result> {
  const report = join(scratch, `${suite.name}.json`);
  const ended = await runVitest(suite, report);
  if (!existsSync(report)) return broken(`${suite.name}: ${ended.reason}\n${ended.output}`);
  const result = read(JSON.parse(readFileSync(report, "utf8")));
  if (result.failed === 0 && ended.code !== 0)
    return { ...result, failed: 1, failures: [`${suite.name}: ${ended.reason}\n${ended.output}`] };
  return result;
}

function broken(reason: string): Result {
  return { passed: 0, failed: 1, skipped: 0, failures: [reason] };
}

function runVitest(suite: Suite, report: string): Promise<{ code: number; reason: string; output: string }> {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", ...suite.paths, "--reporter=json", `--outputFile=${report}`];
  // A group of its own, so that a suite over its budget ends with everything it started.
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-8_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.kill(-(child.pid as number), "SIGKILL");
    }, suite.budgetSeconds * 1000);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve({
        code: code ?? 1,
        reason: late ? `over its budget of ${suite.budgetSeconds} s` : `vitest ended with ${code}`,
        output,
      });
    });
  });
}

function read(report: VitestReport): Result {
  const failures = report.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0 && file.status === "failed") return [`FAILED ${file.name}\n${file.message}`];
    return failed.map((test) => `FAILED ${file.name}: ${test.fullName}\n${test.failureMessages.join("\n")}`);
  });
  // A file that cannot be loaded has no test to count: it counts as one failure itself.
  const failed = Math.max(report.numFailedTests, failures.length);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests, failures };
}
