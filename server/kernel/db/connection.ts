// DATABASE_URL as pg's settings. The URL may carry what libpq's may: sslmode, sslrootcert, sslcert, sslkey, host=/folder.
import { readFileSync } from "node:fs";
import type pg from "pg";
import { Exit } from "../exit.ts";

/**
 * sslmode follows libpq: `require` encrypts without judging the certificate unless sslrootcert is given; `verify-ca` and
 * `verify-full` judge it. pg's own reading differs by version, so the decision is made here.
 */
export function connectionFromUrl(
  url: string,
  readFile = (path: string) => readFileSync(path, "utf8"),
): pg.ClientConfig {
  const parsed = new URL(withHost(url));
  const query = parsed.searchParams;
  const host = query.get("host") ?? decodeURIComponent(parsed.hostname);
  const port = query.get("port") ?? parsed.port;
  const user = query.get("user") ?? decodeURIComponent(parsed.username);
  const database = query.get("dbname") ?? decodeURIComponent(parsed.pathname.slice(1));
  const ssl = tls(query, readFile);
  const password = query.get("password") ?? decodeURIComponent(parsed.password);
  return {
    host: host || "localhost",
    port: port ? Number(port) : 5432,
    user: user || "postgres",
    database: database || user || "postgres",
    // Never empty: pg would then look into the environment and ~/.pgpass, which are not ours to read.
    password: password || (() => ""),
    ssl,
  };
}

/** libpq lets the host be empty after credentials (`postgres://user:pw@/db?host=/folder`); the URL parser does not. */
export function withHost(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?#]|$)/, "$1localhost");
}

function tls(query: URLSearchParams, readFile: (path: string) => string): pg.ClientConfig["ssl"] {
  const mode = query.get("sslmode") ?? (query.get("ssl") === "true" ? "verify-full" : "disable");
  if (mode === "disable") return false;
  if (!["prefer", "allow", "require", "no-verify", "verify-ca", "verify-full"].includes(mode))
    throw new Exit(
      "config_invalid",
      `DATABASE_URL: sslmode=${mode} is none of disable, require, verify-ca, verify-full.`,
    );
  const file = (name: string) => {
    const path = query.get(name);
    if (path === null) return undefined;
    try {
      return readFile(path);
    } catch (error) {
      throw new Exit("config_invalid", `DATABASE_URL: ${name} names a file that cannot be read (${(error as NodeJS.ErrnoException).code}).`); // biome-ignore format: one line
    }
  };
  const [ca, cert, key] = [file("sslrootcert"), file("sslcert"), file("sslkey")];
  const judged = mode.startsWith("verify") || (mode === "require" && ca !== undefined);
  return {
    rejectUnauthorized: judged,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // A certificate for another name of the host is fine for everything short of verify-full.
    ...(judged && mode !== "verify-full" ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** `host:port/database`, for messages: no user, no password. */
export function describeConnection(connection: pg.ClientConfig): string {
  const place = connection.host?.startsWith("/") ? connection.host : `${connection.host}:${connection.port ?? 5432}`;
  return `${place}/${connection.database}`;
}
