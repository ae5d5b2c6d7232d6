// `landfall setup-url`: the link that makes the first admin, for whoever started the server without a terminal.
import { readFileSync } from "node:fs";
import { settingsOf, setupUrl, setupUrlFile } from "../main.ts";
import type { Call, Command } from "./command.ts";
import { clock, withDatabase } from "./local.ts";

export const command: Command = {
  usage: "",
  options: { renew: { type: "boolean", text: "Make a new link even when one is kept." } },
  positionals: { min: 0, max: 0 },
  async run(call) {
    const kept = call.flag("renew") ? undefined : keptUrl(setupUrlFile(settingsOf(call.env).config));
    const url = await livingUrl(call, kept);
    if (url === null)
      call.terminal.answer({ url: null }, "There is an admin already: sign in, or use landfall admin reset <email>."); // biome-ignore format: one line
    else call.terminal.answer({ url }, url);
  },
};

/** What the last start left. */
function keptUrl(path: string): string | undefined {
  try {
    const url = readFileSync(path, "utf8").trim();
    return URL.canParse(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The kept link as long as it works, else a new one; null when there is an admin. */
async function livingUrl(call: Call, kept: string | undefined): Promise<string | null> {
  const { ensureSetupSecret, takesSetupSecret } = await call.loadRooms();
  return withDatabase(call, async (db, config) => {
    const secret = kept && new URLSearchParams(new URL(kept).hash.slice(1)).get("setup");
    if (kept && secret && (await takesSetupSecret(db, secret, { clock }))) return kept;
    const setup = await ensureSetupSecret(db, { clock });
    return setup && setupUrl(config.publicUrl ?? `http://localhost:${config.port}`, setup.secret);
  });
}
