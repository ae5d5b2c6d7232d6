// A small load balancer: asks each server for /readyz and deals what comes to the ready ones in turn, connections (tcp) or
// requests (http). It repeats nothing; that is the clients' matter.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";

export interface Balancer {
  readonly url: string;
  /** Requests or connections dealt to each port. */
  readonly dealt: ReadonlyMap<number, number>;
  add(port: number): Promise<void>;
  /** Forgets a server that has ended. */
  remove(port: number): void;
  stop(): Promise<void>;
}

const askEveryMs = 50;
const host = "127.0.0.1";

export async function balance(kind: "http" | "tcp"): Promise<Balancer> {
  const backends = new Map<number, { ready: boolean; timer: NodeJS.Timeout }>();
  const dealt = new Map<number, number>();
  const agent = new Agent({ keepAlive: true });
  const sockets = new Set<Socket>();
  let turn = 0;

  const next = (): number | undefined => {
    const ready = [...backends].filter(([, backend]) => backend.ready);
    const port = ready[turn++ % (ready.length || 1)]?.[0];
    if (port !== undefined) dealt.set(port, (dealt.get(port) ?? 0) + 1);
    return port;
  };
  const passRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const port = next();
    const broken = () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end());
    if (port === undefined) return void broken();
    // The connection to the server is ours, and so are the headers about it.
    const { connection: _, ...headers } = incoming.headers;
    const out = request({ agent, host, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
      const { connection: _, "keep-alive": __, ...passed } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, passed);
      answer.on("error", broken).pipe(outgoing);
    });
    incoming.on("error", () => out.destroy()).pipe(out.on("error", broken));
  };
  const passConnection = (socket: Socket) => {
    const port = next();
    if (port === undefined) return void socket.destroy();
    const behind = connect(port, host);
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      // biome-ignore format: both ways
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => { sockets.delete(one); other.end(); }).pipe(other); // biome-ignore format: one pipe
    }
  };

  const server =
    kind === "http" ? createServer({ keepAliveTimeout: 60_000 }, passRequest) : createTcpServer(passConnection);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const remove = (port: number) => {
    clearInterval(backends.get(port)?.timer);
    backends.delete(port);
  };
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    dealt,
    async add(port) {
      const ask = async () => {
        backend.ready = await fetch(`http://${host}:${port}/readyz`).then(({ status }) => status === 200, () => false); // biome-ignore format: one question
      };
      const backend = { ready: false, timer: setInterval(ask, askEveryMs) };
      backends.set(port, backend);
      while (!backend.ready) await ask();
    },
    remove,
    async stop() {
      for (const port of [...backends.keys()]) remove(port);
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
