// Builds the reference at `/docs/reference`: one page, one script, one style sheet. The page itself knows no operation; its
// script reads `/v1/openapi.json` of the server that serves it.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, compress } from "../site/bundle.ts";
import { type Bundled, frame } from "../site/frame.ts";

export async function buildReference(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const assets = await bundle(join(import.meta.dirname, "client/reference.ts"), target, "/docs/reference/");
  writeFileSync(join(target, "index.html"), render(assets));
  compress(target, readdirSync(target, { recursive: true, encoding: "utf8" }));
}

function render(assets: Bundled): string {
  return frame({
    title: "HTTP API · Landfall docs",
    description: "Every operation of this server's HTTP API, with examples, and a way to try it.",
    assets,
    menu: "Operations",
    finder: { attribute: "data-find", word: "Find" },
    list: '<nav id="pages" class="pages" popover aria-label="Operations"></nav>',
    main: `<article>
<h1>HTTP API</h1>
<p id="state" role="status">Reading the OpenAPI document of this server.</p>
<noscript><p>This page needs JavaScript. The document itself: <a href="/v1/openapi.json">/v1/openapi.json</a>.</p></noscript>
</article>`,
  });
}
