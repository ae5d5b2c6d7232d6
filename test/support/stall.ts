// How long a server's event loop was kept by one piece of work. Probes ask /livez, which waits for nothing but the loop; a
// probe's cost is the processor time that the server's main thread used meanwhile, not the time on the wall: on a busy
// machine a process that is merely waiting for its turn has not stalled.
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import type { ServerProcess } from "./server.ts";

export interface StallWatch {
  /** Ends the probes and returns the worst, in milliseconds. */
  stop(): Promise<number>;
}

export function watchStalls({ pid, port }: Pick<ServerProcess, "pid" | "port">): StallWatch {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let worstMs = 0;
  let stopping = false;
  const probes = (async () => {
    while (!stopping) {
      const beforeMs = usedMs(pid);
      await probe(port, agent);
      worstMs = Math.max(worstMs, usedMs(pid) - beforeMs);
    }
  })();
  // A server that dies fails the test at its own request; `stop` says so as well.
  probes.catch(() => {});
  return {
    async stop() {
      stopping = true;
      await probes;
      agent.destroy();
      return worstMs;
    },
  };
}

/** Processor time of the main thread; where there is no /proc, the clock. */
function usedMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return performance.now();
  }
}

function probe(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const out = get({ host: "127.0.0.1", port, path: "/livez", agent }, (answer) => {
      answer.resume();
      answer.on("end", resolve);
    });
    out.on("error", reject);
  });
}
