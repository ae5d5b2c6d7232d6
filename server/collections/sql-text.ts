// Quoting for the few places where a value or a name cannot be a bound parameter: DDL.
import pg from "pg";

/** `posts` → `"posts"`. Names come from our own catalogue only. */
export const escapeName = (name: string): string => pg.escapeIdentifier(name);

/** A string as an SQL literal, right under both settings of standard_conforming_strings. */
export const escapeLiteral = (text: string): string => pg.escapeLiteral(text).trimStart();

/** Postgres' text form of an array of texts; null stands for NULL. */
export function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(",")}}`;
}
