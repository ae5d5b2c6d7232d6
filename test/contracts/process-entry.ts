// The command line on an app of its own: just enough rooms to see the process from outside, the rest is the product's.
import { createServer } from "node:http";
import { runCli } from "../../server/cli/index.ts";
import type { Rooms } from "../../server/main.ts";

const rooms: Rooms = {
  async startApp(config, { db }) {
    const server = createServer(async (request, response) => {
      try {
        if (request.url === "/count") await db.query({ text: "CREATE TABLE IF NOT EXISTS public.visit (n int)" });
        const text = request.url === "/count" ? "INSERT INTO public.visit VALUES (1)" : "SELECT 1";
        await db.query({ text });
        const rows =
          request.url === "/count" ? await db.query({ text: "SELECT count(*)::int AS n FROM public.visit" }) : [];
        response.writeHead(200).end(JSON.stringify(rows));
      } catch {
        response.writeHead(503).end();
      }
      if (request.url === "/fault") setImmediate(() => { throw new Error("a seeded fault"); }); // biome-ignore format: one line
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(config.port, config.host, resolve);
    });
    return {
      port: (server.address() as { port: number }).port,
      stop: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  },
  async ensureSetupSecret(db) {
    const admins = await db.query({ text: "SELECT 1 FROM landfall.meta WHERE key LIKE 'testAdmin:%'" });
    return admins.length > 0 ? null : { secret: "lf_setup_test" };
  },
  async takesSetupSecret(db, secret, options) {
    return secret === "lf_setup_test" && (await rooms.ensureSetupSecret(db, options)) !== null;
  },
  ensureFirstAdmin: (db, input, options) => rooms.createAdmin(db, input, options),
  async createAdmin(db, { email }) {
    await db.query({
      text: "INSERT INTO landfall.meta (key, value) VALUES ($1, 'true') ON CONFLICT DO NOTHING",
      values: [`testAdmin:${email}`],
    });
    return { email };
  },
  resetAdmin: async () => ({ oneTimePassword: "once" }),
};

process.exitCode = await runCli(process.argv.slice(2), process.env, async () => rooms);
