// Draws what cannot be SVG from the mark and the tokens: the icon of old tabs, of home screens, and the social card.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";

const root = join(import.meta.dirname, "../..");
const brand = (file: string) => join(root, "brand", file);

export async function drawBrand(browser: Browser): Promise<void> {
  const mark = readFileSync(brand("mark.svg"), "utf8");
  const page = await browser.newPage({ colorScheme: "light" });
  const draw = async (width: number, height: number, body: string, clear = false) => {
    await page.setViewportSize({ width, height });
    const style = `${readFileSync(brand("tokens.css"), "utf8")}${fonts()}
      body { margin: 0; width: ${width}px; height: ${height}px; display: grid; place-items: center; color: var(--accent) }`;
    await page.setContent(`<style>${style}</style>${body}`);
    await page.evaluate("document.fonts.ready");
    return page.screenshot({ omitBackground: clear });
  };
  const sized = (size: number) => mark.replace("<svg", `<svg width="${size}" height="${size}"`);
  const icons = [];
  for (const size of [16, 32]) icons.push({ size, png: await draw(size, size, sized(size), true) });
  writeFileSync(brand("favicon.ico"), ico(icons));
  writeFileSync(
    brand("touch-icon.png"),
    await draw(180, 180, `<style>body{background:var(--page)}</style>${sized(112)}`),
  );
  writeFileSync(brand("social-card.png"), await draw(1200, 630, card(sized(144))));
  await page.close();
}

const card = (mark: string) => `<style>
    body { background: var(--side) }
    main { display: grid; gap: 40px; width: 960px }
    h1 { margin: 0; font: 600 96px/1 var(--font); letter-spacing: -0.03em; color: var(--text); display: flex; gap: 40px; align-items: center }
    h1 svg { color: var(--accent) }
    p { margin: 0; font: 400 40px/1.35 var(--font); color: var(--quiet) }
  </style><main><h1>${mark}Landfall</h1>
  <p>A self-hostable backend. Collections, rules, a typed client and a console; your data stays in ordinary Postgres tables.</p></main>`;

/** Inter, read from its package: the page that is drawn has no address to fetch it from. */
function fonts(): string {
  const file = join(root, "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");
  const data = readFileSync(file).toString("base64");
  return `@font-face { font-family: "Inter Variable"; font-weight: 100 900; src: url(data:font/woff2;base64,${data}) }`;
}

/** An .ico of PNGs: header, one entry a size, the pictures. */
function ico(icons: readonly { readonly size: number; readonly png: Buffer }[]): Buffer {
  const head = Buffer.alloc(6 + 16 * icons.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(icons.length, 4);
  let offset = head.length;
  icons.forEach(({ size, png }, n) => {
    const at = 6 + 16 * n;
    head.writeUInt8(size, at);
    head.writeUInt8(size, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([head, ...icons.map(({ png }) => png)]);
}
