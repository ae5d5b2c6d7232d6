// The end of a process that cannot end by itself. Its main thread may be blocked for good, where no timer and no signal
// handler of ours runs any more: Node's own exit can wait for a compilation that waits for it (nodejs/node#54918).
import { Worker } from "node:worker_threads";

// As text: it must need no file, since the folder may be gone by then.
const source = `
  const { parentPort, workerData } = require("node:worker_threads");
  const end = () => process.kill(process.pid, "SIGKILL");
  let timer = setTimeout(end, workerData);
  parentPort.on("message", (ms) => {
    clearTimeout(timer);
    timer = setTimeout(end, ms);
  });
`;

export interface LastResort {
  /** From now on it waits this long, instead of what is left of the first patience. */
  within(ms: number): void;
}

/** Kills this process after `ms`, unless it has ended. Keeps nothing alive. */
export function lastResort(ms: number): LastResort {
  const worker = new Worker(source, { eval: true, workerData: ms, execArgv: [] });
  worker.unref();
  worker.on("error", () => {}); // Without it an end is still the orderly one.
  return { within: (sooner) => worker.postMessage(sooner) };
}
