// Entity tags in If-Match and If-None-Match (RFC 9110 §8.8.3, §13.1): lists, weak tags, `*`, and what is none of these.
import { expect, test } from "vitest";
import { Problem } from "../errors/index.ts";
import { matchesNoneMatch, parseEntityTags, versionsOfMatch } from "./entity-tag.ts";

const refusalOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return [error.status, ...error.issues.map(({ path, code, message }) => `${path} ${code}: ${message}`)]; // biome-ignore format: one line
    throw error;
  }
  return "taken";
};

test.each([
  ['"e1.7"', ["e1.7"]],
  ['"e1.7-abc-gz"', ["e1.7"]],
  ["*", "*"],
  [" * ", "*"],
  ['"a", "b-gz"', ["a", "b"]],
  ['"a","b"\t,  "c-x"', ["a", "b", "c"]],
  [', "a",, "b",', ["a", "b"]],
  ['W/"e1.7"', []],
  ['W/"e1.7", "e1.8"', ["e1.8"]],
  ['"a,b", ""', ["a,b", ""]],
  ['"\u00e4"', ["\u00e4"]],
])("If-Match: %s compares %j", (header, versions) => {
  expect(versionsOfMatch(header)).toEqual(versions);
});

test.each([
  ["", 0],
  [" , ,", 4],
  ["e1.7", 0],
  ['"a" "b"', 4],
  ['"a", b', 5],
  ['"a", *', 5],
  ['*, "a"', 0],
  ['w/"a"', 0],
  ['W/ "a"', 0],
  ['"a", "b', 5],
  ['"a b"', 0],
  ['"a\u007f"', 0],
])("%j is no list of entity tags, and the answer says where", (header, position) => {
  const said = `entity_tag_invalid: Expected "*" or entity tags such as "e1.7", separated by commas; not understood at position ${position}.`; // biome-ignore format: one line
  expect(refusalOf(() => versionsOfMatch(header))).toEqual([400, `header.If-Match ${said}`]);
  expect(refusalOf(() => matchesNoneMatch(header, "a"))).toEqual([400, `header.If-None-Match ${said}`]);
});

test.each([
  ['"1.7"', true],
  ['"1.7-gz"', true],
  ['W/"1.7-zst"', true],
  ['"1.6", W/"1.7"', true],
  ["*", true],
  ['"1.7-abc"', false],
  ['"1.6", "1.8"', false],
])("If-None-Match: %s against 1.7 is weak and passes over codings: %j", (header, matches) => {
  expect(matchesNoneMatch(header, "1.7")).toBe(matches);
});

test("D04 long lists and long nonsense take linear time", () => {
  const started = performance.now();
  for (const part of ['"', ",", " ", '"a",', "W/", 'W/"a" ,', '"a"', "*"]) {
    const header = part.repeat(200_000 / part.length);
    refusalOf(() => parseEntityTags("If-Match", header));
    refusalOf(() => parseEntityTags("If-Match", `"a"${header}x`));
  }
  expect(performance.now() - started).toBeLessThan(1_000);
});
