// What one value of a type looks like, whether it stands alone or in a list. `field-single.ts` and `field-many.ts` turn it
// into the FieldKind that the rest of the room sees.
import type { Issue } from "../kernel/errors/index.ts";
import type { Parsed } from "./field.ts";
import type { FieldDefinition, JsonValue } from "./types.ts";

export interface ValueType {
  /** Postgres type of one value, as written in DDL. */
  readonly sqlType: string;
  /** Never called with null. */
  parse(field: FieldDefinition, value: unknown, path: string): Parsed;
  /** Postgres' text form of a parsed value. */
  text(value: JsonValue): string;
  /** Text of a column or of a list's `text[]` element. `float` and `bool` lists need no cast. */
  json(text: string): string;
  /** Contract value from the form `to_jsonb` gives. */
  fromEntry(value: unknown): JsonValue;
  /** SQL condition on one value. */
  check?(field: FieldDefinition, column: string): string | null;
  /** SQL condition on a list: what can be said without a subquery, which CHECK does not allow. */
  checkList?(column: string): string | null;
  /** `array_to_json(column)` already is the contract's JSON: no cast to `text[]`, no work per element. */
  readonly listIsJson?: boolean;
}

/** The codes that say a value has the wrong shape (400); every other code means a well-formed value that cannot be (422). */
export const shapeCodes: ReadonlySet<string> = new Set(["type", "invalid_text"]);

export const ok = (value: JsonValue): Parsed => ({ ok: true, value });
export const refuse = (path: string, code: string, message: string): Parsed => ({
  ok: false,
  issues: [{ path, code, message }],
});
export const refuseAll = (issues: readonly Issue[]): Parsed => ({ ok: false, issues });

/** A JSON Pointer one step further down (RFC 6901). */
export function step(path: string, key: string | number): string {
  const part = String(key);
  // The names of fields hold neither, and this is asked for each value of each record.
  if (!part.includes("~") && !part.includes("/")) return `${path}/${part}`;
  return `${path}/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Postgres cannot store U+0000, and a lone surrogate has no UTF-8 form. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

export const invalidText = (path: string): Parsed =>
  refuse(path, "invalid_text", "Text must not contain U+0000 or a lone surrogate.");

/** Number of code points; a surrogate pair is one. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800) {
      count--;
      at++;
    }
  }
  return count;
}
