// Turns what the rooms report into pairs of name and text.
import type { JsonValue, ServerStatus } from "../api/types.ts";
import { texts } from "./texts.ts";

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

type Figures = { readonly [name: string]: JsonValue };

const isFigures = (value: JsonValue | undefined): value is Figures =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What somebody should look at: the server's notices, and the warning of any room that has one. */
export function warningsOf({ notices, figures }: Pick<ServerStatus, "notices" | "figures">): readonly string[] {
  const rooms = Object.values(figures).flatMap((room) =>
    isFigures(room) && typeof room.warning === "string" ? [room.warning] : [],
  );
  return [...notices.map(({ message }) => message), ...rooms];
}

/** When the last good scheduled backup was taken; undefined: none is scheduled, `null`: none was taken yet. */
export function lastBackup({ figures }: Pick<ServerStatus, "figures">): string | null | undefined {
  const { backups } = figures;
  if (!isFigures(backups) || typeof backups.schedule !== "string") return undefined;
  return isFigures(backups.lastSuccess) && typeof backups.lastSuccess.at === "string" ? backups.lastSuccess.at : null;
}

/** One room's figures: `{ring: {usedBytes: 3}}` is `Ring: used bytes`, `3 B`. */
export function flatFigures(figures: JsonValue, path: readonly string[] = []): readonly [string, string][] {
  if (!isFigures(figures)) return [[titleOf(...path), textOf(path.at(-1) ?? "", figures)]];
  return Object.entries(figures).flatMap(([name, value]) => flatFigures(value, [...path, name]));
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
