// Writes the pages that follow from tables in the code: `npm run docs`. A contract test fails when one is stale.
import { writeFileSync } from "node:fs";
// Every room's codes are in the catalogue once the app is loaded.
import "../server/app.ts";
import { settingsPage } from "../server/kernel/config/describe.ts";
import { errorDocs } from "../server/kernel/errors/docs.ts";

/** Page → its text now. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  "config.md": settingsPage,
  "errors.md": errorDocs,
};

if (process.argv[1] === import.meta.filename) {
  for (const [page, text] of Object.entries(generatedPages)) writeFileSync(new URL(page, import.meta.url), text());
}
