// Turns what the rooms report into pairs of name and text.
import type { JsonValue } from "../api/types.ts";

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** `{changeLog: {lagMs: 3}}` is `changeLog.lagMs`, `3`. */
export function flatFigures(figures: { readonly [name: string]: JsonValue }, before = ""): readonly [string, string][] {
  return Object.entries(figures).flatMap(([name, value]): readonly [string, string][] => {
    const path = before + name;
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return flatFigures(value as { readonly [name: string]: JsonValue }, `${path}.`);
    return [
      [
        path,
        typeof value === "number"
          ? value.toLocaleString("en")
          : typeof value === "string"
            ? value
            : JSON.stringify(value),
      ],
    ];
  });
}
