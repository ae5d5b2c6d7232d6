// Rich text: HTML that is safe to show as it is. Cleaned once when written, so that every reader may trust it.
import sanitizeHtml from "sanitize-html";
import { lengthProblem, textType } from "./field-text.ts";
import { invalidText, isStorable, ok, refuse, type ValueType } from "./field-value.ts";

const options: sanitizeHtml.IOptions = {
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
  // A link out of user-written text must neither reach back to the page that opened it nor lend it rank.
  transformTags: { a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer nofollow" }, true) },
  nestingLimit: 100,
};

export const richtext: ValueType = {
  ...textType(() => null),
  parse(field, value, path) {
    if (typeof value !== "string") return refuse(path, "type", "Expected a string of HTML.");
    if (!isStorable(value)) return invalidText(path);
    const clean = sanitizeHtml(value, options);
    // The length that counts is that of what is kept; entities such as &#0; may have become characters.
    if (!isStorable(clean)) return invalidText(path);
    const wrong = lengthProblem(field, clean);
    return wrong ? refuse(path, wrong[0], wrong[1]) : ok(clean);
  },
};
