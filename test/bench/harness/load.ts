// A load generator on raw keep-alive sockets: cheap enough that the server, not the generator, is what is measured.
// Runs as a process of its own: `node load.ts <json options>` prints one JSON line.
import { connect, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Sent in turn, starting anywhere: complete HTTP/1.1 requests. */
  readonly requests: readonly string[];
  /** Sends this many a second whatever the answers (an open loop, as a crowd does); default: as fast as answers come. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly errors: number;
  /** First error status lines seen, for diagnosis. */
  readonly samples: readonly string[];
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers by status. */
  readonly statuses: { readonly [status: string]: number };
  /** Latency of the 2xx alone, and of the rest. */
  readonly goodP99Ms: number;
  readonly refusedP99Ms: number;
  /** Of the generator itself: its share of a core, and how late its own event loop was. When that is much, latencies are its own. */
  readonly generatorCpu: number;
  readonly generatorLateP99Ms: number;
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  process.stdout.write(`${JSON.stringify(await load(JSON.parse(text)))}\n`);
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const good: number[] = [];
  const refused: number[] = [];
  const statuses: Record<string, number> = {};
  const samples: string[] = [];
  let errors = 0;
  let next = Math.floor(Math.random() * options.requests.length);
  const late = monitorEventLoopDelay({ resolution: 5 });
  late.enable();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const endsMs = startedMs + options.seconds * 1000;

  // In an open loop each connection has its own places in the schedule; a late answer costs it the places it missed.
  const spacingMs = options.perSecond === undefined ? 0 : (1_000 * options.connections) / options.perSecond;

  const one = (_: unknown, index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let slotMs = startedMs + (spacingMs * index) / options.connections;
      const socket = connect(options.port, options.host);
      socket.setNoDelay(true);
      let sentMs = 0;
      const send = () => {
        sentMs = performance.now();
        socket.write(options.requests[next++ % options.requests.length] as string);
      };
      const sendInTurn = () => {
        if (spacingMs === 0) return send();
        while (slotMs < performance.now()) slotMs += spacingMs;
        setTimeout(send, Math.max(0, slotMs - performance.now()));
      };
      socket.once("connect", sendInTurn);
      socket.on("error", reject);
      onAnswers(socket, (status) => {
        const nowMs = performance.now();
        latencies.push(nowMs - sentMs);
        (status[9] === "2" ? good : refused).push(nowMs - sentMs);
        const code = status.slice(9, 12);
        statuses[code] = (statuses[code] ?? 0) + 1;
        if (status[9] !== "2") {
          errors += 1;
          if (samples.length < 3) samples.push(status);
        }
        if (nowMs < endsMs) sendInTurn();
        else {
          socket.destroy();
          resolve();
        }
      });
    });

  await Promise.all(Array.from({ length: options.connections }, one));
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  late.disable();
  return {
    requests: latencies.length,
    errors,
    samples,
    seconds,
    p50Ms: at(latencies, 0.5),
    p99Ms: at(latencies, 0.99),
    statuses,
    goodP99Ms: at(good, 0.99),
    refusedP99Ms: at(refused, 0.99),
    generatorCpu: (cpu.user + cpu.system) / 1e6 / seconds,
    generatorLateP99Ms: Math.max(0, late.percentile(99) / 1e6 - 5),
  };
}

function at(latencies: number[], share: number): number {
  latencies.sort((a, b) => a - b);
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
}

/** Calls back with the status line of each complete answer. Understands Content-Length and bodiless answers. */
function onAnswers(socket: Socket, answered: (status: string) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  let missing = 0;
  let status = "";
  socket.on("data", (chunk: Buffer) => {
    let rest = chunk;
    if (missing > 0) {
      const part = Math.min(missing, rest.length);
      missing -= part;
      rest = rest.subarray(part);
      if (missing === 0) answered(status);
    }
    if (rest.length === 0) return;
    pending = pending.length === 0 ? rest : Buffer.concat([pending, rest]);
    const end = pending.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = pending.subarray(0, end).toString("latin1");
    status = head.slice(0, head.indexOf("\r\n") < 0 ? undefined : head.indexOf("\r\n"));
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const body = pending.length - end - 4;
    pending = Buffer.alloc(0);
    if (body >= length) answered(status);
    else missing = length - body;
  });
}
