// What `npm run bench peers` needs of each server: how it is started on its database, and how it gets the same posts, the
// same index and the permissions that come nearest to our rules.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { Contestant, Started } from "./contestants.ts";

export interface Candidate {
  readonly name: string;
  readonly version: string;
  /** Starts the process; resolves when its health page answers 200. */
  start(): Promise<Started>;
  /** Fills the database of a server that never ran before, through it, and says how to ask it. */
  prepare(started: Started): Promise<Contestant>;
}

export interface Place {
  readonly databaseUrl: string;
  /** A folder of the server's own. */
  readonly folder: string;
}

/** Where `npm run bench peers` installs them. */
export const peersFolder = new URL("../../tools/peers/", import.meta.url).pathname;

export function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

/** Runs SQL on a candidate's database: what its own API has no word for, and twenty thousand rows at once. */
export async function onDatabase(databaseUrl: string, ...statements: (string | pg.QueryConfig)[]): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** JSON calls against one server, with headers of its own. Anything but success is an error that says which call. */
export function caller(url: string, headers: Readonly<Record<string, string>>) {
  return async (method: string, path: string, value: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(value),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
}
