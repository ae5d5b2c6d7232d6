// `landfall admin create|reset <email>`: admins by whoever holds the machine, when the console cannot help.
import { Exit } from "../kernel/exit.ts";
import { askHidden } from "./ask.ts";
import type { Call, Command } from "./command.ts";
import { clock, withDatabase } from "./local.ts";

export const command: Command = {
  usage: "create|reset <email>",
  details:
    "create  reads the password from standard input, or asks for it at a terminal.\n" +
    "reset   ends the admin's sessions and prints a one-time password for the next sign-in.",
  options: {},
  positionals: { min: 2, max: 2 },
  async run(call) {
    const [action, email] = call.positionals as [string, string];
    if (action === "create") return create(call, email);
    if (action === "reset") return reset(call, email);
    throw new Exit("usage", `Usage: landfall admin ${command.usage}`);
  },
};

async function create(call: Call, email: string): Promise<void> {
  const password = await readPassword(call);
  const { createAdmin } = await call.loadRooms();
  const admin = await withDatabase(call, (db) => createAdmin(db, { email, password }, { clock }));
  call.terminal.answer({ email: admin.email }, `${admin.email} can sign in now.`);
}

async function reset(call: Call, email: string): Promise<void> {
  const { resetAdmin } = await call.loadRooms();
  const { oneTimePassword } = await withDatabase(call, (db) => resetAdmin(db, email, { clock }));
  call.terminal.answer({ email, oneTimePassword }, `One-time password for ${email}, good for one sign-in within 24 hours:`, oneTimePassword); // biome-ignore format: one line
}

/** Never an argument: the process list would show it. */
async function readPassword({ terminal }: Call): Promise<string> {
  if (terminal.stdin.isTTY) return askHidden("Password:", terminal);
  let text = "";
  for await (const chunk of terminal.stdin) text += String(chunk);
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new Exit("usage", "The password is read from standard input, and nothing came.");
  return password;
}
