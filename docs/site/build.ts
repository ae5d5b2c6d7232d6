// Builds the site: pages, the search's index, its one script, its style sheet and the two typefaces.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import MiniSearch from "minisearch";
import { bundle, compress } from "./bundle.ts";
import { type Assets, renderNotFound, renderPage } from "./layout.ts";
import { docsFolder, type Library, readLibrary } from "./library.ts";
import { searchOptions } from "./search-options.ts";

const client = join(import.meta.dirname, "client");

export async function buildSite(target: string): Promise<void> {
  const library = readLibrary();
  mkdirSync(target, { recursive: true });
  rmSync(join(target, "assets"), { recursive: true, force: true });
  const bundled = await bundle(join(client, "site.ts"), target, "/docs/");
  const assets: Assets = { ...bundled, search: writeIndex(target, library) };
  cpSync(join(client, "color-scheme.js"), join(target, "color-scheme.js"));
  copyLinked(target, library);
  for (const page of library.pages) {
    write(join(target, page.file.replace(/\.md$/, ".html")), renderPage(page, library, assets));
  }
  write(join(target, "not-found.html"), renderNotFound(library, assets));
  // The reference beside it is compressed by its own build.
  const own = readdirSync(target, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("reference"),
  );
  compress(target, own);
  // Last: a build that broke off is begun anew.
  write(join(target, ".built"), "");
}

function writeIndex(target: string, { pages }: Library): string {
  const index = new MiniSearch(searchOptions);
  index.addAll(
    pages.flatMap(({ url, title, sections }) =>
      sections.map(({ id, heading, text }) => ({
        id: id === "" ? url : `${url}#${id}`,
        page: title,
        title: id === "" ? title : "",
        heading,
        text,
        start: text.slice(0, 160),
      })),
    ),
  );
  const json = JSON.stringify(index);
  const name = `assets/search-${createHash("sha256").update(json).digest("hex").slice(0, 8)}.json`;
  write(join(target, name), json);
  return `/docs/${name}`;
}

/** Pictures and documents that pages link to. */
function copyLinked(target: string, { pages }: Library): void {
  for (const { file, links } of pages) {
    for (const link of links) {
      if (/^(?:[a-z]+:|\/|#)/.test(link) || !/\.(?:png|svg|json)$/.test(link)) continue;
      const path = posix.normalize(posix.join(posix.dirname(file), link));
      if (path.startsWith("..") || !existsSync(join(docsFolder, path))) continue;
      mkdirSync(dirname(join(target, path)), { recursive: true });
      cpSync(join(docsFolder, path), join(target, path));
    }
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
