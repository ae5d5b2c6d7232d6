// One cloned database per test file: call `testDatabase()` at the top level of the file.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { createDb, type PooledDb, type PoolOptions } from "../../server/kernel/db/pool.ts";
import type { EmbeddedPostgres } from "../../server/kernel/postgres/embedded.ts";
import { poolDefaults } from "./pool-defaults.ts";
import { startTemplate } from "./template.ts";

export interface TestDatabase {
  /** The product's view: the plain role `landfall`, no superuser. Available from beforeAll on. */
  readonly db: PooledDb;
  readonly name: string;
  /** `DATABASE_URL` for a server process. */
  readonly url: string;
  readonly connection: pg.ClientConfig;
  /** A further pool on the same database, closed with the file. */
  open(options?: Partial<PoolOptions>): PooledDb;
}

export interface TestDatabaseOptions {
  /** An empty database instead of a migrated one. */
  readonly empty?: boolean;
  /** A cluster of its own, for what depends on the transactions of the whole cluster. */
  readonly alone?: boolean;
}

export function testDatabase(options: TestDatabaseOptions = {}): TestDatabase {
  const own = options.alone ? mkdtempSync(join(tmpdir(), "lf-")) : undefined;
  const host = own === undefined ? inject("postgresHost") : join(own, "s");
  let cluster: EmbeddedPostgres | undefined;
  const name = `t_${randomBytes(6).toString("hex")}`;
  const connection = { host, user: "landfall", database: name };
  const opened: PooledDb[] = [];
  let main: PooledDb | undefined;
  const open = (extra: Partial<PoolOptions> = {}) => {
    const db = createDb({ ...poolDefaults, connection, ...extra });
    opened.push(db);
    return db;
  };
  beforeAll(async () => {
    if (own !== undefined) cluster = await startTemplate(own);
    await asSuperuser(
      host,
      `CREATE DATABASE ${name} OWNER landfall${options.empty ? "" : " TEMPLATE landfall_template"}`,
    );
    main = open();
  });
  afterAll(async () => {
    await Promise.all(opened.map((db) => db.stop()));
    await asSuperuser(host, `DROP DATABASE ${name} WITH (FORCE)`);
    await cluster?.stop();
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  });
  return {
    get db() {
      if (!main) throw new Error("testDatabase() is ready from beforeAll on");
      return main;
    },
    name,
    url: `postgres://landfall@localhost/${name}?host=${encodeURIComponent(host)}`,
    connection,
    open,
  };
}

/** Runs one statement as the cluster's superuser. */
export async function asSuperuser(host: string, text: string, database = "postgres"): Promise<pg.QueryResult> {
  const client = new pg.Client({ host, user: "postgres", database });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
