// `landfall init`: a new app project from a template. Asks at a terminal what was not said; never overwrites.
import { randomBytes } from "node:crypto";
import { relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { DefinedCollection } from "@landfall/client/wire";
import { Exit } from "../kernel/exit.ts";
import { settingsOf } from "../main.ts";
import type { Call, Command } from "./command.ts";
import { inTheWay, projectFiles, templates, writeProject } from "./init-project.ts";

const names = Object.keys(templates);
const list = Object.entries(templates).map(([name, { title }]) => `  ${name.padEnd(12)}${title}`).join("\n"); // biome-ignore format: one line

export const command: Command = {
  usage: "[folder]",
  details: `Templates\n${list}\n\nAt a terminal it asks for what is not said; otherwise the template is tasks. Files that are there stay as they are.`,
  options: {
    template: { type: "string", value: "name", text: `One of ${names.join(", ")}.` },
    url: {
      type: "string",
      value: "url",
      text: "The server of the app. Default: LANDFALL_PUBLIC_URL, else http://localhost:PORT.",
    },
  },
  positionals: { min: 0, max: 1 },
  async run(call) {
    const { folder, template } = await choices(call);
    const { config } = settingsOf(call.env);
    const url = (call.text("url") ?? config.publicUrl ?? `http://localhost:${config.port}`).replace(/\/+$/, "");
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
      throw new Exit("usage", `${JSON.stringify(url)} is no address of a server: --url http://localhost:4710`);
    const { usersCollection } = await import("../auth/index.ts");
    const key = randomBytes(24).toString("hex");
    const files = projectFiles({ folder, template, url, key, given: [usersCollection as DefinedCollection] });
    make(folder, files);
    const place = relative(process.cwd(), folder) || ".";
    call.terminal.answer({ folder, template, url, files: [...files.keys()].sort() }, told(place, template, files.size));
  },
};

function make(folder: string, files: ReadonlyMap<string, string>): void {
  const there = inTheWay(folder, files);
  if (there.length > 0)
    throw new Exit("file_unusable", `${folder} holds ${there.slice(0, 5).join(", ")}${there.length > 5 ? " and more" : ""} already, and nothing is overwritten: name another folder.`); // biome-ignore format: one line
  try {
    writeProject(folder, files);
  } catch (error) {
    throw new Exit("file_unusable", `${folder} cannot be written (${(error as NodeJS.ErrnoException).code}).`, error);
  }
}

async function choices(call: Call): Promise<{ folder: string; template: string }> {
  const asks = call.terminal.isTTY && call.terminal.stdin.isTTY === true;
  const said = { folder: call.positionals[0], template: call.text("template") };
  if (said.template !== undefined) checkTemplate(said.template);
  const { folder, template } = asks ? await asked(call, said) : said;
  if (!folder) throw new Exit("usage", "Which folder? landfall init <folder>");
  return { folder: resolve(folder), template: checkTemplate(template || "tasks") };
}

interface Said {
  readonly folder: string | undefined;
  readonly template: string | undefined;
}

async function asked({ terminal }: Call, said: Said): Promise<Said> {
  if (said.folder !== undefined && said.template !== undefined) return said;
  const questions = createInterface({ input: terminal.stdin, output: terminal.stdout });
  try {
    const folder = said.folder ?? ((await questions.question("Folder (my-app): ")) || "my-app");
    if (said.template === undefined) terminal.out(list);
    return { folder, template: said.template ?? (await questions.question("Template (tasks): ")) };
  } finally {
    questions.close();
  }
}

function checkTemplate(name: string): string {
  if (Object.hasOwn(templates, name)) return name;
  throw new Exit("usage", `There is no template ${JSON.stringify(name)}. There are ${names.join(", ")}.`);
}

function told(place: string, template: string, count: number): string {
  return `${count} files of the template ${template} written to ${place}

Start the server with the project's key, in Landfall's folder:
  LANDFALL_SERVICE_KEY=<LANDFALL_KEY of ${place}/.env> npm start

Then:
  cd ${place}
  npm install
  npm run push      the collections, to the server
  npm run people    links to open the app as somebody
  npm run dev`;
}
