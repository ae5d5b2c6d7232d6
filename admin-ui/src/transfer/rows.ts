// A file as a stream of records, whatever its format. Nothing larger than one piece is held in memory.
import type { Collection, Field, JsonValue } from "../api/types.ts";
import { CsvReader, separatorOf } from "./csv.ts";
import { JsonArrayReader } from "./json-array.ts";

export type Format = "ndjson" | "json" | "csv";
export type RowObject = { readonly [field: string]: JsonValue };

export interface SourceRow {
  /** Counted from 1, without a CSV's heading. */
  readonly number: number;
  readonly record?: RowObject;
  /** Why it could not be read. */
  readonly fault?: string;
  /** Bytes of the file read so far, for the progress bar. */
  readonly readBytes: number;
}

/** By the name's ending, else by the first character. */
export function formatOf(name: string, start: string): Format {
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase();
  if (ending === "csv" || ending === "tsv") return "csv";
  if (ending === "ndjson" || ending === "jsonl") return "ndjson";
  const first = start.trimStart()[0];
  return first === "[" ? "json" : first === "{" ? "ndjson" : "csv";
}

export async function* rowsOf(file: Blob, format: Format, collection: Collection): AsyncGenerator<SourceRow> {
  let number = 0;
  let readBytes = 0;
  const read = format === "csv" ? csvRows(collection) : jsonRows(format);
  const bytes = file.stream().getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await bytes.read();
      readBytes += value?.byteLength ?? 0;
      for (const row of read(decoder.decode(value, { stream: !done }), done)) {
        number += 1;
        yield { number, readBytes, ...row };
      }
      if (done) return;
    }
  } finally {
    // A reader who stops early lets go of the file.
    await bytes.cancel().catch(() => undefined);
  }
}

type Found = { readonly record: RowObject } | { readonly fault: string };
type Read = (piece: string, last: boolean) => Iterable<Found>;

function jsonRows(format: "ndjson" | "json"): Read {
  const array = new JsonArrayReader();
  let rest = "";
  return function* read(piece, last) {
    if (format === "json") {
      for (const text of array.read(piece)) yield parsed(text);
      return;
    }
    const lines = (rest + piece).split("\n");
    rest = last ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim() !== "") yield parsed(line);
  };
}

function parsed(text: string): Found {
  try {
    const record = JSON.parse(text) as unknown;
    if (typeof record === "object" && record !== null && !Array.isArray(record)) return { record: record as RowObject };
    return { fault: `Expected an object, found: ${text.slice(0, 80)}` };
  } catch {
    return { fault: `Not JSON: ${text.slice(0, 80)}` };
  }
}

function csvRows(collection: Collection): Read {
  let reader: CsvReader | undefined;
  let names: readonly string[] | undefined;
  let start = "";
  const fields = new Map(collection.fields.map((field) => [field.name, field]));
  return function* read(piece, last) {
    if (!reader) {
      // The separator is known once the heading line is whole.
      start += piece;
      if (!start.includes("\n") && !last) return;
      reader = new CsvReader(separatorOf(start.split("\n")[0] ?? ""));
      piece = start.replace(/^\uFEFF/, "");
    }
    const rows = last ? [...reader.read(piece), ...reader.end()] : reader.read(piece);
    for (const cells of rows) {
      if (!names) names = cells.map((name) => name.trim());
      else yield csvRecord(names, cells, fields);
    }
  };
}

function csvRecord(names: readonly string[], cells: readonly string[], fields: ReadonlyMap<string, Field>): Found {
  const record: { [field: string]: JsonValue } = {};
  for (const [at, name] of names.entries()) {
    const field = fields.get(name);
    const text = cells[at] ?? "";
    // A column without a field stays, so that it can be named; `knownFields` leaves it out of what is sent.
    const value = field ? csvValue(field, text) : text === "" ? undefined : text;
    if (value !== undefined) record[name] = value;
  }
  return { record };
}

/** An empty cell says nothing, so the field takes its default. What cannot be converted goes as text; the server says why not. */
export function csvValue(field: Field, text: string): JsonValue | undefined {
  if (text === "") return undefined;
  if (field.many)
    return /^\s*\[/.test(text) ? asJson(text) : text.split(/\s*[|;]\s*/).map((item) => oneValue(field, item));
  return oneValue(field, text);
}

function oneValue(field: Field, text: string): JsonValue {
  switch (field.type) {
    case "number":
    case "integer":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "bool":
      return /^(true|yes|1)$/i.test(text) ? true : /^(false|no|0)$/i.test(text) ? false : text;
    case "json":
      return asJson(text);
    case "geo": {
      const place = /^\s*(-?[\d.]+)\s*[,; ]\s*(-?[\d.]+)\s*$/.exec(text);
      return place ? { lat: Number(place[1]), lng: Number(place[2]) } : asJson(text);
    }
    default:
      return text;
  }
}

function asJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Leaves out what the collection does not know and what the server sets by itself. */
export function knownFields(
  record: RowObject,
  collection: Collection,
): { record: RowObject; unknown: readonly string[] } {
  const names = new Set(["id", ...collection.fields.filter(({ type }) => type !== "autodate").map(({ name }) => name)]);
  const silent = new Set(["createdAt", "updatedAt", "version", ...collection.fields.map(({ name }) => name)]);
  const entries = Object.entries(record);
  return {
    record: Object.fromEntries(entries.filter(([name]) => names.has(name))),
    unknown: entries.map(([name]) => name).filter((name) => !names.has(name) && !silent.has(name)),
  };
}

/** Required fields that none of these rows has, so that every one of them would be refused. */
export function missingFields(rows: readonly SourceRow[], collection: Collection): readonly string[] {
  const readable = rows.flatMap(({ record }) => (record ? [record] : []));
  if (readable.length === 0) return [];
  return collection.fields
    .filter(({ required, default: byDefault, type }) => required && byDefault === undefined && type !== "autodate")
    .map(({ name }) => name)
    .filter((name) => readable.every((record) => record[name] === undefined || record[name] === null));
}
