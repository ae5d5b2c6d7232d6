// Renders these pages to `docs/dist/`, which the server serves at `/docs`. Runs when a page is newer than its rendering.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const here = new URL("./", import.meta.url).pathname;
const target = join(here, "dist");
const pages = readdirSync(here, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md") && !file.startsWith("dist"))
  .sort();
const stamp = join(target, "index.html");
const newest = Math.max(...[...pages, "build.mjs", "style.css"].map((file) => statSync(join(here, file)).mtimeMs));

if (!existsSync(stamp) || statSync(stamp).mtimeMs < newest) {
  const { marked } = await import("marked");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "style.css"), readFileSync(join(here, "style.css")));
  for (const file of pages) {
    const text = readFileSync(join(here, file), "utf8");
    write(file.replace(/\.md$/, ".html"), titleOf(text), marked.parse(relinked(text)));
  }
  const list = pages.map(
    (file) =>
      `<li><a href="/docs/${file.replace(/\.md$/, ".html")}">${escaped(titleOf(readFileSync(join(here, file), "utf8")))}</a></li>`,
  );
  const api = '<li><a href="/v1/openapi.json">OpenAPI document</a> of this server</li>';
  write("index.html", "Documentation", `<h1>Documentation</h1><ul>${api}${list.join("")}</ul>`);
}

function write(file, title, body) {
  const path = join(target, file);
  mkdirSync(dirname(path), { recursive: true });
  const up = relative(dirname(path), target) || ".";
  writeFileSync(
    path,
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · Landfall</title><link rel="stylesheet" href="${up}/style.css"></head>
<body><nav><a href="/docs">Landfall</a></nav><main>${body}</main></body></html>\n`,
  );
}

function titleOf(text) {
  return /^# (.+)$/m.exec(text)?.[1] ?? "Untitled";
}

/** Links between pages point at their renderings. */
function relinked(text) {
  return text.replace(/\]\(([^):]+)\.md(#[^)]*)?\)/g, "]($1.html$2)");
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
}
