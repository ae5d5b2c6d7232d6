// Finding by a few letters.
import { expect, test } from "vitest";
import { rank } from "./rank.ts";

test("the start of a name comes first, then of a word, then anywhere, then scattered letters", () => {
  const names = ["xpostsx", "p o s t", "my posts", "posts", "users"];
  expect(rank(names, "post", (name) => name)).toEqual(["posts", "my posts", "xpostsx", "p o s t"]);
  expect(rank(names, " ", (name) => name)).toEqual(names);
});
