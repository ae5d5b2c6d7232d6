import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { collections as demoCollections } from "../../demo/cities.ts";
import { oddCollections } from "../../support/odd-collections.ts";
import { call, serviceKey, testServer } from "../../support/server.ts";

const here = import.meta.dirname;
const out = join(here, "out");
const server = testServer({ LANDFALL_PUBLIC_URL: "https://api.landfall.test" });

/** A program of this folder; its output is what the test shows when it fails. */
function tool(name: string, ...args: string[]): { status: number | null; output: string } {
  const done = spawnSync(process.execPath, [join(here, "node_modules", ".bin", name), ...args], { cwd: here, encoding: "utf8", maxBuffer: 64 << 20 }); // biome-ignore format: one line
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}

async function keepDocument(name: string, as?: null): Promise<void> {
  const { text } = await call(server.url, "GET", "/v1/openapi.json", undefined, as === null ? { as } : {});
  writeFileSync(join(out, `${name}.json`), text);
}

beforeAll(async () => {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  await keepDocument("open", null);
  const create = async (definition: object) =>
    expect(await call(server.url, "POST", "/v1/collections", definition)).toMatchObject({ status: 201 });
  for (const definition of demoCollections) await create(definition);
  await keepDocument("demo");
  for (const definition of oddCollections) await create(definition);
  await keepDocument("odd");
});

describe.each(["open", "demo", "odd"])("the document %s", (name) => {
  test("redocly finds nothing, not even to warn of", () => {
    const { status, output } = tool("redocly", "lint", "--config", "redocly.yaml", "--max-problems", "20", `out/${name}.json`); // biome-ignore format: one line
    expect(output).not.toMatch(/warning/);
    expect(status, output).toBe(0);
  });

  test("spectral finds nothing, not even to hint at", () => {
    const { status, output } = tool("spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", `out/${name}.json`); // biome-ignore format: one line
    expect(status, output).toBe(0);
  });
});

test("two generated clients compile strictly and call a real server", () => {
  const hey = tool(
    "openapi-ts",
    "--input",
    "./out/odd.json",
    "--output",
    "out/hey-api",
    "--client",
    "@hey-api/client-fetch",
  );
  expect(hey.status, hey.output).toBe(0);
  const types = tool("openapi-typescript", "out/odd.json", "--output", "out/openapi-typescript.ts");
  expect(types.status, types.output).toBe(0);
  const compiled = tool("tsc", "--project", "tsconfig.json");
  expect(compiled.output).toBe("");
  writeFileSync(join(out, "package.json"), '{ "type": "module" }');
  for (const [client, calls] of [
    ["hey-api", 32],
    ["openapi-fetch", 12],
  ] as const) {
    const script = join(out, "js", "calls", `${client}.js`);
    const done = spawnSync(process.execPath, [script, server.url, serviceKey], { cwd: here, encoding: "utf8" });
    expect(`${done.stdout}${done.stderr}`.trim(), client).toBe(`${calls} calls`);
    expect(done.status).toBe(0);
  }
});
