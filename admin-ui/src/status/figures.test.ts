import { expect, test } from "vitest";
import { bytes, flatFigures, titleOf } from "./figures.ts";

test("figures are named in words, with units", () => {
  const ring = { slots: 16, bytes: 68_345_856, full: false };
  expect(flatFigures({ leading: true, ring, readers: [], epoch: "e1" })).toEqual([
    ["Leading", "yes"],
    ["Ring: slots", "16"],
    ["Ring: bytes", "65 MB"],
    ["Ring: full", "no"],
    ["Readers", "none"],
    ["Epoch", "e1"],
  ]);
  expect(flatFigures("well", ["queue"])).toEqual([["Queue", "well"]]);
});

test("sizes keep two figures below ten", () => {
  expect([0, 1023, 1536, 10 * 1024, 3 * 1024 ** 3].map(bytes)).toEqual(["0 B", "1023 B", "1.5 KB", "10 KB", "3.0 GB"]);
});

test("names of counts read as words", () => {
  expect(["apiKeys", "collections"].map((name) => titleOf(name))).toEqual(["API keys", "Collections"]);
});
