// Writes the pages that follow from tables in the code: `npm run docs`. A contract test fails when one is stale.
import { writeFileSync } from "node:fs";
// Every room's codes are in the catalogue once the app is loaded.
import "../server/app.ts";
import { settingsPage } from "../server/kernel/config/describe.ts";
import { errorDocs } from "../server/kernel/errors/docs.ts";
import { cliPage } from "./generated/cli-page.ts";
import { fieldTypesPage } from "./generated/field-types-page.ts";
import { functionsPage } from "./generated/functions-page.ts";
import { limitsPage } from "./generated/limits-page.ts";
import { providersPage } from "./generated/providers-page.ts";
import { sdkPage } from "./generated/sdk-page.ts";

/** Page → its text now. */
export const generatedPages: Readonly<Record<string, () => string | Promise<string>>> = {
  "cli.md": cliPage,
  "config.md": settingsPage,
  "errors.md": errorDocs,
  "field-types.md": fieldTypesPage,
  "functions.md": functionsPage,
  "limits.md": limitsPage,
  "providers.md": providersPage,
  "sdk.md": sdkPage,
};

if (process.argv[1] === import.meta.filename) {
  for (const [page, text] of Object.entries(generatedPages)) {
    writeFileSync(new URL(page, import.meta.url), await text());
  }
}
