// The next version of the product, for tests of upgrades: this tree copied under another version number, with more
// migrations. The version upgraded from is this tree itself, so what is tested is that the code as it stands lives beside
// a newer schema; a later version's code is not there to be had.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Migration, migrations } from "@landfall/migrations";
import { generatorVersion } from "../../server/kernel/changelog/capture-sql.ts";
import { product } from "../../server/kernel/product.ts";

export interface Release {
  readonly version: string;
  /** Where its sources lie. */
  readonly root: string;
  remove(): void;
}

const here = new URL("../../", import.meta.url).pathname;

export const thisRelease: Release = { version: product.version, root: here, remove: () => {} };

export interface ReleaseChanges {
  readonly migrations: readonly Migration[];
  /** The text of the capture functions is another one: they are made anew at its start. */
  readonly capture?: boolean;
}

export function laterRelease(version: string, changes: ReleaseChanges): Release {
  const root = mkdtempSync(join(tmpdir(), `lf-${version}-`));
  const wanted = (path: string) => !/\.test\.ts$|^(node_modules|dist)$/.test(basename(path));
  for (const folder of ["server", "migrations", "sdk"])
    cpSync(join(here, folder), join(root, folder), { recursive: true, filter: wanted });
  for (const built of ["admin-ui/dist", "docs/dist"].filter((folder) => existsSync(join(here, folder)))) {
    mkdirSync(join(root, built, ".."), { recursive: true });
    symlinkSync(join(here, built), join(root, built));
  }
  linkPackages(root);
  for (const { name, sql } of changes.migrations) writeFileSync(join(root, "migrations", "sql", `${name}.sql`), sql);
  edit(join(root, "server/kernel/product.ts"), `version: "${product.version}"`, `version: "${version}"`);
  if (changes.capture)
    edit(join(root, "server/kernel/changelog/capture-sql.ts"), `generatorVersion = ${generatorVersion}`, `generatorVersion = ${generatorVersion + 1}`); // biome-ignore format: one line
  return { version, root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Every package of ours is the copy's own, all others are those installed here. */
function linkPackages(root: string): void {
  const [from, to] = [join(here, "node_modules"), join(root, "node_modules")];
  mkdirSync(join(to, "@landfall"), { recursive: true });
  for (const name of readdirSync(from))
    if (name !== "@landfall" && name !== ".cache") symlinkSync(join(from, name), join(to, name));
  for (const [name, folder] of Object.entries({ client: "sdk", migrations: "migrations", server: "server" }))
    symlinkSync(join(root, folder), join(to, "@landfall", name));
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
  writeFileSync(file, text.replace(from, to));
}

/** The minor version `n` after this one. */
export function versionAfter(n: number): string {
  const [major = 0, minor = 0] = product.version.split(".").map(Number);
  return `${major}.${minor + n}.0`;
}

/**
 * The release `n` minor versions later. Each adds to the busiest system tables, and from the second on takes away what the
 * one before had added: expand, then contract.
 */
export function releaseAfter(n: number, changes: Omit<ReleaseChanges, "migrations"> = {}): Release {
  return laterRelease(versionAfter(n), { ...changes, migrations: migrationsAfter(n) });
}

export function migrationsAfter(n: number): Migration[] {
  const first = migrations().length + 1;
  const texts = Array.from({ length: n }, (_, index) => index + 1).flatMap((k) => (k === 1 ? [expand(k)] : [expand(k), contract(k - 1)])); // biome-ignore format: one line
  return texts.map((sql, index) => ({ name: `${String(first + index).padStart(4, "0")}_later`, sql }));
}

const widened = ["change", "collection", "idempotencyKey", "instance"];

const expand = (k: number) => `-- breaks: nothing
CREATE TABLE landfall.later_${k} (id text PRIMARY KEY, collection int);
INSERT INTO landfall.later_${k} SELECT seq::text, collection FROM landfall.change;
${widened.map((table) => `ALTER TABLE landfall."${table}" ADD COLUMN later_${k} text, ADD COLUMN filled_${k} int NOT NULL DEFAULT 7;`).join("\n")}
CREATE INDEX later_${k}_instance ON landfall.instance (later_${k});
CREATE FUNCTION landfall.later_${k}() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT ${k} $$;
`;

const contract = (
  k: number,
) => `-- breaks: older servers than ${versionAfter(k)}, which use what ${versionAfter(k)} has left behind
DROP TABLE landfall.later_${k};
DROP FUNCTION landfall.later_${k}();
${widened.map((table) => `ALTER TABLE landfall."${table}" DROP COLUMN later_${k}, DROP COLUMN filled_${k};`).join("\n")}
`;
