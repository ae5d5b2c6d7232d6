// The TypeScript of a guide as one program: each block in a scope of its own, its imports gathered at the top, with `lf` as the
// page says it was made. It is type-checked against the printed schema and then run.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PrintedPage } from "./printed-page.ts";

const projectRoot = join(import.meta.dirname, "../..");
const run = promisify(execFile);

export interface Surroundings {
  readonly url: string;
  /** The text of landfall.schema.ts. */
  readonly schema: string;
  /** Whose `lf` it is. */
  readonly key: string;
}

/**
 * Type-checks all pages at once, then runs one after the other; resolves with how many blocks each has. `fragments` are calls
 * that a page names without being a program: they are only type-checked.
 */
export async function runCode(
  pages: { readonly [file: string]: PrintedPage },
  { url, schema, key }: Surroundings,
  fragments: { readonly [file: string]: readonly string[] } = {},
): Promise<{ readonly [file: string]: number }> {
  const folder = mkdtempSync(join(tmpdir(), "lf-code-"));
  const counts: Record<string, number> = {};
  try {
    symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(compilerOptions()));
    writeFileSync(join(folder, "src/landfall.schema.ts"), schema);
    for (const [file, page] of Object.entries(pages)) {
      const blocks = page.blocks.filter(({ language, notes }) => language === "ts" && notes.length === 0);
      const text = program(blocks.map((block) => block.text)).replaceAll("http://localhost:4710", url);
      writeFileSync(join(folder, "src", nameOf(file)), text);
      counts[file] = blocks.length;
    }
    for (const [file, calls] of Object.entries(fragments)) {
      writeFileSync(join(folder, "src", nameOf(file)), program([`${knownToFragments}\n${calls.join(";\n")};`]));
    }
    await run(join(projectRoot, "node_modules/.bin/tsc"), ["-p", folder]).catch(shown);
    for (const file of Object.keys(pages)) {
      const env = { ...process.env, LANDFALL_KEY: key };
      await run(process.execPath, [join(folder, "src", nameOf(file))], { env }).catch(shown);
    }
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The names that fragments take for granted, as a reader would. */
const knownToFragments = `import { append, increment, remove } from "@landfall/client";
const [url, token, id, nextCursor, x, s] = ["", "", "", "", "", "open" as const];
const [ne, gt, gte, lt, lte] = [1, 2, 3, 4, 5];
const row = { title: "A", author: "ann" };
const [data, rows, patch] = [row, [row], { title: "B" }];
void [url, token, id, nextCursor, x, s, ne, gt, gte, lt, lte, data, rows, patch, append, increment, remove];`;

/** The client's calls in the right column of the tables below one heading. */
export function callsIn(markdown: string, heading: string): string[] {
  const section = markdown.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const right = section.split("\n").map((line) => /^\|.*?[^\\] \| (.*) \|$/.exec(line)?.[1] ?? "");
  const spans = right.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));
  return spans.flatMap((span) => asCall(span.replace("{…}", '{ status: "open" }')) ?? []);
}

function asCall(span: string): string | undefined {
  if (span === "lf.batch(…)") return 'lf.batch((b) => [b.from("posts").delete(id)])';
  if (span.startsWith("for await")) return `${span} console.log(post.title)`;
  if (/^(?:createClient|increment|append|remove)\(/.test(span)) return span;
  if (span.startsWith(".from(")) return `lf${span}`;
  if (span.startsWith(".")) return `lf.from("posts")${span}`;
  return span.startsWith("{ ") ? `lf.from("posts").filter(${span})` : undefined;
}

/** `guides/client.md` as a module's name, so that a mistake names its page. */
const nameOf = (file: string) => file.replaceAll("/", "-").replace(/\.md$/, ".ts");

function program(blocks: readonly string[]): string {
  const importLine = /^import .* from .*;$/gm;
  const imports = new Map<string, Set<string>>([
    ["@landfall/client", new Set(["createClient"])],
    ["./landfall.schema.ts", new Set(["schema"])],
  ]);
  for (const line of blocks.flatMap((block) => block.match(importLine) ?? [])) {
    const [, names = "", from = ""] = /^import \{ (.*) \} from "(.*)";$/.exec(line) ?? [];
    const known = imports.get(from) ?? new Set();
    for (const name of names.split(", ")) known.add(name);
    imports.set(from, known);
  }
  const head = [...imports].map(([from, names]) => `import { ${[...names].join(", ")} } from "${from}";`);
  const client =
    'const lf = createClient({ url: "http://localhost:4710", schema, token: () => process.env.LANDFALL_KEY });';
  const bodies = blocks.map((block) => `{\n${block.replace(importLine, "")}\n}`);
  return [...head, client, ...bodies].join("\n");
}

function compilerOptions(): object {
  const options = { types: ["node"], typeRoots: [join(projectRoot, "node_modules/@types")], noUnusedLocals: false };
  return { extends: join(projectRoot, "tsconfig.base.json"), compilerOptions: options, include: ["src"] };
}

/** A failed program's own words. */
function shown(error: Error & { readonly stdout?: string; readonly stderr?: string }): never {
  throw new Error(`${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
}
