// The values of a filter: what is not there is refused by the name of its place. JSON would drop it on the way, and a filter
// that lost a condition matches more than was meant.
import { LandfallError } from "./error.ts";

export interface Node {
  readonly op: string;
  readonly args: readonly unknown[];
}

export type Members = { readonly [member: string]: unknown };

export const node = (op: string, ...args: unknown[]): Node => ({ op, args });
export const literal = (value: unknown): Node => node("value", value);

export function refused(message: string): LandfallError {
  return new LandfallError({ code: "invalid_argument", message });
}

/** The value, which is not undefined. */
export function given(value: unknown, place: string): unknown {
  if (value !== undefined) return value;
  throw refused(
    `The filter's "${place}" is undefined. Leave it out to not ask for it, or say null for records without a value.`,
  );
}

export function objectAt(value: unknown, place: string): Members {
  const found = place === "" ? value : given(value, place);
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Members;
  throw refused(place === "" ? "A filter must be an object." : `The filter's "${place}" must be an object.`);
}

export function listAt(value: unknown, place: string): readonly unknown[] {
  const found = given(value, place);
  if (Array.isArray(found)) return found;
  throw refused(`The filter's "${place}" must be a list.`);
}

/** A JSON value as a tree of literals. */
export function jsonTree(value: unknown, place: string): Node {
  const found = given(value, place);
  if (Array.isArray(found)) return node("list", ...found.map((item, i) => jsonTree(item, `${place}[${i}]`)));
  if (isPlainObject(found)) {
    return node("map", ...Object.entries(found).flatMap(([key, part]) => [key, jsonTree(part, `${place}.${key}`)]));
  }
  const scalar = found === null || typeof found === "string" || typeof found === "boolean" || Number.isFinite(found);
  if (scalar) return literal(found);
  throw refused(`The filter's "${place}" is no JSON value.`);
}

function isPlainObject(value: unknown): value is Members {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
