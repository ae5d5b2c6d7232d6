// What machines ask: alive, ready, metrics. Answered before anything is counted or queued, so that a busy server is not
// taken for a dead one (D10).
import type { Actor } from "../actor.ts";
import { kernelErrors } from "../errors/kernel.ts";
import type { Metrics } from "../metrics.ts";
import { hasScope } from "./access.ts";
import { isLoopback } from "./client-address.ts";
import type { Exchange } from "./exchange.ts";
import type { Reply } from "./route.ts";

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly ready: () => boolean | Promise<boolean>;
  readonly draining: () => boolean;
  readonly authenticate: (exchange: Exchange) => Actor | Promise<Actor>;
}

const readyTimeoutMs = 1_000;
const word = (status: number, text: string): Reply => ({ status, text, contentType: "text/plain; charset=utf-8" });

export function healthPages(
  options: HealthOptions,
): ReadonlyMap<string, (exchange: Exchange) => Promise<Reply> | Reply> {
  let asking: Promise<boolean> | undefined;
  // However many ask, the database is asked once at a time.
  const ready = () => {
    asking ??= inTime(options.ready).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return new Map<string, (exchange: Exchange) => Promise<Reply> | Reply>([
    ["/livez", () => word(200, "ok")],
    ["/readyz", async () => (!options.draining() && (await ready()) ? word(200, "ok") : word(503, "unready"))],
    ["/metrics", (exchange) => scrape(options, exchange)],
  ]);
}

async function scrape({ metrics, authenticate }: HealthOptions, exchange: Exchange): Promise<Reply> {
  if (!isLocal(exchange)) {
    const actor = await authenticate(exchange);
    if (actor.kind === "anonymous") throw kernelErrors.credential_required();
    if (!hasScope(actor, "metrics")) throw kernelErrors.scope_missing({ params: { scope: "metrics" } });
  }
  return { status: 200, text: await metrics.text(), contentType: metrics.contentType };
}

/** A proxy on the same machine also connects from loopback; its forwarded headers give it away. */
function isLocal({ request }: Exchange): boolean {
  const { headers } = request;
  const forwarded = headers["x-forwarded-for"] ?? headers.forwarded ?? headers["x-forwarded-host"] ?? headers.via;
  return forwarded === undefined && isLoopback(request.socket.remoteAddress ?? "");
}

function inTime(probe: () => boolean | Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), readyTimeoutMs);
    const settle = (verdict: boolean) => {
      clearTimeout(timer);
      resolve(verdict);
    };
    Promise.resolve()
      .then(probe)
      .then(settle, () => settle(false));
  });
}
