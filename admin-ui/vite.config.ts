// Builds the console into `dist`, which the server serves at `/console/` under a strict content security policy:
// nothing may end up inline, neither scripts nor fonts.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "dist",
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": "http://localhost:4710" } },
});
