import { expect, test } from "vitest";
import { parseSnapshot } from "./snapshot.ts";

test("a snapshot names who is finished, who is not seen and who is still running", () => {
  expect(parseSnapshot("10:20:10,14")).toEqual({ text: "10:20:10,14", xmin: "10", xmax: "20", running: ["10", "14"] });
  expect(parseSnapshot("18446744073709551615:18446744073709551615:").running).toEqual([]);
});

test("anything else is not a snapshot", () => {
  for (const text of ["", "1:2", "1:2:3,", "a:b:", "1:2:;DROP"])
    expect(() => parseSnapshot(text)).toThrow("not a snapshot");
});
