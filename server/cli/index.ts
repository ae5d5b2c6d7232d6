// The command line: the table of commands, their arguments and help, and how every ending becomes an exit code.
import { parseArgs } from "node:util";
import { type Environment, settingsHelp } from "../kernel/config/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import { Exit, exitCodes } from "../kernel/exit.ts";
import { product } from "../kernel/product.ts";
import type { Rooms } from "../main.ts";
import type { Command, CommandTerminal } from "./command.ts";

interface Row {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

// Loaded when called: the list of commands waits for none of them, and `landfall types` not for what `landfall start` needs.
const commands: Readonly<Record<string, Row>> = {
  start: {
    summary: "Start the server, on the embedded Postgres unless DATABASE_URL is set.",
    load: () => import("./start.ts"),
  },
  init: {
    summary: "Make an app project: collections with rules and their tests, types, a small app.",
    load: () => import("./init.ts"),
  },
  types: {
    summary: "Write landfall.schema.ts for the typed client, from a running server.",
    load: () => import("./types.ts"),
  },
  import: {
    summary: "Send a file of one JSON object per line to a running server.",
    load: () => import("./import.ts"),
  },
  export: {
    summary: "Write a collection of a running server as one JSON object per line.",
    load: () => import("./export.ts"),
  },
  admin: { summary: "Make an admin, or let a locked-out one in again.", load: () => import("./admin.ts") },
  "setup-url": {
    summary: "Show the link that makes the first admin; a new one when the old one is gone.",
    load: () => import("./setup-url.ts"),
  },
  backup: {
    summary: "Write the whole installation into one file, or rehearse the restore of such a file.",
    load: () => import("./backup.ts"),
  },
  restore: { summary: "Restore a backup into an empty database.", load: () => import("./restore.ts") },
  doctor: {
    summary:
      "Check the settings, the data folder, the database, the master key and the port; say how to mend what is wrong.",
    load: () => import("./doctor.ts"),
  },
};

const common = {
  help: { type: "boolean", text: "Show this." },
  json: { type: "boolean", text: "Answer with one JSON document on standard output." },
} as const;

const loadRooms = async (): Promise<Rooms> => (await import("../main.ts")).loadRooms();

/** Runs one command line and gives the exit code. */
export async function runCli(
  args: readonly string[],
  env: Environment,
  load: () => Promise<Rooms> = loadRooms,
): Promise<number> {
  const [name = "", ...rest] = args;
  const json = rest.includes("--json");
  const terminal = terminalOf(json);
  try {
    if (name === "" || name === "help" || name === "--help" || name === "-h") return overview(terminal, name === "");
    if (name === "--version") return told(terminal, product.version);
    const row = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!row) throw new Exit("usage", `There is no command ${JSON.stringify(name)}. landfall --help lists them.`);
    return await runCommand(name, row, { rest, env, terminal, load });
  } catch (error) {
    return failed(error, terminal, json);
  }
}

interface Line {
  readonly rest: readonly string[];
  readonly env: Environment;
  readonly terminal: CommandTerminal;
  readonly load: () => Promise<Rooms>;
}

async function runCommand(name: string, row: Row, { rest, env, terminal, load }: Line): Promise<number> {
  const { command } = await row.load();
  const { values, positionals } = parsed(name, command, rest);
  if (values.help) return told(terminal, helpOf(name, row.summary, command));
  const { min, max } = command.positionals;
  if (positionals.length < min || positionals.length > max)
    throw new Exit("usage", `Usage: landfall ${name} ${command.usage}. landfall ${name} --help says more.`);
  await command.run({
    env,
    terminal,
    positionals,
    flag: (option) => values[option] === true,
    text: (option) => (typeof values[option] === "string" ? values[option] : undefined),
    loadRooms: load,
  });
  return 0;
}

function parsed(name: string, command: Command, rest: readonly string[]) {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [option, { type }] of Object.entries({ json: common.json, ...command.options }))
    options[option] = { type };
  try {
    return parseArgs({ args: [...rest], options, allowPositionals: true, strict: true });
  } catch (error) {
    const said = (error as Error).message.split(". ")[0];
    throw new Exit("usage", `${said}. landfall ${name} --help says what there is.`);
  }
}

function told(terminal: CommandTerminal, text: string): number {
  terminal.out(text);
  return 0;
}

function overview(terminal: CommandTerminal, nothingAsked: boolean): number {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  terminal.out(`Usage: landfall <command> [options]\n\n${rows.join("\n")}\n\n${exitCodeHelp()}\n\nlandfall <command> --help says more; landfall start --help lists the settings.`); // biome-ignore format: one line
  return nothingAsked ? exitCodes.usage.code : 0;
}

function helpOf(name: string, summary: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...common }).map(([option, row]) => {
    const value = "value" in row ? ` <${row.value}>` : "";
    return `  ${`--${option}${value}`.padEnd(22)}${row.text}`;
  });
  const parts = [
    `Usage: landfall ${name} ${command.usage}`.trim(),
    summary,
    `Options\n${options.join("\n")}`,
    ...(command.details === undefined ? [] : [command.details]),
    ...(name === "start" ? [`Settings come from the environment; each also as <NAME>_FILE.\n\n${settingsHelp()}`] : []),
    exitCodeHelp(),
  ];
  return parts.join("\n\n");
}

function exitCodeHelp(): string {
  const rows = Object.values(exitCodes).map(({ code, text }) => `  ${String(code).padEnd(4)}${text}`);
  return `Exit codes\n  0   Done.\n${rows.join("\n")}`;
}

/** Expected ends are one line; anything else is a fault of ours and shows its stack. */
function failed(error: unknown, terminal: CommandTerminal, json: boolean): number {
  const [reason, message] = reasonOf(error);
  const { code } = exitCodes[reason];
  if (json) terminal.err(JSON.stringify({ error: { code: reason, exitCode: code, message } }));
  else terminal.err(message);
  return code;
}

function reasonOf(error: unknown): [keyof typeof exitCodes, string] {
  if (error instanceof Exit) return [error.reason, error.message];
  if (error instanceof Problem) return ["input_refused", `${error.message} ${error.advice}`];
  return ["failed", error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

function terminalOf(json: boolean): CommandTerminal {
  const line = (stream: NodeJS.WritableStream) => (text: string) => void stream.write(`${text}\n`);
  const out = line(process.stdout);
  return {
    isTTY: process.stdout.isTTY === true,
    out,
    err: line(process.stderr),
    stdin: process.stdin,
    stdout: process.stdout,
    answer: (document, ...lines) => out(json ? JSON.stringify(document) : lines.join("\n")),
  };
}
