// Rich text: HTML that is safe to show as it is. Cleaned once when written, so that every reader may trust it.
import { createRequire } from "node:module";
import type sanitize from "sanitize-html";
import { lengthProblem, textType } from "./field-text.ts";
import { invalidText, isStorable, ok, refuse, type ValueType } from "./field-value.ts";

// Loaded with the first rich text: most processes start, and many live, without one.
const load = createRequire(import.meta.url);
let cleaner: ((html: string) => string) | undefined;

function clean(html: string): string {
  cleaner ??= makeCleaner(load("sanitize-html"));
  return cleaner(html);
}

function makeCleaner(sanitizeHtml: typeof sanitize): (html: string) => string {
  return (html) =>
    sanitizeHtml(html, { ...options, transformTags: { a: sanitizeHtml.simpleTransform("a", linkRel, true) } });
}

// A link out of user-written text must neither reach back to the page that opened it nor lend it rank.
const linkRel = { rel: "noopener noreferrer nofollow" };

const options: sanitize.IOptions = {
  allowedTags: [
    ...["h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "div", "span"],
    ...["ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"],
    ...["a", "abbr", "b", "strong", "i", "em", "u", "s", "del", "ins", "mark", "small", "sub", "sup", "kbd", "q"],
    ...["img", "figure", "figcaption"],
  ],
  allowedAttributes: {
    a: ["href", "title", "rel"],
    img: ["src", "alt", "title", "width", "height"],
    abbr: ["title"],
    ol: ["start"],
    th: ["colspan", "rowspan", "scope"],
    td: ["colspan", "rowspan"],
  },
  allowedSchemes: ["http", "https", "mailto", "tel"],
  allowedSchemesByTag: { img: ["http", "https"] },
  allowProtocolRelative: false,
  nestingLimit: 100,
};

export const richtext: ValueType = {
  ...textType(() => null),
  parse(field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", "Expected a string of HTML.");
    if (!isStorable(value)) return invalidText(path);
    const kept = clean(value);
    // The length that counts is that of what is kept; entities such as &#0; may have become characters.
    if (!isStorable(kept)) return invalidText(path);
    const wrong = lengthProblem(field, kept);
    return wrong ? refuse(path, wrong[0], wrong[1]) : ok(kept);
  },
};
