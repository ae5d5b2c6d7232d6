// Asks a person at a terminal for a secret.
import { Exit } from "../kernel/exit.ts";
import type { CommandTerminal } from "./command.ts";

/** Reads a line without echo. */
export function askHidden(question: string, terminal: CommandTerminal): Promise<string> {
  const stdin = terminal.stdin as NodeJS.ReadStream;
  terminal.err(question);
  return new Promise((resolve, reject) => {
    let typed = "";
    stdin.setRawMode(true).setEncoding("utf8").resume();
    const done = (settle: () => void) => {
      stdin.off("data", onData).setRawMode(false).pause();
      settle();
    };
    const onData = (chunk: string) => {
      for (const sign of chunk) {
        if (sign === "\u0003") return done(() => reject(new Exit("usage", "Cancelled.")));
        if (sign === "\r" || sign === "\n" || sign === "\u0004") return done(() => resolve(typed));
        typed = sign === "\u007f" ? [...typed].slice(0, -1).join("") : typed + sign;
      }
    };
    stdin.on("data", onData);
  });
}
