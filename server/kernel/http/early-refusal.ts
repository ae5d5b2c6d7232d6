// The cheap no. Under load beyond what the machine can do, most of what it does is to refuse; each refusal that goes the
// whole way (router, credential, an error with its stack, a document, its headers) is taken from those who were let in. So
// requests that could only be refused are, before anything is known of them but who they cannot be: an admin.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../clock.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { problemContentType, problemDocument } from "../errors/problem-document.ts";
import type { Metrics } from "../metrics.ts";
import { product } from "../product.ts";
import { varyOf } from "./answer.ts";
import { discardRest } from "./body.ts";
import type { Cors } from "./cors.ts";
import type { Exchange } from "./exchange.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Shedding } from "./shedding.ts";

export interface EarlyRefusalOptions {
  readonly shedding: Shedding;
  readonly cors: Cors;
  readonly publicUrl: string;
  readonly keepAliveTimeoutMs: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Set while draining: the connection ends with this answer. */
  readonly closing: () => boolean;
}

/** Answers the request and gives true, or leaves it alone and gives false. */
export type EarlyRefusal = (exchange: Exchange) => boolean;

/** One in so long goes the whole way, and with it a line into the log. */
const wholeWayEveryMs = 5_000;
const placeholder = "{requestId}";

export function createEarlyRefusal(options: EarlyRefusalOptions): EarlyRefusal {
  const { shedding, cors, metrics, clock } = options;
  const [before = "", after = ""] = JSON.stringify(problemDocument(kernelErrors.overloaded(), placeholder)).split(placeholder); // biome-ignore format: one line
  const fixed = [...securityHeaders("api", options.publicUrl), "Cache-Control", "no-store", "Vary", varyOf(cors), "Content-Type", problemContentType]; // biome-ignore format: pairs
  const kept = ["Connection", "keep-alive", "Keep-Alive", `timeout=${Math.floor(options.keepAliveTimeoutMs / 1_000)}`];
  const fixedLines = lines([...fixed, ...kept]);
  const date = createDateText(clock);
  let wholeWayMs = Number.NEGATIVE_INFINITY;

  return ({ request, response, requestId, startedMs }) => {
    if (!shedding.crowded || !mayBeRefused(request)) return false;
    if (startedMs - wholeWayMs >= wholeWayEveryMs) {
      wholeWayMs = startedMs;
      return false;
    }
    const body = before + requestId + after;
    const own = ["X-Request-Id", requestId, "Retry-After", String(shedding.refuseEarly()), "Content-Length", String(body.length), ...cors.answer(request.headers.origin)]; // biome-ignore format: pairs
    if (isPlain(response) && !options.closing()) {
      const head = `HTTP/1.1 503 Service Unavailable\r\n${lines(own)}${fixedLines}Date: ${date()}\r\n\r\n`;
      writeWhole(response, request.method === "HEAD" ? head : head + body);
    } else {
      if (options.closing()) own.push("Connection", "close");
      response.writeHead(503, [...own, ...fixed]).end(body, "latin1");
    }
    discardRest(request);
    metrics.request("none", 503, 0);
    return true;
  };
}

function lines(pairs: readonly string[]): string {
  let text = "";
  for (let at = 0; at < pairs.length; at += 2) text += `${pairs[at]}: ${pairs[at + 1]}\r\n`;
  return text;
}

/** Text of the Date header, made once a second. */
function createDateText(clock: Clock): () => string {
  let second = Number.NaN;
  let text = "";
  return () => {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1_000).toUTCString();
    }
    return text;
  };
}

/** Its turn on the connection has come, and the connection stays. */
function isPlain({ socket, shouldKeepAlive }: ServerResponse): boolean {
  return socket !== null && shouldKeepAlive;
}

/**
 * The whole answer in one write, past ServerResponse, which takes as long to build and check such a head as all the rest of a
 * refusal. What Node does when a response ends (the next request's turn, the connection's timeout) hangs on its `finish`.
 * The text is of ASCII only: the request's id, an origin from our own list, and what stands here.
 */
function writeWhole(response: ServerResponse, text: string): void {
  response.socket?.write(text, "latin1", (error) => {
    if (!error) response.emit("finish");
  });
}

const keyCredential = `Bearer ${product.secretPrefixes.apiKey}`;

/** Calls of the API by nobody or by an API key. Sessions and the service key may be an admin's, for whom places are kept. */
function mayBeRefused({ url, method, headers }: IncomingMessage): boolean {
  if (!url?.startsWith("/v1/") || method === "OPTIONS") return false;
  const { authorization } = headers;
  return authorization === undefined || authorization.startsWith(keyCredential);
}
