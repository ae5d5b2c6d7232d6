// What is kept of an import, here without a browser's storage: memory stands in for it.
import { expect, test } from "vitest";
import { nothingYet } from "./import-run.ts";
import { fingerprintOf, type KeptImport, keepImport, keptImport } from "./kept-import.ts";

const savedAt = "2026-01-01T00:00:00.000Z";
const kept: KeptImport = {
  id: "i1",
  fileName: "a.csv",
  fingerprint: "1-0",
  format: "csv",
  progress: { ...nothingYet, settled: 3 },
  savedAt,
};

test("a file is known by its size and its ends, not by its name", async () => {
  const text = "x".repeat(200_000);
  const first = await fingerprintOf(new Blob([text]));
  expect(await fingerprintOf(new Blob([text]))).toBe(first);
  expect(await fingerprintOf(new Blob([`${text}x`]))).not.toBe(first);
  expect(await fingerprintOf(new Blob([`y${text.slice(1)}`]))).not.toBe(first);
  expect(await fingerprintOf(new Blob([`${text.slice(1)}y`]))).not.toBe(first);
  expect(await fingerprintOf(new Blob([]))).toBe("0-811c9dc5");
});

test("an import is kept per collection until it is forgotten, or too old for the server to know its chunks", () => {
  const nowMs = Date.parse(savedAt);
  keepImport("posts", kept);
  expect(keptImport("posts", nowMs)).toEqual(kept);
  expect(keptImport("notes", nowMs)).toBeUndefined();
  expect(keptImport("posts", nowMs + 6 * 24 * 3600 * 1000)).toBeUndefined();
  keepImport("posts", undefined);
  expect(keptImport("posts", nowMs)).toBeUndefined();
});
