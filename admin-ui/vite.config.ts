// Builds the console into `dist`, which the server serves at `/console/` under a strict content security policy:
// nothing may end up inline, neither scripts nor fonts. Texts are compressed here once, not on every request.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Smaller than this, a compressed body saves nothing worth its header. */
const compressFromBytes = 1024;

function compressed(): Plugin {
  const folder = join(import.meta.dirname, "dist");
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|svg|html)$/.test(name)) continue;
        const body = readFileSync(join(folder, name));
        if (body.length < compressFromBytes) continue;
        // Quality 10 is 5 per cent smaller than 9 for a second more; 11 doubles the time for 2 per cent.
        const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } });
        writeFileSync(join(folder, `${name}.br`), brotli);
        const zstd = zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
        writeFileSync(join(folder, `${name}.zst`), zstd);
        writeFileSync(join(folder, `${name}.gz`), gzipSync(body, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [react(), compressed()],
  build: {
    outDir: "dist",
    target: "es2023",
    // Browsers that know `light-dark()`: rewritten for older ones it would not follow the chosen scheme.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": "http://localhost:4710" } },
});
