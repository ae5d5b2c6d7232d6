// One page: Markdown in, HTML out, and with it what the rest of the site asks of a page: its headings, its links, its words.
import { posix } from "node:path";
import { Marked, type Tokens } from "marked";
import { highlighted } from "./highlight.ts";
import { escapeHtml, slugOf } from "./html.ts";

export interface Heading {
  readonly depth: number;
  readonly id: string;
  readonly text: string;
}

/** What stands under one heading: what the search finds. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly text: string;
}

export interface Page {
  /** `guides/rules.md`. */
  readonly file: string;
  /** `/docs/guides/rules`. */
  readonly url: string;
  readonly title: string;
  /** The first paragraph in plain text. */
  readonly summary: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  /** Links as written. */
  readonly links: readonly string[];
  readonly sections: readonly Section[];
}

export function urlOf(file: string): string {
  return file === "index.md" ? "/docs" : `/docs/${file.replace(/(?:\/index)?\.md$/, "")}`;
}

/** `exists` says whether a file stands under `docs/`: a link to anything else of the repository is shown without being one. */
export function readPage(file: string, markdown: string, exists: (file: string) => boolean): Page {
  const headings: Heading[] = [];
  const links: string[] = [];
  const sections: { id: string; heading: string; text: string }[] = [];
  const used = new Map<string, number>();
  const marked = new Marked({ gfm: true });
  let summary = "";

  const anchor = (text: string) => {
    const slug = slugOf(text);
    const seen = used.get(slug) ?? 0;
    used.set(slug, seen + 1);
    return seen === 0 ? slug : `${slug}-${seen}`;
  };
  marked.use({
    renderer: {
      heading({ tokens, depth }) {
        const inner = this.parser.parseInline(tokens);
        const text = plain(inner);
        const id = anchor(text);
        headings.push({ depth, id, text });
        if (depth === 1) return `<h1>${inner}</h1>\n`;
        return `<h${depth} id="${id}">${inner}<a class="anchor" href="#${id}" aria-label="Link to ${escapeHtml(text)}">#</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const target = targetOf(file, href, exists);
        return target === undefined ? `<span>${inner}</span>` : `<a href="${escapeHtml(target)}">${inner}</a>`;
      },
      codespan({ text }) {
        // A long name may be broken at its underscores, or it would push a table's other columns off a small screen.
        return `<code>${escapeHtml(text).replace(/(?<=\w)_(?=\w)/g, "_<wbr>")}</code>`;
      },
      image({ href, text }) {
        const target = targetOf(file, href, exists) ?? href;
        return `<img src="${escapeHtml(target)}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      code({ text, lang }) {
        const [language = "", ...attributes] = (lang ?? "").split(" ");
        const name = attributes.find((attribute) => attribute.startsWith("file="))?.slice("file=".length);
        const caption = name === undefined ? "" : `<figcaption>${escapeHtml(name)}</figcaption>`;
        // Focusable, because it scrolls sideways and a keyboard must reach what is hidden there.
        return `<figure class="code">${caption}<pre tabindex="0"><code>${highlighted(text, language)}</code></pre></figure>\n`;
      },
      table(token) {
        const cells = (row: Tokens.TableCell[], tag: string) =>
          row
            .map((cell) => {
              const inner = this.parser.parseInline(cell.tokens);
              // An empty heading is none.
              return tag === "th" && inner === "" ? "<td></td>" : `<${tag}>${inner}</${tag}>`;
            })
            .join("");
        const body = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
        return `<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${cells(token.header, "th")}</tr></thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  const tokens = marked.lexer(markdown);
  void marked.walkTokens(tokens, (token) => {
    if (token.type === "link" || token.type === "image") links.push((token as Tokens.Link).href);
  });
  let html = "";
  for (const token of tokens) {
    const piece = marked.parser([token]);
    html += piece;
    if (token.type === "heading") {
      const last = headings.at(-1) as Heading;
      sections.push({ id: last.depth === 1 ? "" : last.id, heading: last.text, text: "" });
      continue;
    }
    const text = plain(piece);
    if (summary === "" && token.type === "paragraph") summary = text;
    const section = sections.at(-1);
    if (section) section.text += `${section.text === "" ? "" : " "}${text}`;
  }
  const title = headings.find((heading) => heading.depth === 1)?.text ?? file;
  return { file, url: urlOf(file), title, summary, html, headings, links, sections };
}

/** Where a link leads on the site; undefined when it leads out of it into the repository. */
function targetOf(from: string, href: string, exists: (file: string) => boolean): string | undefined {
  if (/^(?:[a-z]+:|\/|#)/.test(href)) return href;
  const [path = "", fragment] = href.split("#");
  const file = posix.normalize(posix.join(posix.dirname(from), path));
  if (file.startsWith("..")) return undefined;
  const hash = fragment === undefined ? "" : `#${fragment}`;
  if (file.endsWith(".md")) return exists(file) ? urlOf(file) + hash : undefined;
  if (file.endsWith("/")) return undefined;
  return `/docs/${file}${hash}`;
}

function plain(html: string): string {
  return html
    .replace(/<a class="anchor".*?<\/a>/g, "")
    .replace(/<[^>]*>/g, (tag) => (/^<\/?(?:td|th|tr|li|p|pre|h\d)\b/.test(tag) ? " " : ""))
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ")
    .trim();
}
