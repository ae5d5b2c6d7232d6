// The frame around a page. Works without scripts, except for search, copying and the choice of colours, whose buttons stay
// hidden until their script is there. Nothing inline: the server's policy for /docs allows no inline script.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "./html.ts";
import type { Library } from "./library.ts";
import type { Page } from "./page.ts";

export interface Assets {
  readonly script: string;
  readonly style: string;
  readonly search: string;
  readonly icon: string;
}

/** Inline, so that it takes the colour of the text around it. */
const mark = readFileSync(join(import.meta.dirname, "../../brand/mark.svg"), "utf8").replace(/<title>.*?<\/title>/, "");

export function renderPage(page: Page, library: Library, assets: Assets): string {
  const title = page.file === "index.md" ? "Landfall docs" : `${page.title} · Landfall docs`;
  const main = `<article>\n${page.html}</article>\n${neighbours(page, library)}`;
  return frame({ title, summary: page.summary, main, beside: onThisPage(page), here: page }, library, assets);
}

/** What an address without a page shows. Its button asks the search for the address's own words. */
export function renderNotFound(library: Library, assets: Assets): string {
  const summary = "There is no page at this address.";
  const main = `<article>
<h1>No page here</h1>
<p>${summary} It may have been renamed, or belong to another version than the one this server runs.</p>
<p><button type="button" class="ask" data-search-open="address" hidden>Search for it</button></p>
<p>Or begin with the <a href="/docs">overview</a>, the <a href="/docs/errors">errors</a>, or the <a
href="/docs/reference">HTTP API</a> of this server.</p>
</article>`;
  return frame({ title: "No page here · Landfall docs", summary, main, beside: "", here: undefined }, library, assets);
}

interface Framed {
  readonly title: string;
  readonly summary: string;
  readonly main: string;
  readonly beside: string;
  readonly here: Page | undefined;
}

function frame({ title, summary, main, beside, here }: Framed, library: Library, assets: Assets): string {
  return `<!doctype html>
<html lang="en" data-search="${assets.search}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<meta name="description" content="${escapeHtml(summary.slice(0, 200))}">
<script src="/docs/color-scheme.js"></script>
<link rel="stylesheet" href="${assets.style}">
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<script type="module" src="${assets.script}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<button type="button" class="menu" popovertarget="pages">Pages</button>
<a class="home" href="/docs"><span class="mark" aria-hidden="true">${mark.trim()}</span>Landfall <span class="word">docs</span></a>
<button type="button" class="search" data-search-open hidden>Search <kbd>/</kbd></button>
<button type="button" class="scheme" data-scheme hidden></button>
<a class="console" href="/console">Console</a>
</header>
<div class="frame">
${sideBar(here, library)}
<main id="content" tabindex="-1">
${main}
</main>
${beside}
</div>
</body>
</html>
`;
}

/** A popover on small screens; on large ones the style sheet shows it always. */
function sideBar(page: Page | undefined, library: Library): string {
  const shelves = library.shelves.filter((shelf) => shelf.pages.length + shelf.links.length > 0);
  const chapters = shelves.map(({ title, pages, links }) => {
    const items = [
      ...links.map(({ title: text, href }) => `<li><a href="${href}">${escapeHtml(text)}</a></li>`),
      ...pages.map((one) => {
        const here = one === page ? ' aria-current="page"' : "";
        return `<li><a href="${one.url}"${here}>${escapeHtml(one.file === "index.md" ? "Overview" : one.title)}</a></li>`;
      }),
    ];
    return `<h2>${escapeHtml(title)}</h2>\n<ul>${items.join("\n")}</ul>`;
  });
  return `<nav id="pages" class="pages" popover aria-label="Pages">\n${chapters.join("\n")}\n</nav>`;
}

function onThisPage({ headings }: Page): string {
  const shown = headings.filter((heading) => heading.depth === 2 || heading.depth === 3);
  if (shown.length < 2) return "";
  const items = shown.map(
    ({ depth, id, text }) => `<li class="depth-${depth}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="toc" aria-label="On this page">\n<h2>On this page</h2>\n<ul>${items.join("\n")}</ul>\n</nav>`;
}

function neighbours(page: Page, { pages }: Library): string {
  const at = pages.indexOf(page);
  const [before, after] = [pages[at - 1], pages[at + 1]];
  const link = (one: Page | undefined, rel: string, word: string) =>
    one === undefined
      ? "<span></span>"
      : `<a rel="${rel}" href="${one.url}"><small>${word}</small>${escapeHtml(one.title)}</a>`;
  return `<nav class="neighbours" aria-label="Next and previous">${link(before, "prev", "Previous")}${link(after, "next", "Next")}</nav>`;
}
