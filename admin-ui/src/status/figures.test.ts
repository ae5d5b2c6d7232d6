import { expect, test } from "vitest";
import { bytes, flatFigures, lastBackup, titleOf, warningsOf } from "./figures.ts";

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

test("a room's warning is looked at like the server's own notices", () => {
  const notices = [{ code: "host", message: "Another host." }];
  const figures = { backups: { schedule: "15 3 * * *", lastSuccess: null, warning: "It failed." }, changeLog: null };
  expect(warningsOf({ notices, figures })).toEqual(["Another host.", "It failed."]);
  expect(warningsOf({ notices: [], figures: { backups: { warning: null } } })).toEqual([]);
});

test("the last backup is told apart from none yet and none scheduled", () => {
  const backups = (more: object) => ({ figures: { backups: { schedule: "15 3 * * *", lastSuccess: null, ...more } } });
  const at = "2026-11-20T03:15:00.000Z";
  expect(lastBackup(backups({ lastSuccess: { at, tookMs: 5, bytes: 9 } }))).toBe(at);
  expect(lastBackup(backups({}))).toBeNull();
  expect([lastBackup(backups({ schedule: null })), lastBackup({ figures: {} })]).toEqual([undefined, undefined]);
});
