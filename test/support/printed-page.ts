// Runs a page of the docs as a reader would: its commands in one shell, its files under their names, its server in a second
// terminal, and what it prints compared with what the page says. Nothing is typed again here; two things differ from a
// reader's day, and only these: the port, and that `npm install` of the clone itself has been done already.
//
//   ```sh              run in the reader's shell, which keeps its folder, its variables and its functions
//   ```sh server       run in the first terminal until the page is done
//   ```json file=name  written into the folder the shell is in
//   ```text output     what the command before it printed
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { marked, type Tokens } from "marked";
import { untilReady } from "./server.ts";

const projectRoot = join(import.meta.dirname, "../..");

/** A registry is asked for what is not here yet, and for nothing else: not for newer versions, not for what is known of them. */
const quietNpm = {
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false",
  npm_config_prefer_offline: "true",
};

interface Block {
  readonly language: string;
  readonly notes: readonly string[];
  readonly text: string;
}

export interface PrintedPage {
  readonly blocks: readonly Block[];
  /** Headings of the form `## 3. Ask`. */
  readonly steps: readonly string[];
}

export function printedPage(file: string): PrintedPage {
  const tokens = marked.lexer(readFileSync(join(projectRoot, "docs", file), "utf8"));
  const code = tokens.filter((token): token is Tokens.Code => token.type === "code");
  const headings = tokens.filter((token): token is Tokens.Heading => token.type === "heading" && token.depth === 2);
  return {
    blocks: code.map(({ lang = "", text }) => {
      const [language = "", ...notes] = lang.split(" ");
      return { language, notes, text };
    }),
    steps: headings.map((heading) => heading.text),
  };
}

export interface Reader {
  /** Does what the page says; rejects with the command and what it printed when one fails. */
  follow(page: PrintedPage): Promise<{ readonly commands: number; readonly compared: number }>;
  end(): Promise<void>;
}

/**
 * A reader with a clone in a folder of their own, made of links to this one, so that nothing is left here. `settings` are the
 * server's when the page starts one, `variables` what the reader's shell has from the beginning.
 */
export function reader(port: number, settings: Record<string, string>, variables: Record<string, string> = {}): Reader {
  const home = mkdtempSync(join(tmpdir(), "lf-reader-"));
  const clone = join(home, "landfall");
  mkdirSync(clone);
  for (const name of readdirSync(projectRoot)) {
    if (!name.startsWith(".git")) symlinkSync(join(projectRoot, name), join(clone, name));
  }
  const env = {
    ...cleanEnvironment(),
    ...variables,
    ...quietNpm,
    PATH: `${join(projectRoot, "node_modules/.bin")}:${process.env.PATH}`,
  };
  const shell = new Shell(clone, join(home, ".state"), env);
  const asHere = (text: string) => text.replaceAll("localhost:4710", `localhost:${port}`);
  let server: ChildProcess | undefined;

  const follow = async ({ blocks }: PrintedPage) => {
    let printed = "";
    let [commands, compared] = [0, 0];
    for (const { language, notes, text } of blocks) {
      const file = notes.find((note) => note.startsWith("file="))?.slice("file=".length);
      if (file !== undefined) writeFileSync(join(shell.folder(), file), `${asHere(text)}\n`);
      else if (notes.includes("server")) {
        server = start(text, { ...env, PORT: String(port), ...settings }, clone);
        await ready(server, port);
      } else if (notes.includes("output")) {
        if (printed.trim() !== text.trim())
          throw new Error(`The page says:\n${text}\nand this was printed:\n${printed}`);
        compared += 1;
      } else if (language === "sh") {
        const done = shell.folder() === clone ? text.replace(/^npm install$/m, "") : text;
        printed = await shell.run(asHere(done), port);
        commands += 1;
      }
    }
    return { commands, compared };
  };
  const end = async () => {
    if (server?.pid !== undefined) await endGroup(server.pid);
    rmSync(home, { recursive: true, force: true });
  };
  return { follow, end };
}

/** npm, its shell and the server; the first two end before the third has. */
async function endGroup(leader: number): Promise<void> {
  const reached = (signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(-leader, signal);
    } catch {
      return false;
    }
  };
  const until = Date.now() + 20_000;
  for (reached("SIGTERM"); reached(0) && Date.now() < until; ) await new Promise((resolve) => setTimeout(resolve, 50));
  reached("SIGKILL");
}

/** What vitest and npm set for themselves is not what a reader has. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(?:npm_|VITEST|NODE_|LANDFALL_|DATABASE_URL$|PORT$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** One shell after the other that go on where the last one was. */
class Shell {
  readonly #state: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, state: string, env: NodeJS.ProcessEnv) {
    this.#state = state;
    this.#env = env;
    writeFileSync(`${state}.folder`, folder);
  }

  folder(): string {
    return readFileSync(`${this.#state}.folder`, "utf8").trim();
  }

  run(text: string, port: number): Promise<string> {
    const kept = existsSync(this.#state) ? `source ${this.#state}\n` : "";
    const script = `set -euo pipefail\n${kept}${text}\n{ export -p; declare -f; } > ${this.#state}\npwd > ${this.#state}.folder`;
    // For the commands of server and client, which look at 4710 unless told otherwise.
    const env = { ...this.#env, PORT: String(port), LANDFALL_URL: `http://localhost:${port}` };
    const child = spawn("bash", ["-c", script], { cwd: this.folder(), env, stdio: ["ignore", "pipe", "pipe"] });
    return new Promise((resolve, reject) => {
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk: Buffer) => {
        err += chunk;
      });
      child.on("close", (code) => {
        if (code === 0) resolve(out);
        else reject(new Error(`This ended with ${code}:\n${text}\n${out}\n${err}`));
      });
    });
  }
}

function start(text: string, env: NodeJS.ProcessEnv, cwd: string): ChildProcess {
  return spawn("bash", ["-c", text], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

function ready(server: ChildProcess, port: number): Promise<void> {
  let said = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  }
  return untilReady(`http://localhost:${port}`, server, () => said);
}
