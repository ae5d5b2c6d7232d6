// What no error may show of the inside (X10): SQL, stacks, paths, versions, names of constraints, functions and system tables.
// The names are those of the database as it is; what the caller sent itself may come back.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { product } from "../../server/kernel/product.ts";
import type { TestDatabase } from "./database.ts";

export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What it found, or nothing. `sent`: all that the caller said. */
export type InsideScan = (answer: Seen, sent: string) => string | undefined;

const phrases =
  /SELECT .* FROM|INSERT INTO|UPDATE .* SET |\bat \S+ \(|at .*\.(ts|js|mjs):\d+|node:internal|node_modules|violates|pg_[a-z]|\b(relation|column|function|constraint|index) "|_pkey|_fkey|syntax error at|SQLSTATE|PostgreSQL|\bpostgres\b|\bExpress\b|Node\.js/i;

export async function insideScan(database: TestDatabase): Promise<InsideScan> {
  const names = await database.db.query<{ name: string }>({
    text: `SELECT conname AS name FROM pg_constraint WHERE connamespace IN ('landfall'::regnamespace, 'public'::regnamespace)
           UNION SELECT proname FROM pg_proc WHERE pronamespace = 'landfall'::regnamespace
           UNION SELECT relname FROM pg_class WHERE relnamespace = 'landfall'::regnamespace
           UNION SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'i'
           UNION SELECT 'landfall.' || relname FROM pg_class WHERE relnamespace = 'landfall'::regnamespace
           UNION SELECT current_database()`,
  });
  const [postgres] = await database.db.query<{ version: string }>({
    text: "SELECT current_setting('server_version') AS version",
  });
  const root = new URL("../../", import.meta.url);
  const versionOf = (name: string) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), "utf8")).version as string; // biome-ignore format: one line
  const versions = [
    product.version,
    process.versions.node,
    postgres?.version ?? "",
    ...["express", "pg", "knex", "pino"].map(versionOf),
  ];
  // A table named by a plain word, as `session` is, cannot be told from the word; by its schema it can.
  const telling = names.map(({ name }) => name).filter((name) => /[_.]|[a-z][A-Z]/.test(name) && name !== "apiKey");
  const needles = [...telling, root.pathname, `${tmpdir()}/`, "/root/", "/home/", "/usr/"];

  return ({ headers, text }, sent) => {
    const ours = text.length > 20_000 ? text.slice(0, 20_000) : text;
    const phrase = phrases.exec(ours)?.[0];
    if (phrase !== undefined && !sent.includes(phrase)) return `shows ${JSON.stringify(phrase)}`;
    const name = needles.find((needle) => ours.includes(needle) && !sent.includes(needle));
    if (name !== undefined) return `names ${name}`;
    const lines = `${ours}\n${Object.entries(headers).map(([header, value]) => `${header}: ${value}`).join("\n")}`; // biome-ignore format: one text
    const version = versions.find((one) => contains(lines, one) && !sent.includes(one));
    if (version !== undefined) return `tells the version ${version}`;
    const header = ["server", "x-powered-by", "via", "x-aspnet-version"].find((one) => headers[one] !== undefined);
    return header === undefined ? undefined : `has the header ${header}: ${headers[header]}`;
  };
}

/** Not as a part of a longer number. */
function contains(text: string, version: string): boolean {
  const at = text.indexOf(version);
  return at >= 0 && !/[\d.]/.test(text[at - 1] ?? "") && !/\d/.test(text[at + version.length] ?? "");
}
