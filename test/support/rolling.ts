// Two servers behind a load balancer, moved from one release to another one by one while clients work.
import { type Balancer, balance } from "./balancer.ts";
import type { Release } from "./release.ts";
import { masterKey, type ServerProcess, startServer } from "./server.ts";

export interface RollingPair {
  readonly url: string;
  /** Exit codes, and how long each server took from SIGTERM to its end. */
  readonly ended: { code: number | null; tookMs: number }[];
  /** Requests or connections that each release answered, since the pair began. */
  dealtTo(release: Release): number;
  roll(to: Release): Promise<void>;
  stop(): Promise<void>;
}

export async function rollingPair(
  kind: "http" | "tcp",
  settings: Record<string, string>,
  first: Release,
): Promise<RollingPair> {
  const balancer: Balancer = await balance(kind);
  const ended: RollingPair["ended"] = [];
  const releases = new Map<number, Release>();
  const pair: ServerProcess[] = [];

  const start = async (release: Release) => {
    const server = await startServer({ LANDFALL_MASTER_KEY: masterKey, LANDFALL_RATE_PER_CREDENTIAL: "0", LANDFALL_LOG_LEVEL: "warn", ...settings }, release.root); // biome-ignore format: one line
    releases.set(server.port, release);
    pair.push(server);
    await balancer.add(server.port);
  };
  const end = async () => {
    const server = pair.shift() as ServerProcess;
    const startedMs = performance.now();
    const code = await server.stop("SIGTERM");
    ended.push({ code, tookMs: performance.now() - startedMs });
    balancer.remove(server.port);
  };
  await start(first);
  await start(first);
  return {
    url: balancer.url,
    ended,
    dealtTo: (release) => [...balancer.dealt].filter(([port]) => releases.get(port) === release).reduce((sum, [, count]) => sum + count, 0), // biome-ignore format: one sum
    /** Both ways that people do it: a new server first, then one fewer old; and an old one away before its successor comes. */
    async roll(to) {
      await start(to);
      await end();
      await end();
      await start(to);
    },
    async stop() {
      await Promise.all(pair.splice(0).map((server) => server.stop("SIGKILL")));
      await balancer.stop();
    },
  };
}
