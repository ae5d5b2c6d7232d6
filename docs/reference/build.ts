// Builds the reference at `/docs/reference`: one page, one script, one style sheet, bundled here. The page itself knows no
// operation; its script reads `/v1/openapi.json` of the server that serves it.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { build } from "vite";

const here = import.meta.dirname;
const base = "/docs/reference/";
const mark = readFileSync(join(here, "../../brand/mark.svg"), "utf8").replace(/<title>.*?<\/title>/, "");

export async function buildReference(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  const result = await build({
    configFile: false,
    root: join(here, "client"),
    base,
    logLevel: "warn",
    publicDir: false,
    build: {
      outDir: target,
      emptyOutDir: true,
      target: "es2023",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: { reference: join(here, "client", "reference.ts") } },
    },
  });
  const names = (Array.isArray(result) ? result : [result])
    .flatMap((one) => ("output" in one ? one.output : []))
    .map(({ fileName }) => fileName);
  const find = (ending: RegExp) => base + names.find((name) => ending.test(name));
  mkdirSync(target, { recursive: true });
  cpSync(join(here, "../site/client/color-scheme.js"), join(target, "color-scheme.js"));
  const page = render({ script: find(/\.js$/), style: find(/\.css$/), icon: find(/favicon-[^/]*\.svg$/) });
  writeFileSync(join(target, "index.html"), page);
  compress(target);
}

interface Assets {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** Stricter than the server's policy for `/docs`: no style attribute either. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"; // biome-ignore format: one line

function render({ script, style, icon }: Assets): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="description" content="Every operation of this server's HTTP API, with examples, and a way to try it.">
<title>HTTP API · Landfall docs</title>
<script src="${base}color-scheme.js"></script>
<link rel="stylesheet" href="${style}">
<link rel="icon" href="${icon}" type="image/svg+xml">
<script type="module" src="${script}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<button type="button" class="menu" popovertarget="pages">Operations</button>
<a class="home" href="/docs"><span class="mark" aria-hidden="true">${mark.trim()}</span>Landfall <span class="word">docs</span></a>
<button type="button" class="search" data-find>Find <kbd>/</kbd></button>
<button type="button" class="scheme" data-scheme hidden></button>
<a class="console" href="/console">Console</a>
</header>
<div class="frame">
<nav id="pages" class="pages" popover aria-label="Operations"></nav>
<main id="content" tabindex="-1">
<article>
<h1>HTTP API</h1>
<p id="state" role="status">Reading the OpenAPI document of this server.</p>
<noscript><p>This page needs JavaScript. The document itself: <a href="/v1/openapi.json">/v1/openapi.json</a>.</p></noscript>
</article>
</main>
</div>
</body>
</html>
`;
}

function compress(target: string): void {
  for (const name of readdirSync(target, { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:js|css|svg|html)$/.test(name)) continue;
    const body = readFileSync(join(target, name));
    if (body.length < 1024) continue;
    const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } });
    const zstd = zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
    writeFileSync(join(target, `${name}.br`), brotli);
    writeFileSync(join(target, `${name}.zst`), zstd);
    writeFileSync(join(target, `${name}.gz`), gzipSync(body, { level: 9 }));
  }
}
