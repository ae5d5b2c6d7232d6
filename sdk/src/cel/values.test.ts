// Work on long texts grows with their length and is done in few pieces. Counted, not timed: a busy machine changes nothing.
import { expect, test } from "vitest";
import { codePoints, lowerAscii, upperAscii } from "./values.ts";

test.each([
  ["", "", ""],
  ["aZ@[`{09", "az@[`{09", "AZ@[`{09"],
  ["ÅßİıK Straße 𝒳A\ud800z", "Åßİık straße 𝒳a\ud800z", "ÅßİıK STRAßE 𝒳A\ud800Z"],
  ["\u212aK\u017fs", "\u212ak\u017fs", "\u212aK\u017fS"], // in Unicode the kelvin sign has k, the long s has S
])("only A to Z and a to z change in %j", (text, lower, upper) => {
  expect(lowerAscii(text)).toBe(lower);
  expect(upperAscii(text)).toBe(upper);
});

/** How often the text was read and how many pieces the answer was put together from. */
function workOf(run: () => unknown): { units: number; pieces: number } {
  const work = { units: 0, pieces: 0 };
  const { charCodeAt, replace } = String.prototype;
  const { fromCharCode } = String;
  String.prototype.charCodeAt = function counted(this: string, at: number) {
    work.units += 1;
    return charCodeAt.call(this, at);
  };
  String.prototype.replace = function counted(this: string, ...[pattern, by]: [RegExp, (run: string) => string]) {
    return replace.call(this, pattern, (part: string) => {
      work.pieces += 1;
      return by(part);
    });
  } as typeof replace;
  String.fromCharCode = (...units: number[]) => {
    work.pieces += 1;
    return fromCharCode(...units);
  };
  try {
    run();
  } finally {
    Object.assign(String.prototype, { charCodeAt, replace });
    String.fromCharCode = fromCharCode;
  }
  return work;
}

const megabytes = 5 * 1024 * 1024;
test.each([
  ["ASCII, a capital at every other place", "aB"],
  ["capitals alone", "Q"],
  ["another letter between each two", "éA"],
  ["nothing to change", "é"],
])("5 MB of %s are read once and put together from few pieces", (_, pattern) => {
  const text = pattern.repeat(megabytes / pattern.length);
  for (const change of [lowerAscii, upperAscii]) {
    let changed = "";
    const { units, pieces } = workOf(() => {
      changed = change(text);
    });
    expect(units).toBeLessThanOrEqual(text.length);
    expect(pieces).toBeLessThanOrEqual(text.length / 1000);
    expect(changed.length).toBe(text.length);
    expect(changed.slice(-pattern.length)).toBe(change(pattern));
  }
  expect(workOf(() => codePoints(text)).units).toBeLessThanOrEqual(2 * text.length);
});
