// Numbered, forward-only migrations of the system schema. A file's first line says `-- breaks: nothing`, or
// `-- breaks: older servers than X.Y.Z`; two adjacent versions of the server always share one schema: expand first, contract a
// release later (docs/decisions/020-side-by-side.md; test/contracts/migration-rules.ts says which statements may stand here).
import { readdirSync, readFileSync } from "node:fs";

export interface Migration {
  /** File name without `.sql`, e.g. `0001_base`. */
  readonly name: string;
  readonly sql: string;
}

const folder = new URL("./sql/", import.meta.url);

/** All migrations in order. */
export function migrations(): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({ name: file.slice(0, -".sql".length), sql: readFileSync(new URL(file, folder), "utf8") }));
}
