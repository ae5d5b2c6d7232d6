// A wording as the two parts of a mail. HTML for mail programs: tables, inline styles, both colour schemes, no image, no font, no
// script, nothing fetched. Colours are those of brand/tokens.css, which mail programs cannot read; a test compares them.
import type { Template } from "./mail-render.ts";
import { labels, type Wording } from "./mail-texts.ts";

/** [light, dark], by their names in brand/tokens.css. */
export const mailColours = {
  page: ["#ffffff", "#141c22"],
  side: ["#f6f8f9", "#10171c"],
  text: ["#1d272e", "#d6dee3"],
  quiet: ["#51626d", "#9fadb6"],
  line: ["#dfe5e9", "#2a363f"],
  accent: ["#0b7080", "#4fb8c6"],
  "accent-fill": ["#0b7080", "#0b7080"],
  "on-fill": ["#ffffff", "#ffffff"],
} as const;

const [page, side, text, quiet, line, fill, onFill] = (
  ["page", "side", "text", "quiet", "line", "accent-fill", "on-fill"] as const
).map((name) => mailColours[name][0]);

/** Dark where the program knows that it is; those that turn colours round by themselves find plain light ones to turn. */
const darkStyle = [
  [".page", "background", "side"],
  [".card", "background", "page"],
  [".card", "border-color", "line"],
  [".text", "color", "text"],
  [".quiet", "color", "quiet"],
  [".code", "background", "side"],
]
  .map(([selector, property, name]) => `${selector}{${property}:${mailColours[name as "page"][1]}!important}`)
  .join("");

const font = "font-family:Inter,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/** A template with places, of which a code, a link and facts of a device count only where a mail has them. */
export function templateOf(wording: Wording, language: string): Template {
  return { subject: wording.subject, text: textOf(wording, language), html: htmlOf(wording, language) };
}

const factsOf = (language: string) => Object.entries(labels[language] ?? labels.en ?? {});

function textOf({ heading, lead, action, close }: Wording, language: string): string {
  const facts = factsOf(language).map(([name, label]) => `{{#${name}}}${label}: {{${name}}}\n{{/${name}}}`).join(""); // biome-ignore format: one line
  const link = action === undefined ? "" : `{{#link}}${action}:\n{{link}}\n\n{{/link}}`;
  const code = "{{#code}}    {{code}}\n\n{{/code}}";
  return `${heading}\n\n${paragraphs(lead)}${code}${link}${facts}${facts && "\n"}${paragraphs(close)}-- \n{{appName}}\n`;
}

const paragraphs = (texts: readonly string[]) => texts.map((one) => `${one}\n\n`).join("");

function htmlOf({ heading, lead, action, close }: Wording, language: string): string {
  const facts = factsOf(language).map(([name, label]) => `{{#${name}}}<tr><td class="quiet" style="padding:2px 16px 2px 0;color:${quiet}">${label}</td><td class="text" style="padding:2px 0;color:${text}">{{${name}}}</td></tr>{{/${name}}}`).join(""); // biome-ignore format: one line
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${heading}</title>
<style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){${darkStyle}}</style>
</head>
<body class="page" style="margin:0;padding:0;background:${side}">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:${side}"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:520px;background:${page};border:1px solid ${line};border-radius:4px"><tr><td class="text" style="padding:32px;${font};font-size:16px;line-height:1.5;color:${text}">
<p class="quiet" style="margin:0 0 24px;font-size:14px;color:${quiet}">{{appName}}</p>
<h1 class="text" style="margin:0 0 16px;font-size:20px;line-height:1.3;color:${text}">${heading}</h1>
${lead.map((one) => `<p style="margin:0 0 16px">${one}</p>`).join("\n")}
{{#code}}<p class="code text" style="margin:0 0 24px;padding:16px;background:${side};border-radius:4px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:28px;letter-spacing:4px;text-align:center;color:${text}">{{code}}</p>{{/code}}
${action === undefined ? "" : `{{#link}}<p style="margin:0 0 24px"><a href="{{link}}" style="display:inline-block;padding:12px 24px;background:${fill};border-radius:4px;color:${onFill};text-decoration:none">${action}</a></p>{{/link}}`}
<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 16px;font-size:14px">${facts}</table>
${close.map((one) => `<p class="quiet" style="margin:0 0 8px;font-size:14px;color:${quiet}">${one}</p>`).join("\n")}
</td></tr></table>
</td></tr></table>
</body>
</html>
`;
}
