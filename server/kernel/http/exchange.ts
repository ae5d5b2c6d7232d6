// One request and its answer while the server works on it. Stands in `response.locals.exchange`.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Mount } from "./security-headers.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly startedMs: number;
  /** Client address after trusted proxies. */
  readonly ip: string;
  readonly path: string;
  /** Raw text after `?`, without it. */
  readonly queryText: string;
  /** For logs and metrics: the route's name, or `none`. */
  route: string;
  actor: string;
  mount: Mount;
  /** CORS headers go on the answer. */
  cors: boolean;
  /** The connection ends with the answer, and nothing behind this request is done. */
  closes: boolean;
  /** Pairs that stand on the answer whatever it is: RateLimit, Allow. */
  readonly extra: string[];
}

export function exchangeOf(response: { readonly locals: unknown }): Exchange {
  return (response.locals as { exchange: Exchange }).exchange;
}
