// Fills a template. Two signs and no more, so that whoever writes templates can do no harm with them: `{{name}}` is a text, and
// `{{#name}}…{{/name}}` stands only when there is one.

export interface Template {
  readonly subject: string;
  readonly text: string;
  /** Absent: the mail is plain text. */
  readonly html?: string | undefined;
}

export type Values = { readonly [name: string]: string };

const subjectLengthMax = 200;
const valueLengthMax = 1_000;

export function render(template: Template, values: Values): Template {
  const plain = (name: string) => spoken(name, values[name]);
  const subject = fill(template.subject, values, plain).replace(/[\s\p{Cc}]+/gu, " ").trim(); // biome-ignore format: one line
  return {
    subject: [...subject].slice(0, subjectLengthMax).join(""),
    text: fill(template.text, values, plain),
    html: template.html && fill(template.html, values, (name) => escapeHtml(plain(name))),
  };
}

/** Sections first, then places in one pass: what a value says is never read as a template. */
function fill(template: string, values: Values, place: (name: string) => string): string {
  return sections(template, values).replace(/\{\{(\w{1,40})\}\}/g, (_, name: string) => place(name));
}

function sections(template: string, values: Values): string {
  return template.replace(/\{\{#(\w{1,40})\}\}([\s\S]*?)\{\{\/\1\}\}/g, (_, name: string, inner: string) =>
    (values[name] ?? "") === "" ? "" : sections(inner, values),
  );
}

/** Made by the server, or given by its admins. */
const ours = new Set(["code", "link", "appName", "email", "newEmail", "address", "at"]);

/**
 * A value on one line. What people say of themselves or their devices must not become a link in a mail that bears our name, and
 * mail programs make links of whatever looks like one: a word joiner, which nobody sees, keeps them from it.
 */
function spoken(name: string, value = ""): string {
  const line = value.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").slice(0, valueLengthMax);
  return ours.has(name) ? line : line.replace(/[.:@/](?=\S)/g, "$&\u2060");
}

const entities: Values = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? "");
