// What stands around a page's text: the list of pages, what is on this one, the next and the one before.
import { type Bundled, frame } from "./frame.ts";
import { escapeHtml } from "./html.ts";
import type { Library } from "./library.ts";
import type { Page } from "./page.ts";

export interface Assets extends Bundled {
  /** Where the search's index is. */
  readonly search: string;
}

export function renderPage(page: Page, library: Library, assets: Assets): string {
  const title = page.file === "index.md" ? "Landfall docs" : `${page.title} · Landfall docs`;
  const main = `<article>\n${page.html}</article>\n${neighbours(page, library)}`;
  const list = sideBar(page, library);
  return frame({ title, description: page.summary, main, list, beside: onThisPage(page), ...fixed(assets) });
}

/** What an address without a page shows. Its button asks the search for the address's own words. */
export function renderNotFound(library: Library, assets: Assets): string {
  const description = "There is no page at this address.";
  const main = `<article>
<h1>No page here</h1>
<p>${description} It may have been renamed, or belong to another version than the one this server runs.</p>
<p><button type="button" class="ask" data-search-open="address" hidden>Search for it</button></p>
<p>Or begin with the <a href="/docs">overview</a>, the <a href="/docs/errors">errors</a>, or the <a
href="/docs/reference">HTTP API</a> of this server.</p>
</article>`;
  const list = sideBar(undefined, library);
  return frame({ title: "No page here · Landfall docs", description, main, list, ...fixed(assets) });
}

const fixed = (assets: Assets) => ({
  assets,
  searchIndex: assets.search,
  menu: "Pages",
  finder: { attribute: "data-search-open hidden", word: "Search" },
});

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
