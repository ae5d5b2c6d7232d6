// The files of a new app project: what all templates share, the template's own, and what is made for this one project.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { type DefinedCollection, schemaModule, schemaOf } from "@landfall/client/wire";

export interface Template {
  readonly title: string;
  /** Opens the project's README. */
  readonly about: string;
  /** Whom `npm run people` makes links for; a role stands after the colon. */
  readonly people: readonly string[];
}

export const templates: Readonly<Record<string, Template>> = {
  tasks: {
    title: "Projects shared with others, and their tasks",
    about:
      "Projects that are shared with others, and their tasks. What you may see follows from the project a task is in.",
    people: ["ann", "ben"],
  },
  social: {
    title: "A timeline: posts, likes, followers",
    about: "A timeline: posts for everybody or for followers only, likes, and whom to follow.",
    people: ["ann", "ben"],
  },
  "field-work": {
    title: "Reports from sites, with their place",
    about:
      "Reports from sites. Only who stands within 500 metres of a site may report from it; the lead accepts reports, and\n" +
      "then they stay as they are. Browsers tell an app where it is on `https` and on `localhost` only: on a phone put a\n" +
      "certificate before it.",
    people: ["ann", "lee:lead"],
  },
};

export interface ProjectOptions {
  readonly folder: string;
  readonly template: string;
  /** Where the server is. */
  readonly url: string;
  /** The key that the project's commands use. */
  readonly key: string;
  /** Collections that every server has from the start. */
  readonly given?: readonly DefinedCollection[];
}

const home = join(import.meta.dirname, "init-templates");

/** Path in the project to text. Nothing is written yet. */
export function projectFiles({ folder, template, url, key, given = [] }: ProjectOptions): ReadonlyMap<string, string> {
  const { about, people } = templates[template] as Template;
  const name = nameOf(folder);
  const filled = (text: string) => text.replaceAll("{{name}}", name).replaceAll("{{about}}", about);
  const files = new Map<string, string>();
  for (const part of ["base", template])
    for (const file of filesIn(join(home, part)))
      files.set(placeOf(file), filled(readFileSync(join(home, part, file), "utf8")));
  const collections = JSON.parse(files.get("landfall.collections.json") as string) as DefinedCollection[];
  files.set("src/landfall.schema.ts", schemaModule(schemaOf([...collections, ...given])));
  files.set("package.json", json(manifest(name, url)));
  files.set("landfall.config.json", json({ url, collections: "landfall.collections.json", schema: "src/landfall.schema.ts", people })); // biome-ignore format: one line
  files.set(
    ".env",
    `# May do everything. Start the server with it: LANDFALL_SERVICE_KEY=<this> npm start\nLANDFALL_KEY=${key}\n`,
  );
  return files;
}

/** Two names would mean something here already: to git, and to what leaves tests out of an image. */
function placeOf(file: string): string {
  return file.replace("_gitignore", ".gitignore").replace(".tests.ts", ".test.ts");
}

function manifest(name: string, url: string): object {
  return {
    name,
    private: true,
    type: "module",
    scripts: {
      dev: "vite",
      build: "tsc && vite build",
      test: "vitest run",
      push: "landfall push",
      types: "landfall types",
      people: "node scripts/people.mjs",
    },
    dependencies: { "@landfall/client": `${url}/sdk.tgz`, react: "^19.3.1", "react-dom": "^19.3.1" },
    devDependencies: {
      "@types/node": "^24.0.0",
      "@types/react": "^19.0.0",
      "@types/react-dom": "^19.0.0",
      typescript: "^7.0.2",
      vite: "^8.3.8",
      vitest: "^5.1.1",
    },
  };
}

/** What npm takes for a name. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "");
  return name === "" ? "landfall-app" : name.slice(0, 200);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    );
}

/** Those that are there already: they are somebody's, and stay. */
export function inTheWay(folder: string, files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].filter((file) => existsSync(join(folder, file)));
}

export function writeProject(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    // `wx`: what appeared since we looked is not overwritten either.
    writeFileSync(path, text, { flag: "wx", mode: file === ".env" ? 0o600 : 0o644 });
  }
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
