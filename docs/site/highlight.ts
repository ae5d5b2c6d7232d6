// Colours code with four kinds of token: comments, strings, numbers, keywords. Names and signs keep the colour of text, so one
// expression per language is all there is; a highlighting library would be ten megabytes for the same four colours.
import { escapeHtml } from "./html.ts";

interface Language {
  readonly comment: string;
  readonly string: string;
  readonly keywords: string;
}

const cStrings = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
const script: Language = {
  comment: String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
  string: `${cStrings}|\`(?:[^\`\\\\]|\\\\.)*\``,
  keywords:
    "as|async|await|break|case|catch|class|const|continue|declare|default|else|export|extends|false|finally|for|from|function|if|implements|import|in|instanceof|interface|let|new|null|of|return|satisfies|static|switch|this|throw|true|try|type|typeof|undefined|void|while|yield",
};
const hashed = (string: string, keywords: string): Language => ({
  comment: String.raw`(?<=^|\s)#[^\n]*`,
  string,
  keywords,
});

const languages: { readonly [name: string]: Language } = {
  ts: script,
  tsx: script,
  js: script,
  json: { comment: "(?!)", string: cStrings, keywords: "true|false|null" },
  // A quoted text of a shell may go over many lines.
  sh: hashed(
    String.raw`"(?:[^"\\]|\\.)*"|'[^']*'`,
    "cd|curl|do|docker|done|echo|else|export|fi|for|if|in|landfall|mkdir|node|npm|npx|psql|then|while",
  ),
  sql: {
    comment: "--[^\n]*",
    string: "'(?:[^']|'')*'",
    keywords:
      "(?:SELECT|FROM|WHERE|INSERT|INTO|UPDATE|SET|DELETE|CREATE|TABLE|INDEX|ON|AND|OR|NOT|NULL|ORDER|BY|GROUP|GRANT|ROLE|TO|USING|VALUES|WITH|AS)",
  },
  cel: { comment: "//[^\n]*", string: cStrings, keywords: "true|false|null|in" },
  yaml: hashed(cStrings, "true|false|null"),
  nginx: hashed(cStrings, "server|location|proxy_pass|upstream|listen"),
};

const aliases: { readonly [name: string]: string } = {
  bash: "sh",
  shell: "sh",
  typescript: "ts",
  javascript: "js",
  yml: "yaml",
};
const kinds = ["comment", "string", "number", "keyword"] as const;
const compiled = new Map<string, RegExp>();

/** HTML of a piece of code; of a language that is not known, the text as it is. */
export function highlighted(code: string, name: string): string {
  const language = languages[aliases[name] ?? name];
  if (language === undefined) return escapeHtml(code);
  let html = "";
  let at = 0;
  for (const match of code.matchAll(expressionOf(name, language))) {
    const kind = kinds[match.slice(1).findIndex((group) => group !== undefined)];
    html += `${escapeHtml(code.slice(at, match.index))}<span class="t-${kind}">${escapeHtml(match[0])}</span>`;
    at = match.index + match[0].length;
  }
  return html + escapeHtml(code.slice(at));
}

function expressionOf(name: string, { comment, string, keywords }: Language): RegExp {
  const known = compiled.get(name);
  if (known) return known;
  const made = new RegExp(`(${comment})|(${string})|(\\b\\d[\\d_.]*\\b)|(\\b(?:${keywords})\\b(?![-:]))`, "gm");
  compiled.set(name, made);
  return made;
}
