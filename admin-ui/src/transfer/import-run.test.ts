// The import's bookkeeping: chunks, refused rows by their number in the file, stopping and going on.
import { expect, test } from "vitest";
import type { Collection } from "../api/types.ts";
import { AllRefused, type ImportRun, nothingYet, type Progress, runImport } from "./import-run.ts";
import type { SourceRow } from "./rows.ts";

const collection: Collection = {
  name: "posts",
  kind: "base",
  fields: [{ name: "title", type: "text" }],
  indexes: [],
  rules: {},
};

async function* source(count: number, bad: readonly number[] = []): AsyncGenerator<SourceRow> {
  for (let number = 1; number <= count; number += 1)
    yield bad.includes(number)
      ? { number, readBytes: number, fault: "Not JSON" }
      : { number, readBytes: number, record: { title: `t${number}`, other: 1 } };
}

function started(change: Partial<ImportRun>) {
  const sent: { id: string; lines: string[] }[] = [];
  const progress: Progress[] = [];
  const run: ImportRun = {
    id: "i",
    collection,
    rows: source(2500),
    from: nothingYet,
    send: async (id, ndjson) => {
      const lines = ndjson.trimEnd().split("\n");
      sent.push({ id, lines });
      return { imported: lines.length };
    },
    onProgress: (next) => progress.push(next),
    signal: new AbortController().signal,
    ...change,
  };
  return { sent, progress, end: runImport(run), run };
}

test("a file goes in chunks of a thousand, each with an id of its own", async () => {
  const { sent, progress, end } = started({});
  expect(await end).toMatchObject({ imported: 2500, failed: 0, settled: 2500 });
  expect(sent.map(({ id, lines }) => [id, lines.length])).toEqual([
    ["i-1", 1000],
    ["i-1001", 1000],
    ["i-2001", 500],
  ]);
  expect(sent[0]?.lines[0]).toBe('{"title":"t1"}');
  expect(progress.map(({ imported }) => imported)).toEqual([1000, 2000, 2500]);
});

test("refused rows are named by their number in the file", async () => {
  const send: ImportRun["send"] = async (id) =>
    id === "i-1001"
      ? { imported: 998, failed: 1, errors: [{ line: 3, message: "too long", path: "/title" }] }
      : { imported: 1000 };
  const { end } = started({ rows: source(2000, [1002]), send });
  expect(await end).toMatchObject({
    imported: 1998,
    failed: 2,
    problems: [
      { message: "Not JSON", count: 1, rows: [1002] },
      { message: "title: too long", count: 1, rows: [1004] },
    ],
  });
});

/** Refuses every line, for one reason. */
const refuseAll: ImportRun["send"] = async (_id, ndjson) => {
  const errors = ndjson.trimEnd().split("\n");
  return { imported: 0, failed: errors.length, errors: errors.map((_, at) => ({ line: at + 1, message: "no owner" })) };
};

test("one reason for many rows is said once, with the first rows", async () => {
  const { end } = started({ rows: source(600), send: refuseAll });
  expect(await end).toMatchObject({
    failed: 600,
    problems: [{ message: "no owner", count: 600, rows: [1, 2, 3, 4, 5] }],
  });
});

test("a file whose first thousand rows are all refused stops there, and goes on only when told to", async () => {
  const first = started({ send: refuseAll });
  await expect(first.end).rejects.toBeInstanceOf(AllRefused);
  expect(first.progress.at(-1)).toMatchObject({ failed: 1000, settled: 1000 });
  const second = started({ send: refuseAll, from: first.progress.at(-1) ?? nothingYet });
  expect(await second.end).toMatchObject({ failed: 2500, settled: 2500 });
});

test("a stopped import goes on behind the last settled row, under the same chunk ids", async () => {
  const send: ImportRun["send"] = async (id, ndjson) => {
    if (id === "i-1001") throw new Error("offline");
    return { imported: ndjson.trimEnd().split("\n").length };
  };
  const first = started({ send });
  await expect(first.end).rejects.toThrow("offline");
  const reached = first.progress.at(-1) ?? nothingYet;
  expect(reached.settled).toBe(1000);
  const second = started({ from: reached });
  expect(await second.end).toMatchObject({ imported: 2500 });
  expect(second.sent.map(({ id }) => id)).toEqual(["i-1001", "i-2001"]);
});

test("cancelling sends nothing more", async () => {
  const controller = new AbortController();
  const { sent, end } = started({ signal: controller.signal, onProgress: () => controller.abort() });
  await expect(end).rejects.toThrow();
  expect(sent).toHaveLength(1);
});
