// What the kill loop kills: the server process beside a Postgres that lives on, or the embedded Postgres under a server
// that lives on.
import { join } from "node:path";
import type pg from "pg";
import { clusterFiles } from "../../server/kernel/postgres/cluster-files.ts";
import { readPostmaster } from "../../server/kernel/postgres/postmaster.ts";
import type { KillTarget } from "./kill-loop.ts";
import { freePort } from "./ports.ts";
import { masterKey, type ServerProcess, startServer } from "./server.ts";

export interface StoppableTarget extends KillTarget {
  stop(): Promise<void>;
}

/** kill -9 of the server, which is started again on the same port and folder. */
export async function serverUnderKill(
  settings: Record<string, string>,
  connection: pg.ClientConfig,
): Promise<StoppableTarget> {
  const all = { PORT: String(await freePort()), LANDFALL_MASTER_KEY: masterKey, ...settings };
  let server = await startServer(all);
  return {
    url: server.url,
    connection,
    async killAndReturn() {
      await server.stop("SIGKILL");
      server = await startServer(all);
    },
    stop: async () => void (await server.stop("SIGKILL")),
  };
}

/** kill -9 of the server's own Postgres; the server is never touched and must find back by itself. */
export function postgresUnderKill(server: ServerProcess, major: number): KillTarget {
  const home = join(server.dataDir, "pg");
  const cluster = join(home, String(major));
  const { socketDir, password } = clusterFiles(home, major);
  return {
    url: server.url,
    connection: { host: socketDir, user: "landfall", password, database: "landfall" },
    async killAndReturn() {
      const running = readPostmaster(cluster);
      if (!running) throw new Error("there is no Postgres to kill");
      process.kill(running.pid, "SIGKILL");
      await until(() => isNewAndReady(cluster, running.pid));
      await until(() => isReady(server.url));
    },
  };
}

function isNewAndReady(cluster: string, killedPid: number): boolean {
  const running = readPostmaster(cluster);
  return running !== undefined && running.pid !== killedPid && running.ready;
}

const isReady = (url: string) =>
  fetch(`${url}/readyz`).then(
    (answer) => answer.status === 200,
    () => false,
  );

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
