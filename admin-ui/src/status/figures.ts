// Turns what the rooms report into pairs of name and text.
import type { JsonValue } from "../api/types.ts";
import { texts } from "./texts.ts";

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** `{changeLog: {ring: {usedBytes: 3}}}` is `Change log: ring, used bytes`, `3 B`. */
export function flatFigures(
  figures: { readonly [name: string]: JsonValue },
  path: readonly string[] = [],
): readonly [string, string][] {
  return Object.entries(figures).flatMap(([name, value]): readonly [string, string][] => {
    const here = [...path, name];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return flatFigures(value as { readonly [name: string]: JsonValue }, here);
    return [[titleOf(here), textOf(name, value)]];
  });
}

export function titleOf([room = "", ...rest]: readonly string[]): string {
  const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const title = words(room).replace(/^./, (letter) => letter.toUpperCase());
  return rest.length === 0 ? title : `${title}: ${rest.map(words).join(", ")}`;
}

function textOf(name: string, value: JsonValue): string {
  if (typeof value === "number") return /bytes$/i.test(name) ? bytes(value) : value.toLocaleString("en");
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  if (value === null || (Array.isArray(value) && value.length === 0)) return texts.none;
  return typeof value === "string" ? value : JSON.stringify(value);
}
