// A record while it is edited: every value as its input holds it, and back to JSON. Null, empty and "not said" stay apart:
// `null`, `""` and `undefined` (a new record's field that takes its default).
import type { Field, JsonValue, Row } from "../api/types.ts";
import { texts } from "./texts.ts";

export type FormValue =
  | undefined
  | null
  | string
  | boolean
  | readonly string[]
  | { readonly lat: string; readonly lng: string };
export type Form = { readonly [field: string]: FormValue };

export type Read =
  | { readonly ok: true; readonly value: JsonValue | undefined }
  | { readonly ok: false; readonly fault: string };

export function toForm(field: Field, value: JsonValue | undefined): FormValue {
  if (value === undefined || value === null) return value;
  if (field.type === "json") return JSON.stringify(value, null, 2);
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
  if (field.type === "bool") return value === true;
  if (field.type === "geo" && typeof value === "object") {
    const { lat, lng } = value as { readonly [key: string]: JsonValue };
    return { lat: String(lat), lng: String(lng) };
  }
  return String(value);
}

export function formOf(fields: readonly Field[], row: Row | undefined): Form {
  return Object.fromEntries(
    fields.map((field) => [field.name, row ? toForm(field, row[field.name] ?? null) : undefined]),
  );
}

export function fromForm(field: Field, value: FormValue): Read {
  if (value === undefined) return { ok: true, value: undefined };
  if (value === null) return field.required ? fault(texts.faults.required) : { ok: true, value: null };
  if (typeof value === "boolean") return { ok: true, value };
  if (typeof value === "string") return fromText(field, value);
  if ("lat" in value) return fromPlace(value);
  const items = value.map((item) => fromText(field, item));
  const bad = items.find((item) => !item.ok);
  return bad ?? { ok: true, value: items.map((item) => (item.ok ? (item.value ?? null) : null)) };
}

const fault = (text: string): Read => ({ ok: false, fault: text });

const forms: { readonly [type in Field["type"]]?: RegExp } = {
  decimal: /^-?\d+(\.\d+)?$/,
  integer: /^-?\d+$/,
  date: /^\d{4}-\d\d-\d\d$/,
  datetime: /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/,
};

function fromText(field: Field, text: string): Read {
  const { type } = field;
  const form = forms[type];
  if (form && !form.test(text)) return fault(texts.faults[type as keyof typeof texts.faults]);
  if (type === "integer") {
    const value = Number(text);
    return Number.isSafeInteger(value) ? { ok: true, value } : fault(texts.faults.integer);
  }
  if (type === "number") {
    const value = Number(text);
    return text.trim() !== "" && Number.isFinite(value) ? { ok: true, value } : fault(texts.faults.number);
  }
  if (type === "bool") return { ok: true, value: text === "true" };
  if (type !== "json") return { ok: true, value: text };
  try {
    return { ok: true, value: JSON.parse(text) as JsonValue };
  } catch {
    return fault(texts.faults.json);
  }
}

function fromPlace(place: { readonly lat: string; readonly lng: string }): Read {
  const [lat, lng] = [Number(place.lat), Number(place.lng)];
  const bad = place.lat.trim() === "" || place.lng.trim() === "" || !(Math.abs(lat) <= 90) || !(Math.abs(lng) <= 180);
  return bad ? fault(texts.faults.geo) : { ok: true, value: { lat, lng } };
}

export type Faults = { readonly [field: string]: string };
export type Change = { readonly [field: string]: JsonValue };

/** What differs from the record as it was read, or what is wrong with it. */
export function changesIn(
  fields: readonly Field[],
  before: Form,
  form: Form,
): { readonly change: Change; readonly faults: Faults } {
  const change: { [field: string]: JsonValue } = {};
  const faults: { [field: string]: string } = {};
  for (const field of fields) {
    if (same(before[field.name], form[field.name])) continue;
    const read = fromForm(field, form[field.name]);
    if (!read.ok) faults[field.name] = read.fault;
    else if (read.value !== undefined) change[field.name] = read.value;
  }
  return { change, faults };
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * PATCH merges objects (RFC 7396), so a key that was taken out of a json value must be named with null.
 * Undefined when the new value itself holds nulls, which a merge cannot say: then the record is replaced as a whole.
 */
export function mergePatch(before: JsonValue | undefined, after: JsonValue): JsonValue | undefined {
  if (!isObject(after)) return after;
  const old = isObject(before) ? before : {};
  const patch: { [key: string]: JsonValue } = {};
  for (const key of Object.keys(old)) if (!(key in after)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    if (value === null && !(key in old && old[key] === null)) return undefined;
    if (value === null || same(old[key], value)) continue;
    const part = mergePatch(old[key], value);
    if (part === undefined) return undefined;
    patch[key] = part;
  }
  return patch;
}

const isObject = (value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The body of a PATCH, or undefined when only a PUT can say the change. */
export function patchBody(fields: readonly Field[], before: Row, change: Change): object | undefined {
  const body: { [field: string]: JsonValue } = {};
  for (const [name, value] of Object.entries(change)) {
    const isJson = fields.find((field) => field.name === name)?.type === "json";
    const part = isJson ? mergePatch(before[name], value) : value;
    if (part === undefined) return undefined;
    body[name] = part;
  }
  return body;
}
