// Writes the PL/pgSQL of the BEFORE triggers of one collection: what every stored row must be like, and its system columns.
// Pure text: no database, no state.
//
// The checks stand here and not in CHECK constraints because Postgres reads and plans each of those anew for every
// statement, which made up a fifth of a one-row write; an expression of PL/pgSQL is planned once per connection. They hold
// for every writer all the same. Rows that are there when a check comes are proved by whoever brings it.
import pg from "pg";
import type { CapturedCheck, CapturedCollection } from "./types.ts";

const literal = (text: string) => pg.escapeLiteral(text);

// Each expression is prepared once per transaction, which costs more than what it says: the usual way of a row is one
// condition and what must be assigned, and everything that is rare stands behind that condition.

/** A writer's own values for the system columns are ignored. */
export function stampInsertFunction({ checks = [] }: CapturedCollection): string {
  const unusual = ["createdAt", "updatedAt"].map((name) => `NEW."${name}" IS DISTINCT FROM now()::timestamptz(3)`);
  return `
BEGIN
  IF ${[...unusual, ...fails(checks)].join(" OR ")} THEN
    NEW."createdAt" := now();
    NEW."updatedAt" := NEW."createdAt";
    ${refusal(checks)}
  END IF;
  NEW.version := nextval('landfall.version');
  RETURN NEW;
END`;
}

/**
 * The same while the row lock is held. An update that changes nothing keeps its version; `landfall.joined` marks the touch
 * of an owner by its join table.
 */
export function stampUpdateFunction({ checks = [] }: CapturedCollection): string {
  const system = ["createdAt", "updatedAt", "version"];
  const unusual = system.map((name) => `NEW."${name}" IS DISTINCT FROM OLD."${name}"`);
  return `
BEGIN
  IF ${[...unusual, "NEW *= OLD", ...fails(checks)].join(" OR ")} THEN
    ${system.map((name) => `NEW."${name}" := OLD."${name}";`).join("\n    ")}
    IF NEW *= OLD AND coalesce(current_setting('landfall.joined', true), '') = '' THEN
      RETURN NEW;
    END IF;
    ${refusal(checks)}
  END IF;
  NEW."updatedAt" := greatest(OLD."updatedAt", now());
  NEW.version := nextval('landfall.version');
  RETURN NEW;
END`;
}

/** As a CHECK does it: only what is false is refused. */
const fails = (checks: readonly CapturedCheck[]): string[] =>
  checks.length === 0 ? [] : [`(${checks.map(({ sql }) => `(${sql})`).join(" AND ")}) IS FALSE`];

/** Names the first check that fails, with Postgres' own code and words. */
function refusal(checks: readonly CapturedCheck[]): string {
  if (checks.length === 0) return "";
  const each = checks.map(({ name, sql }) => `WHEN (${sql}) IS FALSE THEN ${literal(name)}`);
  return `DECLARE
      violated text := CASE ${each.join("\n        ")} END;
    BEGIN
      IF violated IS NOT NULL THEN
        RAISE check_violation USING
          MESSAGE = format('new row for relation "%s" violates check constraint "%s"', TG_TABLE_NAME, violated),
          CONSTRAINT = violated, TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
      END IF;
    END;`;
}
