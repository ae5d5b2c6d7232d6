// What an app pays for the client: the core as a bundler leaves it in an app that only calls createClient, minified and
// compressed. The limit is the contract; the figure is printed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { afterAll, expect, test } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const dist = join(root, "sdk/dist/package/dist");
const folder = mkdtempSync(join(tmpdir(), "lf-size-"));
const limitBytes = 15 * 1024;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bundled(name: string, source: string) {
  const input = join(folder, `${name}.js`);
  writeFileSync(input, source.replaceAll("@client", dist));
  const bundle = await rolldown({ input, platform: "neutral" });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const [chunk] = output;
  return { gzipBytes: gzipSync(chunk.code, { level: 9 }).length, modules: chunk.moduleIds, code: chunk.code };
}

test("createClient is under 15 kB compressed, and takes neither the expression language nor a package with it", async () => {
  const { gzipBytes, modules } = await bundled(
    "core",
    `import { createClient } from "@client/index.js"; globalThis.make = createClient;`,
  );
  process.stdout.write(`createClient: ${(gzipBytes / 1024).toFixed(1)} kB gzip of ${limitBytes / 1024} kB\n`);
  expect(modules.length).toBeGreaterThan(5);
  expect(modules.filter((id) => id.includes("/cel/") || id.includes("node_modules"))).toEqual([]);
  expect(gzipBytes).toBeLessThan(limitBytes);
  // What docs/guides/client.md says.
  expect(gzipBytes).toBeLessThan(12 * 1024);
});

test("what is not called is not shipped", async () => {
  const schemaOnly = await bundled(
    "schema",
    `import { defineSchema } from "@client/index.js"; globalThis.make = defineSchema;`,
  );
  expect(schemaOnly.gzipBytes).toBeLessThan(200);
  const wireOnly = await bundled(
    "wire",
    `import { recordActions } from "@client/wire/index.js"; globalThis.list = recordActions;`,
  );
  expect(wireOnly.gzipBytes).toBeLessThan(200);
});
