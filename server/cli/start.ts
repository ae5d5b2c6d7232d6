// `landfall start`: the server in the foreground until a signal ends it.
import { startServer } from "../main.ts";
import type { Command } from "./command.ts";

/** Beyond the app's drain and Postgres' own shutdown something hangs, and the supervisor's patience ends. */
const stopPatienceMs = 30_000;

export const command: Command = {
  usage: "",
  summary: "Start the server, on the embedded Postgres unless DATABASE_URL is set.",
  details:
    "Ends in order on SIGTERM or Ctrl-C: not ready, no new requests, running ones finish, exit within 30 s. A second\n" +
    "Ctrl-C ends it at once. Several may run on one data folder: one runs Postgres, and another takes over when it ends.",
  options: {},
  positionals: { min: 0, max: 0 },
  async run({ env, terminal, loadRooms }) {
    const signal = firstSignal();
    const faults = watchFaults(terminal.err);
    const server = await startServer(env, terminal, loadRooms);
    const cause = await Promise.race([signal, faults]);
    if (cause instanceof Error) terminal.err("Stopping after the fault above …");
    else terminal.out("Stopping …");
    endAnyway(cause instanceof Error ? 1 : 0);
    await server.stop();
    if (cause instanceof Error) throw cause;
    terminal.out("Stopped.");
  },
};

/** A signal during the start is kept until the start is over, so that nothing is left half started. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      let seen = false;
      process.on(name, () => {
        // Postgres ends with us, its write-ahead log whole.
        if (seen && name === "SIGINT") process.exit(130);
        seen = true;
        resolve(name);
      });
    }
  });
}

/** A bug has broken an assumption somewhere: what runs may finish, nothing new begins, and a supervisor starts us anew. */
function watchFaults(err: (line: string) => void): Promise<Error> {
  return new Promise((resolve) => {
    const fault = (error: unknown) => {
      const known = error instanceof Error ? error : new Error(String(error));
      err(known.stack ?? known.message);
      resolve(known);
    };
    process.on("uncaughtException", fault);
    process.on("unhandledRejection", fault);
  });
}

function endAnyway(code: number): void {
  setTimeout(() => process.exit(code || 1), stopPatienceMs).unref();
}
