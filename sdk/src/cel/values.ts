// The values of the contract in JavaScript: order of texts, decimals without floats, times in milliseconds, deep equality.

const _SAFE_INT_MAX = Number.MAX_SAFE_INTEGER;
export const TIME_MIN = -62_135_596_800_000; // 0001-01-01T00:00:00.000Z
export const TIME_MAX = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

/**
 * Order by code point. UTF-16 units differ from it only where a surrogate meets U+E000 to U+FFFF.
 *
 * @example
 * ```ts
 * console.log(["b", "𝒳", "a"].sort(compareText)); // ["a", "b", "𝒳"]
 * ```
 */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return weightOf(x) - weightOf(y);
  }
  return a.length - b.length;
}

/** Lifts surrogates above every other unit. */
function weightOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * How many code points a text has: what `size()`, `min` and `max` count.
 *
 * @example
 * ```ts
 * console.log(codePoints("Åse 𝒳")); // 5
 * ```
 */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i += 1) if (isPair(text, i)) count -= 1;
  return count;
}

function isPair(text: string, i: number): boolean {
  return (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
}

const beyondAscii = /[\u0080-\uffff]/;
/** Small enough to be the arguments of one call in every engine. */
const pieceUnits = 8_192;

/** The engine's own change of case where it can touch nothing else. */
export const lowerAscii = (text: string): string =>
  beyondAscii.test(text) ? shifted(text, 0x41, 0x5a, 0x20) : text.toLowerCase();
export const upperAscii = (text: string): string =>
  beyondAscii.test(text) ? shifted(text, 0x61, 0x7a, -0x20) : text.toUpperCase();

/** The text with the units from `first` to `last` moved by `by`; some thousand at a time, as a call for each run is slow. */
function shifted(text: string, first: number, last: number, by: number): string {
  const piece = new Uint16Array(Math.min(text.length, pieceUnits));
  let made = "";
  for (let from = 0; from < text.length; from += pieceUnits) {
    const count = Math.min(pieceUnits, text.length - from);
    for (let i = 0; i < count; i += 1) {
      const unit = text.charCodeAt(from + i);
      piece[i] = unit >= first && unit <= last ? unit + by : unit;
    }
    made += Reflect.apply(String.fromCharCode, undefined, piece.subarray(0, count));
  }
  return made;
}

const decimalForm = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Whether a text is a decimal number.
 *
 * @example
 * ```ts
 * console.log(isDecimal("1.50"), isDecimal("1,50")); // true, false
 * ```
 */
export function isDecimal(text: string): boolean {
  return text.length <= 400 && decimalForm.test(text);
}

/**
 * Compares decimal texts by value: "1.50" equals "1.5".
 *
 * @example
 * ```ts
 * console.log(compareDecimal("1.5", "1.50")); // 0
 * ```
 */
export function compareDecimal(a: string, b: string): number {
  const x = readDecimal(a);
  const y = readDecimal(b);
  const scale = Math.max(x.scale, y.scale);
  const left = x.digits * 10n ** BigInt(scale - x.scale);
  const right = y.digits * 10n ** BigInt(scale - y.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

function readDecimal(text: string): { digits: bigint; scale: number } {
  const [, sign, whole = "0", fraction = "", exponent = "0"] = decimalForm.exec(text) ?? [];
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

const timeForm = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * RFC 3339 to milliseconds; digits beyond them are cut off. Undefined when it is no time of the years 1 to 9999.
 *
 * @example
 * ```ts
 * console.log(parseTime("2026-06-01T12:00:00+02:00") === Date.UTC(2026, 5, 1, 10)); // true
 * ```
 */
export function parseTime(text: string): number | undefined {
  const m = timeForm.exec(text);
  if (!m) return undefined;
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (!isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = m[8] === undefined ? 0 : Number(m[9]) * 60 + Number(m[10]);
  if (Number(m[9] ?? 0) > 23 || Number(m[10] ?? 0) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(
    hour,
    minute - (m[8] === "-" ? -offset : offset),
    second,
    Number((m[7] ?? "").padEnd(3, "0").slice(0, 3)),
  );
  return inTime(date.getTime()) ? date.getTime() : undefined;
}

export function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

export const inTime = (ms: number): boolean => ms >= TIME_MIN && ms <= TIME_MAX;
/**
 * Milliseconds since 1970 as RFC 3339, in UTC.
 *
 * @example
 * ```ts
 * console.log(formatTime(0)); // "1970-01-01T00:00:00.000Z"
 * ```
 */
export const formatTime = (ms: number): string => new Date(ms).toISOString();

const durationForm = /^([+-]?)((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)$/;
const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/**
 * `1h30m`, `1.5s`, `250ms` to whole milliseconds, at most ±(2^53-1).
 *
 * @example
 * ```ts
 * console.log(parseDuration("1h30m")); // 5400000
 * ```
 */
export function parseDuration(text: string): number | undefined {
  const m = text.length <= 100 ? durationForm.exec(text) : null;
  if (!m) return undefined;
  let ms = 0;
  for (const [, amount = "0", unit] of (m[2] ?? "").matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    ms += Number(amount) * unitMs[unit as keyof typeof unitMs];
  }
  if (!Number.isSafeInteger(ms)) return undefined;
  return m[1] === "-" ? 0 - ms : ms;
}

/**
 * Deep equality of JSON values: numbers by value, objects whatever the order of their keys.
 *
 * @example
 * ```ts
 * console.log(equalJson({ a: [1, null] }, { a: [1, null] })); // true
 * ```
 */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
  );
}

export function isPlain(value: unknown): value is { [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A point as expressions see it.
 *
 * @example
 * ```ts
 * const harbour: Geo = { lat: 53.54, lng: 9.98 };
 * console.log(distanceM(harbour, harbour)); // 0
 * ```
 */
export interface Geo {
  readonly lat: number;
  readonly lng: number;
}

const radians = Math.PI / 180;
/** Mean radius of the Earth (IUGG), in metres. `landfall.expr_distance` uses the same number. */
const earthRadiusM = 6_371_008.8;

/**
 * Great-circle distance in metres by the haversine formula. Both back ends agree to 1 part in 10^9.
 *
 * @example
 * ```ts
 * const metres = distanceM({ lat: 52.52, lng: 13.405 }, { lat: 48.137, lng: 11.575 });
 * console.log(Math.round(metres / 1000)); // 504
 * ```
 */
export function distanceM(a: Geo, b: Geo): number {
  const dLat = Math.sin(((b.lat - a.lat) * radians) / 2);
  const dLng = Math.sin(((b.lng - a.lng) * radians) / 2);
  const h = dLat * dLat + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * (dLng * dLng);
  return 2 * earthRadiusM * Math.asin(Math.min(1, Math.sqrt(h)));
}

export const isPlace = (lat: number, lng: number): boolean => lat >= -90 && lat <= 90 && lng >= -180 && lng <= 180;
