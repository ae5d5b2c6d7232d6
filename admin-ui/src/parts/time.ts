// Times and numbers in human units. The exact value is always one hover away.

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function relativeTime(at: string, nowMs: number): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return at;
  const seconds = (ms - nowMs) / 1000;
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.round(seconds / size), unit);
}

export function exactTime(at: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? at : `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

export const count = (n: number): string => n.toLocaleString("en");

/** `3 records`, `1 record`: the noun follows the number. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export function duration(seconds: number): string {
  if (seconds < 60) return counted(Math.round(seconds), "second");
  if (seconds < 3600) return counted(Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return counted(Math.round(seconds / 3600), "hour");
  return counted(Math.round(seconds / 86_400), "day");
}
