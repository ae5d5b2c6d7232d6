import { expect, test } from "vitest";
import { bytes, flatFigures } from "./figures.ts";

test("figures are named in words, with units", () => {
  const ring = { slots: 16, bytes: 68_345_856, full: false };
  expect(flatFigures({ changeLog: { leading: true, ring, readers: [], epoch: "e1" } })).toEqual([
    ["Change log: leading", "yes"],
    ["Change log: ring, slots", "16"],
    ["Change log: ring, bytes", "65 MB"],
    ["Change log: ring, full", "no"],
    ["Change log: readers", "none"],
    ["Change log: epoch", "e1"],
  ]);
});

test("sizes keep two figures below ten", () => {
  expect([0, 1023, 1536, 10 * 1024, 3 * 1024 ** 3].map(bytes)).toEqual(["0 B", "1023 B", "1.5 KB", "10 KB", "3.0 GB"]);
});
