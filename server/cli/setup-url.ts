// `landfall setup-url`: the link that makes the first admin, for whoever started the server without a terminal.
import { readFileSync } from "node:fs";
import { settingsOf, setupUrl, setupUrlFile } from "../main.ts";
import type { Call, Command } from "./command.ts";
import { clock, withDatabase } from "./local.ts";

export const command: Command = {
  usage: "",
  summary: "Show the link that makes the first admin; a new one when the old one is gone.",
  options: { renew: { type: "boolean", text: "Make a new link even when one is kept." } },
  positionals: { min: 0, max: 0 },
  async run(call) {
    const { config } = settingsOf(call.env);
    const kept = call.flag("renew") ? undefined : keptUrl(setupUrlFile(config));
    const url = kept ?? (await freshUrl(call));
    if (url === null)
      call.terminal.answer({ url: null }, "There is an admin already: sign in, or use landfall admin reset <email>."); // biome-ignore format: one line
    else call.terminal.answer({ url }, url);
  },
};

/** What the last start left. */
function keptUrl(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

async function freshUrl(call: Call): Promise<string | null> {
  const { ensureSetupSecret } = await call.loadRooms();
  return withDatabase(call, async (db, config) => {
    const setup = await ensureSetupSecret(db, { clock });
    return setup && setupUrl(config.publicUrl ?? `http://localhost:${config.port}`, setup.secret);
  });
}
