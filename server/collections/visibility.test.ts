import { expect, test } from "vitest";
import { clauseTexts } from "./visibility.ts";

test.each<[rule: string, clauses: string[]]>([
  ["a == 1", ["a == 1"]],
  ["a == 1 && b == 2&&c", ["a == 1", "b == 2", "c"]],
  ["a || b && c", ["a || b && c"]],
  ["a && b || c", ["a && b || c"]],
  ["(a || b) && c", ["(a || b)", "c"]],
  ["x ? a : b && c", ["x ? a : b && c"]],
  ["posts.exists(p, p.a && p.b) && c", ["posts.exists(p, p.a && p.b)", "c"]],
  [`title == 'a && b' && c == "\\" || "`, ["title == 'a && b'", `c == "\\" || "`]],
  ["a in ['x && y', 'z'] && b", ["a in ['x && y', 'z']", "b"]],
  ["a // && not this\n && b", ["a // && not this", "b"]],
])("%s is the clauses of its top-level &&", (rule, clauses) => {
  expect(clauseTexts(rule)).toEqual(clauses);
});
