// The command line: the table of commands, their arguments and help, and how every ending becomes an exit code.
import { parseArgs } from "node:util";
import { type Environment, settingsHelp } from "../kernel/config/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import { Exit, exitCodes } from "../kernel/exit.ts";
import { product } from "../kernel/product.ts";
import { loadRooms, type Rooms } from "../main.ts";
import type { Command, CommandTerminal } from "./command.ts";

// Loaded when called: `landfall types` does not wait for what `landfall start` needs.
const commands: Record<string, () => Promise<{ command: Command }>> = {
  start: () => import("./start.ts"),
  types: () => import("./types.ts"),
  import: () => import("./import.ts"),
  export: () => import("./export.ts"),
  admin: () => import("./admin.ts"),
  "setup-url": () => import("./setup-url.ts"),
  backup: () => import("./backup.ts"),
  restore: () => import("./restore.ts"),
  doctor: () => import("./doctor.ts"),
};

const common = {
  help: { type: "boolean", text: "Show this." },
  json: { type: "boolean", text: "Answer with one JSON document on standard output." },
} as const;

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
    if (name === "" || name === "help" || name === "--help" || name === "-h")
      return await overview(terminal, name === "");
    if (name === "--version") return told(terminal, product.version);
    const found = Object.hasOwn(commands, name) ? await commands[name]?.() : undefined;
    if (!found) throw new Exit("usage", `There is no command ${JSON.stringify(name)}. landfall --help lists them.`);
    return await runCommand(name, found.command, { rest, env, terminal, load });
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

async function runCommand(name: string, command: Command, { rest, env, terminal, load }: Line): Promise<number> {
  const { values, positionals } = parsed(name, command, rest);
  if (values.help) return told(terminal, helpOf(name, command));
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

async function overview(terminal: CommandTerminal, nothingAsked: boolean): Promise<number> {
  const rows = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => `  ${name.padEnd(12)}${(await load()).command.summary}`),
  );
  terminal.out(`Usage: landfall <command> [options]\n\n${rows.join("\n")}\n\n${exitCodeHelp()}\n\nlandfall <command> --help says more; landfall start --help lists the settings.`); // biome-ignore format: one line
  return nothingAsked ? exitCodes.usage.code : 0;
}

function helpOf(name: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...common }).map(([option, row]) => {
    const value = "value" in row ? ` <${row.value}>` : "";
    return `  ${`--${option}${value}`.padEnd(22)}${row.text}`;
  });
  const parts = [
    `Usage: landfall ${name} ${command.usage}`.trim(),
    command.summary,
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
