// What the site and the reference build alike: through Vite one script, one style sheet and what they name, and every text
// compressed once, not on every request.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { build } from "vite";
import type { Bundled } from "./frame.ts";

/** Bundles one entry of a `client` folder into `target`, under names that carry their content's hash. */
export async function bundle(entry: string, target: string, base: string): Promise<Bundled> {
  const result = await build({
    configFile: false,
    root: join(entry, ".."),
    base,
    logLevel: "warn",
    publicDir: false,
    build: {
      outDir: target,
      emptyOutDir: false,
      target: "es2023",
      // The first versions that know light-dark(): what is put in its place for older ones would not follow the reader's choice.
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: entry },
    },
  });
  const names = (Array.isArray(result) ? result : [result])
    .flatMap((one) => ("output" in one ? one.output : []))
    .map(({ fileName }) => fileName);
  const find = (ending: RegExp) => {
    const found = names.find((name) => ending.test(name));
    if (found === undefined) throw new Error(`The bundle of ${entry} holds nothing like ${ending}.`);
    return base + found;
  };
  return { script: find(/\.js$/), style: find(/\.css$/), icon: find(/favicon-[^/]*\.svg$/) };
}

/** Smaller than this, a compressed body saves nothing worth its header. */
const compressFromBytes = 1024;

/** Puts each text beside itself in the three codings that browsers take. */
export function compress(folder: string, files: readonly string[]): void {
  for (const name of files.filter((file) => /\.(?:js|css|svg|html|json)$/.test(file))) {
    const body = readFileSync(join(folder, name));
    if (body.length < compressFromBytes) continue;
    const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    const zstd = zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 12 } });
    writeFileSync(join(folder, `${name}.br`), brotli);
    writeFileSync(join(folder, `${name}.zst`), zstd);
    writeFileSync(join(folder, `${name}.gz`), gzipSync(body, { level: 9 }));
  }
}
