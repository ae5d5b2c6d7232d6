// Finds the examples of the client: every name its entries export, with the doc comment above the declaration, and the code
// of each `@example` in it and in the members below. Reads what is shipped: the declarations of the built package.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

interface Manifest {
  readonly exports: { readonly [entry: string]: string | { readonly types: string } };
}

export interface Exported {
  readonly entry: string;
  readonly name: string;
  readonly isType: boolean;
  readonly doc: string | undefined;
  readonly examples: readonly string[];
}

/** Of each entry that the package beside has. */
export function exportsOf(dist: string): Exported[] {
  const { exports } = JSON.parse(readFileSync(join(dist, "../package.json"), "utf8")) as Manifest;
  return Object.entries(exports).flatMap(([entry, files]) => {
    if (typeof files === "string") return []; // ./package.json
    const file = relative(dist, join(dist, "..", files.types));
    // A class may be exported as a type only: it is then made by other calls.
    const typesOnly = [...readFileSync(join(dist, file), "utf8").matchAll(/export type \{([^}]*)\}/g)].join(" ");
    return namesOf(join(dist, file)).map(({ name, file: source }) => {
      const { isType, ...rest } = declared(source, name);
      return { entry, name, isType: isType || new RegExp(`\\b${name}\\b`).test(typesOnly), ...rest };
    });
  });
}

/** The names that a module exports, each with the file that declares it. */
function namesOf(file: string): { name: string; file: string }[] {
  const text = readFileSync(file, "utf8");
  refuseUnknownForms(file, text);
  const listed = [...text.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)].flatMap(
    ([, names = "", from = ""]) =>
      names
        .split(",")
        .map((name) => name.replace(/^\s*type\s+/, "").trim())
        .filter((name) => name !== "")
        .map((name) => ({ name, file: declaring(declarations(file, from), name) })),
  );
  const all = [...text.matchAll(/export \* from "([^"]+)"/g)].flatMap(([, from = ""]) =>
    namesOf(declarations(file, from)),
  );
  const own = [...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)];
  return [...listed, ...all, ...[...new Set(own.map((match) => match[1] as string))].map((name) => ({ name, file }))];
}

/** Where a name that a module exports is declared: in it, or where it has it from. */
function declaring(file: string, name: string): string {
  if (declarationIn(file, name)) return file;
  const text = readFileSync(file, "utf8");
  const named = new RegExp(`(?:import|export) (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`).exec(text)?.[1];
  if (named) return declaring(declarations(file, named), name);
  const found = namesOf(file).find((one) => one.name === name);
  if (!found) throw new Error(`${name} is declared nowhere in ${file}`);
  return found.file;
}

/** The ways of exporting that are read here; any other would hide a name from the check. */
const forms = [
  /^export (?:type )?\{[^}]*\} from "[^"]+"/,
  /^export \* from "[^"]+"/,
  /^export (?:declare )?(?:const|function|class|interface|type) \w/,
  /^export \{\};/,
];

function refuseUnknownForms(file: string, text: string): void {
  for (const { index } of text.matchAll(/^export\b/gm)) {
    const statement = text.slice(index);
    if (!forms.some((form) => form.test(statement))) throw new Error(`${file}: ${statement.split("\n", 1)[0]}`);
  }
}

const declarations = (file: string, from: string) => join(dirname(file), from.replace(/\.js$/, ".d.ts"));

const declarationIn = (file: string, name: string) =>
  new RegExp(`^export (?:declare )?(const|function|class|interface|type) ${name}\\b`, "m").exec(
    readFileSync(file, "utf8"),
  );

function declared(file: string, name: string): Pick<Exported, "isType" | "doc" | "examples"> {
  const text = readFileSync(file, "utf8");
  const found = declarationIn(file, name);
  if (!found) throw new Error(`${name} is declared nowhere in ${file}`);
  const before = text.slice(0, found.index);
  const doc = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(before)?.[0];
  const isType = found[1] === "interface" || found[1] === "type";
  const own = examplesIn(doc ?? "");
  // Members end where a line closes the declaration.
  const members = found[1] === "class" || found[1] === "interface" ? text.slice(found.index).split(/^\}/m, 1)[0] : "";
  return { isType, doc, examples: [...own, ...examplesIn(members ?? "")] };
}

export function examplesIn(comments: string): string[] {
  const code = /@example\s*\n\s*\* ```ts\n([\s\S]*?)\n\s*\* ```/g;
  return [...comments.matchAll(code)].map((match) => (match[1] as string).replace(/^\s*\* ?/gm, ""));
}
