// The cheap no. Under load beyond what the machine can do, most of what it does is to refuse; each refusal that goes the
// whole way (router, credential, an error with its stack, a document, its headers) is taken from those who were let in. So
// requests that could only be refused are, before anything is known of them but who they cannot be: an admin.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Clock } from "../clock.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import type { Metrics } from "../metrics.ts";
import { product } from "../product.ts";
import { varyOf } from "./answer.ts";
import { discardRest } from "./body.ts";
import type { Cors } from "./cors.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Shedding } from "./shedding.ts";
import { requestId } from "./trace.ts";

export interface EarlyRefusalOptions {
  readonly shedding: Shedding;
  readonly cors: Cors;
  readonly publicUrl: string;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Set while draining: the connection ends with this answer. */
  readonly closing: () => boolean;
}

/** Answers the request and gives true, or leaves it alone and gives false. */
export type EarlyRefusal = (request: IncomingMessage, response: ServerResponse) => boolean;

/** One in so long goes the whole way, and with it a line into the log. */
const wholeWayEveryMs = 5_000;
const placeholder = "{requestId}";

export function createEarlyRefusal(options: EarlyRefusalOptions): EarlyRefusal {
  const { shedding, cors, metrics, clock } = options;
  const [before = "", after = ""] = JSON.stringify(problemDocument(kernelErrors.overloaded(), placeholder)).split(placeholder); // biome-ignore format: one line
  const fixed = [...securityHeaders("api", options.publicUrl), "Cache-Control", "no-store", "Vary", varyOf(cors), "Content-Type", problemContentType]; // biome-ignore format: pairs
  let wholeWayMs = Number.NEGATIVE_INFINITY;

  return (request, response) => {
    if (!shedding.crowded || !mayBeRefused(request)) return false;
    const nowMs = clock.monotonicMs();
    if (nowMs - wholeWayMs >= wholeWayEveryMs) {
      wholeWayMs = nowMs;
      return false;
    }
    const id = requestId(request.headers["x-request-id"] as string | undefined);
    const body = before + id + after;
    const headers = ["X-Request-Id", id, ...fixed, "Retry-After", String(shedding.refuseEarly()), ...cors.answer(request.headers.origin)]; // biome-ignore format: pairs
    if (options.closing()) headers.push("Connection", "close");
    // The id is of ASCII only, and so is the rest.
    headers.push("Content-Length", String(body.length));
    response.writeHead(503, STATUS_CODES[503] as string, headers).end(body, "latin1");
    discardRest(request);
    metrics.request("none", 503, 0);
    return true;
  };
}

const keyCredential = `Bearer ${product.secretPrefixes.apiKey}`;

/** Calls of the API by nobody or by an API key. Sessions and the service key may be an admin's, for whom places are kept. */
function mayBeRefused({ url, method, headers }: IncomingMessage): boolean {
  if (!url?.startsWith("/v1/") || method === "OPTIONS") return false;
  const { authorization } = headers;
  return authorization === undefined || authorization.startsWith(keyCredential);
}
