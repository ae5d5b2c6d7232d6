import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatedPages } from "../../docs/generate.ts";

test.each(Object.keys(generatedPages))("docs/%s is what the code says; `npm run docs` writes it", (page) => {
  const written = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  expect(written).toBe(generatedPages[page]?.());
});
