// `landfall start`: the server in the foreground until a signal ends it.
import { networkInterfaces } from "node:os";
import { Exit } from "../kernel/exit.ts";
import { type Server, settingsOf, startServer } from "../main.ts";
import type { Call, Command } from "./command.ts";
import { lanAddresses, lanEnvironment, lanLines } from "./lan.ts";
import { type LastResort, lastResort } from "./last-resort.ts";

/** Beyond the app's drain and Postgres' own shutdown something hangs, and the supervisor's patience ends. */
const stopPatienceMs = 30_000;
/** What Node itself may take once nothing of ours is left. */
const exitPatienceMs = 5_000;

export const command: Command = {
  usage: "",
  details:
    "Ends in order on SIGTERM or Ctrl-C: not ready, no new requests, running ones finish, exit within 30 s. A second\n" +
    "Ctrl-C ends it at once. Several may run on one data folder: one runs Postgres, and another takes over when it ends.",
  options: {
    lan: {
      type: "boolean",
      text: "Bind all addresses, and print the one that phones in this network use, with a QR code.",
    },
  },
  positionals: { min: 0, max: 0 },
  async run(call) {
    const { terminal } = call;
    outliveReaders();
    let running = false;
    const signal = firstSignal(() => running);
    const faults = watchFaults(terminal.err);
    const starting = call.flag("lan") ? startOnLan(call) : startServer(call.env, terminal, call.loadRooms);
    const started = await Promise.race([starting, faults]);
    if (started instanceof Error) throw new Exit("failed", "The start was given up.", started);
    const server = started;
    running = true;
    const cause = await Promise.race([signal, faults]);
    if (cause instanceof Error) terminal.err("Stopping after the fault above …");
    else terminal.out("Stopping …");
    const resort = endAnyway(cause instanceof Error ? 1 : 0);
    await server.stop();
    resort.within(exitPatienceMs);
    if (cause instanceof Error) throw new Exit("failed", "Stopped after a fault.", cause);
    terminal.out("Stopped.");
  },
};

async function startOnLan({ env, terminal, loadRooms }: Call): Promise<Server> {
  const addresses = lanAddresses(networkInterfaces());
  const settings = lanEnvironment(env, addresses[0]);
  const server = await startServer(settings, terminal, loadRooms);
  const { publicUrl } = settingsOf(settings).config;
  for (const line of await lanLines({ addresses, port: server.port, publicUrl }, terminal.isTTY)) terminal.out(line);
  return server;
}

/**
 * The signal that ends a running server. One that comes while it still starts ends the process at once: nothing was
 * promised to anybody yet, migrations roll back, and Postgres ends with its parent.
 */
function firstSignal(isRunning: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    let seen = false;
    for (const [name, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) // biome-ignore format: one table
      process.on(name, () => {
        if (!isRunning() || (seen && name === "SIGINT")) process.exit(code);
        seen = true;
        resolve();
      });
  });
}

/** Whoever read our output may be gone. That is no fault of the server's, and telling it would only fail again, for ever. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
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

function endAnyway(code: number): LastResort {
  setTimeout(() => process.exit(code || 1), stopPatienceMs).unref();
  return lastResort(stopPatienceMs + exitPatienceMs);
}
