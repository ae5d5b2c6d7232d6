// The flags `npm start` gives Node, for tests and benchmarks that start the server themselves. They hold for its memory: the
// young generation may take 32 MiB, not V8's 64, which a server under load fills whatever it does (decision 001).
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly scripts: { readonly start: string };
};

export const nodeFlags: readonly string[] = manifest.scripts.start.split(" ").filter((word) => word.startsWith("--"));
