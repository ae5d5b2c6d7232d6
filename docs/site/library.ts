// All pages, read once, in the order of the table of contents.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { contents } from "./contents.ts";
import { type Page, readPage } from "./page.ts";

export const docsFolder = join(import.meta.dirname, "..");

export interface Shelf {
  readonly title: string;
  readonly pages: readonly Page[];
  readonly links: readonly { readonly title: string; readonly href: string }[];
}

export interface Library {
  readonly shelves: readonly Shelf[];
  /** In reading order. */
  readonly pages: readonly Page[];
  /** Pages that the table of contents does not know. */
  readonly strays: readonly string[];
}

export function readLibrary(): Library {
  const files = markdownFiles();
  const named = new Set(contents.flatMap((chapter) => chapter.pages));
  const exists = (file: string) => existsSync(join(docsFolder, file));
  const taken = new Set<string>();
  const shelves = contents.map(({ title, pages, links = [] }) => {
    const found = pages.flatMap((entry) =>
      entry.endsWith("/")
        ? files.filter((file) => file.startsWith(entry) && !named.has(file))
        : files.filter((file) => file === entry),
    );
    for (const file of found) taken.add(file);
    return {
      title,
      links,
      pages: found.map((file) => readPage(file, readFileSync(join(docsFolder, file), "utf8"), exists)),
    };
  });
  return { shelves, pages: shelves.flatMap((shelf) => shelf.pages), strays: files.filter((file) => !taken.has(file)) };
}

function markdownFiles(): string[] {
  return readdirSync(docsFolder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md") && !/(?:^|\/)(?:dist|node_modules)\//.test(file))
    .sort();
}
