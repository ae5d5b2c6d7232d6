// The page shows the figures that were saved, not figures somebody typed.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { reported } from "../bench/report.ts";

test.each(Object.entries(reported()))("%s is what the saved figures say (npm run bench report)", (file, text) => {
  expect(readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8")).toBe(text);
});
