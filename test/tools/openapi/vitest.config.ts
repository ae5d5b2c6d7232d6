import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: join(import.meta.dirname, "../../.."),
  test: {
    include: ["test/tools/openapi/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Linters and compilers of other people on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
