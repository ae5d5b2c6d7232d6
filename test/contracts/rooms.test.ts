// Imports point down (docs/architecture.md). Reads the source as text: an import that is not written cannot be taken.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { allowedImports, doors, packages } from "./rooms.ts";

const root = new URL("../../", import.meta.url).pathname;

interface Import {
  readonly file: string;
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name) && !/\.(test|fixture|types)\.tsx?$/.test(entry.name),
    )
    .map((entry) => normalize(join(entry.parentPath, entry.name)).slice(root.length))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;"']*?from\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']/g,
  );
  return [...found].flatMap((match) => {
    const specifier = (match[1] ?? match[2]) as string;
    if (specifier.startsWith(".")) return [{ file, target: normalize(join(dirname(file), specifier)) }];
    const target = packages[specifier];
    return target === undefined ? [] : [{ file, target }];
  });
}

/** Longest row of the table that holds the file. */
function roomOf(file: string): string | undefined {
  return Object.keys(allowedImports)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

const files = ["server", "migrations", "sdk/src", "admin-ui"].flatMap(sources);
const imports = files.flatMap(importsOf);

test("every source file belongs to a room of the table", () => {
  const homeless = files.filter((file) => roomOf(file) === undefined && !file.endsWith("vite.config.ts"));
  expect(homeless).toEqual([]);
});

test("imports point down", () => {
  const wrong = imports.flatMap(({ file, target }) => {
    const from = roomOf(file);
    const to = roomOf(target);
    if (from === undefined || to === undefined || from === to || allowedImports[from]?.includes(to)) return [];
    return [`${file} imports ${target}; ${from} may import ${allowedImports[from]?.join(", ") || "nothing"}`];
  });
  expect(wrong).toEqual([]);
});

test("another room is entered through its door", () => {
  const wrong = imports.flatMap(({ file, target }) => {
    const to = roomOf(target);
    const door = to === undefined ? undefined : doors[to];
    return door === undefined || to === roomOf(file) || target === door
      ? []
      : [`${file} imports ${target}; the door is ${door}`];
  });
  expect(wrong).toEqual([]);
});

test("no file imports itself over others", () => {
  expect(cycles(imports)).toEqual([]);
});

/** Import cycles, each once, as `a > b > a`. Type-only imports count too: a cycle of types is a cycle of thought. */
function cycles(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, (edge) => edge.file);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" > "));
      return;
    }
    state.set(file, "open");
    for (const edge of next.get(file) ?? []) visit(edge.target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
