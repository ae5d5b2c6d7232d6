// The colours of `brand/tokens.css`, both themes: every pair that may meet is legible, and charts can be told apart.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Theme = "light" | "dark";
type Rgb = readonly [number, number, number];

const css = readFileSync(new URL("../../brand/tokens.css", import.meta.url), "utf8");
const themes: readonly Theme[] = ["light", "dark"];
const grounds = ["page", "side", "hover", "sand"];
const charts = [1, 2, 3, 4, 5, 6].map((n) => `chart-${n}`);

function colour(token: string, theme: Theme): Rgb {
  const value = new RegExp(`--${token}: ([^;]+);`).exec(css)?.[1] ?? "";
  const alias = /^var\(--([\w-]+)\)$/.exec(value)?.[1];
  if (alias) return colour(alias, theme);
  const both = /^light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)$/.exec(value);
  const hex = both ? both[theme === "light" ? 1 : 2] : /^#[0-9a-f]{6}$/.exec(value)?.[0];
  if (hex === undefined) throw new Error(`--${token} is no colour in tokens.css: "${value}"`);
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
}

const linear = (colour: Rgb): Rgb =>
  colour.map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  ) as unknown as Rgb;

/** WCAG 2.2, relative luminance and contrast. */
function contrast(one: Rgb, other: Rgb): number {
  const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const [high = 0, low = 0] = [luminance(linear(one)), luminance(linear(other))].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** Pairs below what they need, with what they have. */
function tooFaint(pairs: readonly (readonly [string, string])[], least: number): readonly string[] {
  return themes.flatMap((theme) =>
    pairs.flatMap(([front, ground]) => {
      const has = contrast(colour(front, theme), colour(ground, theme));
      return has < least ? [`${theme}: ${front} on ${ground} has ${has.toFixed(2)} of ${least}`] : [];
    }),
  );
}

const on = (fronts: readonly string[], behind: readonly string[]) =>
  fronts.flatMap((front) => behind.map((ground) => [front, ground] as const));

test("contrast is computed as WCAG defines it", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
});

test("body text is AAA on every ground", () => {
  expect(tooFaint(on(["text"], grounds), 7)).toEqual([]);
});

test("all other words are AA on every ground", () => {
  expect(tooFaint(on(["quiet", "accent", "loss", "amber", "good"], grounds), 4.5)).toEqual([]);
  expect(tooFaint(on(["code-keyword", "code-string", "code-number", "code-comment"], ["page", "side"]), 4.5)).toEqual(
    [],
  );
  expect(tooFaint(on(["on-fill"], ["accent-fill", "loss-fill"]), 4.5)).toEqual([]);
});

test("what shows where a control is, what is focused, and charts stand out from the page", () => {
  expect(tooFaint(on(["border", "accent"], ["page", "side"]), 3)).toEqual([]);
  expect(tooFaint(on(charts, ["page", "side"]), 3)).toEqual([]);
});

/** Machado, Oliveira and Fernandes 2009, full severity, on linear light. */
const sights: { readonly [name: string]: readonly Rgb[] } = {
  ordinary: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** OKLab, in which distance is about what the eye makes of it. */
function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(Math.max(0, 0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b));
  const m = Math.cbrt(Math.max(0, 0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b));
  const s = Math.cbrt(Math.max(0, 0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b));
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

test("neighbours in a chart differ for every kind of sight", () => {
  const seen = (token: string, theme: Theme, sight: readonly Rgb[]) => {
    const [r, g, b] = linear(colour(token, theme));
    return oklab(sight.map(([x, y, z]) => x * r + y * g + z * b) as unknown as Rgb);
  };
  const close = themes.flatMap((theme) =>
    Object.entries(sights).flatMap(([name, sight]) =>
      charts.flatMap((one, at) =>
        charts.slice(at + 1).flatMap((other) => {
          const [from, to] = [seen(one, theme, sight), seen(other, theme, sight)];
          const distance = Math.hypot(...from.map((part, n) => part - (to[n] as number)));
          return distance < 0.08 ? [`${theme}, ${name}: ${one} and ${other} are ${distance.toFixed(3)} apart`] : [];
        }),
      ),
    ),
  );
  expect(close).toEqual([]);
});

test("the console's shades are the tokens'", () => {
  const theme = readFileSync(new URL("../../admin-ui/src/theme.ts", import.meta.url), "utf8");
  const shade = (ramp: string, n: number) =>
    new RegExp(`const ${ramp}: MantineColorsTuple = \\[([^\\]]+)\\]`).exec(theme)?.[1]?.match(/#[0-9a-f]{6}/g)?.[n];
  const token = (name: string, scheme: Theme) =>
    `#${colour(name, scheme)
      .map((part) => part.toString(16).padStart(2, "0"))
      .join("")}`;
  expect({
    accent: [shade("sea", 7), shade("sea", 4)],
    fill: shade("sea", 7),
    loss: [shade("red", 7), shade("red", 4)],
    amber: [shade("yellow", 7), shade("yellow", 4)],
    text: [shade("slate", 9), shade("dark", 0)],
    page: shade("dark", 7),
    side: [shade("slate", 0), shade("dark", 8)],
    hover: [shade("slate", 1), shade("dark", 6)],
    line: [shade("slate", 2), shade("dark", 5)],
  }).toEqual({
    accent: [token("accent", "light"), token("accent", "dark")],
    fill: token("accent-fill", "light"),
    loss: [token("loss", "light"), token("loss", "dark")],
    amber: [token("amber", "light"), token("amber", "dark")],
    text: [token("text", "light"), token("text", "dark")],
    page: token("page", "dark"),
    side: [token("side", "light"), token("side", "dark")],
    hover: [token("hover", "light"), token("hover", "dark")],
    line: [token("line", "light"), token("line", "dark")],
  });
});

test("the mark is drawn the same everywhere", () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const drawing = /<path d="([^"]+)"/.exec(read("brand/mark.svg"))?.[1] ?? "none";
  for (const place of ["brand/favicon.svg", "admin-ui/src/frame/Mark.tsx"])
    expect(read(place), place).toContain(`d="${drawing}"`);
});
