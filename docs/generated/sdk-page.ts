// docs/sdk.md, from the client's own declarations: what TypeScript emits for the package's entry, with its doc comments.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const sdk = join(import.meta.dirname, "../../sdk");
const compiler = join(sdk, "../node_modules/.bin/tsc");

const intro = `# Client reference

Made from the declarations of \`@landfall/client\`; do not edit. How to use it: [the client](guides/client.md).
`;

interface Doc {
  readonly text: string;
  readonly examples: readonly string[];
}

interface Declaration extends Doc {
  readonly name: string;
  readonly code: string;
}

export function sdkPage(): string {
  const declarations = exportedDeclarations();
  const functions = declarations.filter(({ code }) => /^export declare (?:function|const)/.test(code));
  const classes = declarations.filter(({ code }) => /^export declare class/.test(code));
  const types = declarations.filter((one) => !functions.includes(one) && !classes.includes(one));
  return [
    intro,
    "## Functions\n",
    ...functions.map((one) => `### ${one.name}\n\n${prose(one)}${typescript(bare(one.code))}`),
    ...classes.map(classSection),
    "## Types\n",
    ...types.map((one) => `### ${one.name}\n\n${prose(one)}${typescript(bare(one.code))}`),
  ].join("\n");
}

/** What index.ts names, and the class that a collection extends. */
function exportedDeclarations(): Declaration[] {
  const out = mkdtempSync(join(tmpdir(), "lf-dts-"));
  try {
    const flags = [
      "--noEmit",
      "false",
      "--emitDeclarationOnly",
      "--declaration",
      "--rootDir",
      join(sdk, "src"),
      "--outDir",
      out,
    ];
    execFileSync(compiler, ["-p", sdk, ...flags], { encoding: "utf8" });
    const files = readdirSync(out).filter((file) => file.endsWith(".d.ts") && file !== "index.d.ts");
    const all = files.flatMap((file) => declarationsOf(readFileSync(join(out, file), "utf8")));
    const index = readFileSync(join(out, "index.d.ts"), "utf8");
    const names = [...index.matchAll(/(?:type )?\b([A-Za-z]\w*)\b(?=\s*[,}])/g)].map((match) => match[1] as string);
    return names.flatMap((name) => {
      const found = all.find((one) => one.name === name);
      return found ? [found] : [];
    });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const comment = String.raw`(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?`;

/** Declarations begin in the first column, and so do their ends. */
function declarationsOf(text: string): Declaration[] {
  const form = new RegExp(
    `^${comment}(export (?:declare )?(?:function|const|class|interface|type) (\\w+)[\\s\\S]*?(?:;|\\})$)(?=\\n(?:\\/\\*\\*|export|declare|interface|type|import|$))`,
    "gm",
  );
  return [...text.matchAll(form)].map(([, doc, code = "", name = ""]) => ({ name, code, ...docOf(doc) }));
}

function classSection(one: Declaration): string {
  const head = one.code.slice(0, one.code.indexOf("{"));
  const members = membersOf(one.code);
  return `## ${one.name}\n\n${prose(one)}${typescript(bare(head.trim()))}\n${members.join("\n")}`;
}

/** Methods get a heading, properties a list; overloads stand together. */
function membersOf(code: string): string[] {
  const form = new RegExp(`^ {4}${comment.replace(String.raw`\n`, String.raw`\n {4}`)}([\\w[][^\\n]*);$`, "gm");
  const methods = new Map<string, { doc: Doc; signatures: string[] }>();
  const properties: string[] = [];
  for (const [, doc, signature = ""] of code.matchAll(form)) {
    const method = /^(?:\[Symbol\.(\w+)\]|(\w+))(?:<|\()/.exec(signature);
    const name = method?.[1] ?? method?.[2];
    if (name === undefined)
      properties.push(`- \`${signature.replace("readonly ", "")}\`${doc ? `: ${docOf(doc).text}` : ""}`);
    else if (name === "constructor") continue;
    else if (methods.has(name)) methods.get(name)?.signatures.push(signature);
    else methods.set(name, { doc: docOf(doc), signatures: [signature] });
  }
  const sections = [...methods].map(
    ([name, { doc, signatures }]) => `### ${name}\n\n${prose(doc)}${typescript(signatures.join("\n"))}`,
  );
  return properties.length > 0 ? [`${properties.join("\n")}\n`, ...sections] : sections;
}

function docOf(comment = ""): Doc {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, ""));
  const [text = "", ...rest] = lines.join("\n").trim().split("@example");
  return {
    text: text
      .replace(/\{@link (?:\w+\.)?(\w+)\}/g, "`$1`")
      .replace(/\s*\n\s*/g, " ")
      .trim(),
    examples: rest.map((example) => example.trim()),
  };
}

function prose({ text, examples }: Doc): string {
  const said = text === "" ? "" : `${text}\n\n`;
  return (
    said + examples.map((example) => `${example.startsWith("```") ? example : typescript(example).trim()}\n\n`).join("")
  );
}

/** Two spaces a level, and no links that nothing follows here. */
const bare = (code: string) =>
  code
    .replace(/^export (?:declare )?/, "")
    .replace(/^(?: {4})+/gm, (space) => " ".repeat(space.length / 2))
    .replace(/\{@link ([\w.]+)\}/g, "$1");
const typescript = (code: string) => `\`\`\`ts\n${code}\n\`\`\`\n`;
