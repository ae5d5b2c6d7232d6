// Turns what the rooms report into pairs of name and text.
import type { JsonValue } from "../api/types.ts";
import { texts } from "./texts.ts";

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** One room's figures: `{ring: {usedBytes: 3}}` is `Ring: used bytes`, `3 B`. */
export function flatFigures(figures: JsonValue, path: readonly string[] = []): readonly [string, string][] {
  const isGroup = typeof figures === "object" && figures !== null && !Array.isArray(figures);
  if (!isGroup) return [[titleOf(...path), textOf(path.at(-1) ?? "", figures)]];
  return Object.entries(figures as { readonly [name: string]: JsonValue }).flatMap(([name, value]) =>
    flatFigures(value, [...path, name]),
  );
}

export function titleOf(first = "", ...rest: readonly string[]): string {
  const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const title = words(first).replace(/^api\b|^./, (start) => start.toUpperCase());
  return rest.length === 0 ? title : `${title}: ${rest.map(words).join(", ")}`;
}

function textOf(name: string, value: JsonValue): string {
  if (typeof value === "number") return /bytes$/i.test(name) ? bytes(value) : value.toLocaleString("en");
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  if (value === null || (Array.isArray(value) && value.length === 0)) return texts.none;
  return typeof value === "string" ? value : JSON.stringify(value);
}
