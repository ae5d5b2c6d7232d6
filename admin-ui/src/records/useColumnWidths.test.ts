// Widths an admin chose, beside those the types ask for.
import { expect, test } from "vitest";
import type { Column } from "./columns.ts";
import { flexOf, resized } from "./useColumnWidths.ts";

const title: Column = { name: "title", type: "text", many: false, sortable: true, numeric: false, widthPx: 135 };

test("a chosen width is kept exactly, the others share out what is left", () => {
  expect(flexOf(title, {})).toBe("1 0 135px");
  expect(flexOf(title, { title: 300 })).toBe("0 0 300px");
});

test("a width stays within bounds, and can be given back", () => {
  expect(resized({ id: 90 }, "title", 240.4)).toEqual({ id: 90, title: 240 });
  expect(resized({}, "title", -20)).toEqual({ title: 60 });
  expect(resized({}, "title", 9999)).toEqual({ title: 1200 });
  expect(resized({ id: 90, title: 240 }, "title", undefined)).toEqual({ id: 90 });
});
