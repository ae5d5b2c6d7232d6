// The frame that every page of `/docs` stands in, the reference too: head, bar, list at the left, text. Works without scripts,
// except for search, copying and the choice of colours, whose buttons stay hidden until their script is there. Nothing inline:
// the server's policy for /docs allows neither scripts nor styles in a page.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "./html.ts";

export interface Bundled {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

export interface Framed {
  readonly title: string;
  /** For search engines and previews. */
  readonly description: string;
  readonly assets: Bundled;
  /** Of the root element: where its script finds the search's index. */
  readonly searchIndex?: string;
  readonly menu: string;
  /** The button that finds something: its attribute and its word. */
  readonly finder: { readonly attribute: string; readonly word: string };
  /** The list at the left, with its `nav`. */
  readonly list: string;
  readonly main: string;
  readonly beside?: string;
}

/** Inline, so that it takes the colour of the text around it. */
const mark = readFileSync(join(import.meta.dirname, "../../brand/mark.svg"), "utf8").replace(/<title>.*?<\/title>/, "");

export function frame({
  title,
  description,
  assets,
  searchIndex,
  menu,
  finder,
  list,
  main,
  beside = "",
}: Framed): string {
  return `<!doctype html>
<html lang="en"${searchIndex === undefined ? "" : ` data-search="${searchIndex}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<meta name="description" content="${escapeHtml(description.slice(0, 200))}">
<script src="/docs/color-scheme.js"></script>
<link rel="stylesheet" href="${assets.style}">
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<script type="module" src="${assets.script}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<button type="button" class="menu" popovertarget="pages">${menu}</button>
<a class="home" href="/docs"><span class="mark" aria-hidden="true">${mark.trim()}</span>Landfall <span class="word">docs</span></a>
<button type="button" class="search" ${finder.attribute}>${finder.word} <kbd>/</kbd></button>
<button type="button" class="scheme" data-scheme hidden></button>
<a class="console" href="/console">Console</a>
</header>
<div class="frame">
${list}
<main id="content" tabindex="-1">
${main}
</main>
${beside}
</div>
</body>
</html>
`;
}
