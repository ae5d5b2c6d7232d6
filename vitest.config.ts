// One vitest for the whole workspace; `test/run.ts` runs it suite by suite with a budget for each.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{server,sdk,migrations,admin-ui,test}/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**", "test/tools/**"],
    globalSetup: ["test/support/global-setup.ts"],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
