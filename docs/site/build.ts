// Builds the site: pages, the search's index, and through Vite its one script, its style sheet and the two typefaces. Every
// text is compressed here once, not on every request.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import MiniSearch from "minisearch";
import { build } from "vite";
import { type Assets, renderNotFound, renderPage } from "./layout.ts";
import { docsFolder, type Library, readLibrary } from "./library.ts";
import { searchOptions } from "./search-options.ts";

const client = join(import.meta.dirname, "client");

export async function buildSite(target: string): Promise<void> {
  const library = readLibrary();
  mkdirSync(target, { recursive: true });
  rmSync(join(target, "assets"), { recursive: true, force: true });
  const bundled = await bundle(target);
  const assets: Assets = { ...bundled, search: writeIndex(target, library) };
  cpSync(join(client, "color-scheme.js"), join(target, "color-scheme.js"));
  copyLinked(target, library);
  for (const page of library.pages) {
    write(join(target, page.file.replace(/\.md$/, ".html")), renderPage(page, library, assets));
  }
  write(join(target, "not-found.html"), renderNotFound(library, assets));
  compress(target);
  // Last: a build that broke off is begun anew.
  write(join(target, ".built"), "");
}

/** Script, styles and fonts, under names that carry their content's hash. */
async function bundle(target: string): Promise<Omit<Assets, "search">> {
  const result = await build({
    configFile: false,
    root: client,
    base: "/docs/",
    logLevel: "warn",
    publicDir: false,
    build: {
      outDir: target,
      emptyOutDir: false,
      target: "es2023",
      // The first versions that know light-dark(): what is put in its place for older ones would not follow the reader's choice.
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: { site: join(client, "site.ts") } },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) => ("output" in one ? one.output : []));
  const find = (ending: RegExp) => {
    const found = outputs.find(({ fileName }) => ending.test(fileName));
    if (!found) throw new Error(`The bundle holds nothing like ${ending}.`);
    return `/docs/${found.fileName}`;
  };
  return { script: find(/site-[^/]*\.js$/), style: find(/\.css$/), icon: find(/favicon-[^/]*\.svg$/) };
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

/** Smaller than this, a compressed body saves nothing worth its header. */
const compressFromBytes = 1024;

function compress(target: string): void {
  const own = readdirSync(target, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("reference"),
  );
  for (const name of own) {
    if (!/\.(?:js|css|svg|html|json)$/.test(name)) continue;
    const body = readFileSync(join(target, name));
    if (body.length < compressFromBytes) continue;
    const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    writeFileSync(join(target, `${name}.br`), brotli);
    writeFileSync(
      join(target, `${name}.zst`),
      zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 12 } }),
    );
    writeFileSync(join(target, `${name}.gz`), gzipSync(body, { level: 9 }));
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
