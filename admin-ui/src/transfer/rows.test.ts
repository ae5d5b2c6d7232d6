// Reading files: the formats, and that it makes no difference where the pieces end.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { CsvReader, separatorOf } from "./csv.ts";
import { JsonArrayReader } from "./json-array.ts";
import { csvValue, formatOf, knownFields, missingFields, rowsOf } from "./rows.ts";

const cities: Collection = {
  name: "cities",
  kind: "base",
  fields: [
    { name: "name", type: "text" },
    { name: "population", type: "integer" },
    { name: "tags", type: "text", many: true },
    { name: "place", type: "geo" },
    { name: "capital", type: "bool" },
    { name: "made", type: "autodate", on: "create" },
  ],
  indexes: [],
  rules: {},
};

/** A file that hands out pieces of this many bytes. */
function inPieces(text: string, size: number): Blob {
  const bytes = new TextEncoder().encode(text);
  const stream = () => {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    });
  };
  return { size: bytes.length, stream } as unknown as Blob;
}

const rows = async (text: string, format: "csv" | "json" | "ndjson", size = 7) =>
  Array.fromAsync(rowsOf(inPieces(text, size), format, cities));

const readCsv = (text: string, sizes: readonly number[]) => {
  const reader = new CsvReader();
  const found: (readonly string[])[] = [];
  let at = 0;
  for (const size of sizes) {
    found.push(...reader.read(text.slice(at, at + size)));
    at += size;
  }
  return [...found, ...reader.read(text.slice(at)), ...reader.end()];
};

describe("CSV", () => {
  test("quotes hold separators, quotes and line breaks", () => {
    expect(readCsv('a,"b, ""c""\r\nd",e\r\nf,,"g"', [])).toEqual([
      ["a", 'b, "c"\r\nd', "e"],
      ["f", "", "g"],
    ]);
  });
  test("blank lines are no rows, a line of separators is", () => {
    expect(readCsv("a\n\nb\r\n\r\n,\n", [])).toEqual([["a"], ["b"], ["", ""]]);
  });
  test("what is written is read again, wherever the pieces end", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "ü", "中", " ") });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(table, fc.array(fc.nat(9)), (given, sizes) => {
        const text = given.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
        expect(readCsv(text, sizes)).toEqual(given);
      }),
    );
  });
  test("the separator is taken from the heading", () => {
    expect([separatorOf("a,b"), separatorOf("a;b;c,d"), separatorOf("a\tb")]).toEqual([",", ";", "\t"]);
  });
  test("cells become values of their fields", async () => {
    const text = "\uFEFFname;population;tags;place;capital;extra\r\nKöln;1087863;old|big;50.9, 6.9;no;x\r\n";
    const [row] = await rows(text, "csv", 3);
    expect(row?.record).toEqual({
      name: "Köln",
      population: 1087863,
      tags: ["old", "big"],
      place: { lat: 50.9, lng: 6.9 },
      capital: false,
      extra: "x",
    });
  });
  test("an empty cell says nothing; what cannot be converted goes as text", () => {
    expect(csvValue({ name: "n", type: "integer" }, "")).toBeUndefined();
    expect(csvValue({ name: "n", type: "integer" }, "many")).toBe("many");
  });
});

describe("JSON", () => {
  test("an array is split without being parsed, wherever the pieces end", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (given, size) => {
        const text = JSON.stringify(given, null, 1);
        const reader = new JsonArrayReader();
        const found: unknown[] = [];
        for (let at = 0; at < text.length; at += size)
          for (const element of reader.read(text.slice(at, at + size))) found.push(JSON.parse(element));
        expect(found).toEqual(JSON.parse(text));
      }),
    );
  });
  test("lines are rows; a bad one is named and does not stop the rest", async () => {
    const found = await rows('{"name":"東京"}\n\nnot json\n[1]\n{"name":"b"}', "ndjson", 5);
    expect(found.map(({ number, record, fault }) => [number, record?.name ?? fault?.slice(0, 8)])).toEqual([
      [1, "東京"],
      [2, "Not JSON"],
      [3, "Expected"],
      [4, "b"],
    ]);
  });
});

test("the format is known by the name, else by the first character", () => {
  expect(formatOf("a.CSV", "[")).toBe("csv");
  expect(formatOf("a.jsonl", "")).toBe("ndjson");
  expect(formatOf("a.json", " [1")).toBe("json");
  expect(formatOf("a.json", '{"a":1}')).toBe("ndjson");
  expect(formatOf("a.txt", "name,age")).toBe("csv");
});

test("what the server sets is left out in silence, what nobody knows is named", () => {
  const { record, unknown } = knownFields({ id: "a", name: "b", version: 3, made: "x", other: 1 }, cities);
  expect(record).toEqual({ id: "a", name: "b" });
  expect(unknown).toEqual(["other"]);
});

test("a required field that none of the first rows has is named before anything is sent", () => {
  const collection: Collection = {
    ...cities,
    fields: [
      { name: "name", type: "text", required: true },
      { name: "owner", type: "id", required: true },
      { name: "state", type: "text", required: true, default: "open" },
    ],
  };
  const row = (record: object) => ({ number: 1, readBytes: 1, record: record as never });
  expect(missingFields([row({ name: "a" }), row({ name: "b", owner: null })], collection)).toEqual(["owner"]);
  expect(missingFields([row({ name: "a" }), row({ name: "b", owner: "u" })], collection)).toEqual([]);
  expect(missingFields([], collection)).toEqual([]);
});
