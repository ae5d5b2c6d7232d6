import { defineConfig } from "vite";

export default defineConfig({
  // So that a phone in the same network can open the app: `npm run dev -- --host`.
  server: { port: 5173 },
});
