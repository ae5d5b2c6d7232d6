// Writes docs/config.md from the settings table: `node server/kernel/config/docs.ts`. A test fails when it is stale.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { settingsPage } from "./describe.ts";

const page = new URL("../../../docs/config.md", import.meta.url);
mkdirSync(dirname(page.pathname), { recursive: true });
writeFileSync(page, settingsPage());
